"""Packages whose held-out scores are given: raw scores in tenths of the unit, as the small package's maps have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.certificate import Setting
from models.certification import Place
from models.manifest import Manifest
from tests.fakes.packages import parsed, small_files, small_manifest

INSTRUCTIONS = "avx2"
Raws = Sequence[float]


def sample(scores: Raws, groups: Sequence[str] | None = None) -> dict[str, Any]:
    """Scores with their groups; without groups each is one of its own."""
    names = list(groups) if groups is not None else [f"picture {index}" for index in range(len(scores))]
    pairs = sorted(zip(scores, names, strict=True))
    return {"scores": [float(score) for score, _ in pairs], "groups": [group for _, group in pairs]}


def package_with(
    good: Raws,
    groups: Sequence[str] | None = None,
    defects: Mapping[str, dict[str, Any]] | None = None,
    **calibration: Any,
) -> Manifest:
    """A manifest that lists onnxruntime and openvino on one instruction set."""
    entry = {"scorers": 1, **sample(good, groups), "defects": dict(defects or {}), **calibration}
    return parsed(small_manifest(small_files(), calibration=entry, artefacts=[_artefact()]))


def setting(manifest: Manifest, **changes: Any) -> Setting:
    """On the reference runtime of a machine that the package lists; `changes` replace what is in force."""
    runtime = changes.pop("runtime", "onnxruntime-cpu 1.20.0")
    instructions = changes.pop("instruction_set", INSTRUCTIONS)
    place = Place("sha256:" + "0" * 64, runtime, instructions, "bench")
    return Setting(place, **({"geometry": manifest.geometry.hash} | changes))


def _artefact() -> dict[str, Any]:
    return {
        "file": "model.onnx",
        "format": "onnx",
        "quantization": "int8 QDQ U8S8 per-channel reduce_range",
        "certified": {"onnxruntime": [INSTRUCTIONS], "openvino": [INSTRUCTIONS]},
    }
