"""A finished training without any training: the package of blocks, and pictures that it judges right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Detector
from models.instructions import instruction_set
from models.manifest import Manifest
from models.package import write_package
from models.runtimes.choose import REFERENCE
from tests.fakes.packages import gray_frame, parsed, small_files, small_manifest, write_small_package
from training.artefacts import REFERENCE_FORM, SYMMETRIC, SYMMETRIC_FORM, Trial
from training.calibrate import RawLimits
from training.config import TrainConfig
from training.data.cache import Memory
from training.data.dataset import Picture, open_dataset
from training.data.pictures import Pictures
from training.evaluate import Judged, judge_pictures, summarize
from training.fitting.candidates import DEFAULT
from training.fitting.crossfit import CrossFit
from training.gate import Calibration
from training.held_out import sample_entry
from training.metrics.rate import Rate
from training.modes import choose_mode
from training.parity import Parity
from training.presence import Lesson
from training.run import Networks, Request, TrainingRun
from training.splits.unseen import Sheet, Unseen
from training.text import Text

PROVEN_HERE = {
    "file": "model.onnx",
    "format": "onnx",
    "quantization": REFERENCE_FORM,
    "certified": {"onnxruntime": [instruction_set()], "openvino": [instruction_set()]},
}
HOSTILE = "<img src=x onerror=alert(1)>"


def write_blocks(root: Path, good: int = 16, bright: int = 8, first_seed: int = 0) -> Path:
    """Gray pictures, and some with a block so faint or so bright that it is missed, doubted or found."""
    for label, count in (("good", good), ("bright", bright), ("没见过", 3)):
        (root / label).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            name = HOSTILE if label == "good" and index == 0 else f"{first_seed + index}"
            image = _block(first_seed + index, 0.0 if label == "good" else 10.0 + 110.0 * index / count)
            (root / label / f"{name}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return root


def _block(seed: int, lighter: float) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    frame = gray_frame().astype(np.float64) + rng.normal(0, 4, (64, 64, 1)) + rng.normal(0, 8) * (seed % 5 == 0)
    frame[32:48, 16:32] += lighter + rng.uniform(0, 40) * (seed % 3 == 0)
    return np.clip(frame, 0, 255).astype(np.uint8)


def finished_run(folder: Path, *, tested: bool = True, defective: bool = True, drawn: int = 0) -> TrainingRun:
    """`tested`: with test pictures; `defective`: with defective pictures to train on; `drawn`: of synthetic ones."""
    data = open_dataset(write_blocks(folder / "data"), min_good=1)
    data = data if defective else replace(data, pictures=data.good)
    package = folder / "blocks.okng"
    judged = _judged(write_small_package(package), [*data.good, *data.defective])
    changes = {"calibration": _entry(judged), "artefacts": [PROVEN_HERE]}
    manifest = parsed(small_manifest(small_files(), **changes))
    write_package(package, manifest, small_files())
    return TrainingRun(
        Request(folder / "data", package, TrainConfig(), "blocks", "1", "2026-01-31T08:00:00Z"),
        choose_mode("mixed" if defective else "good", data),
        data,
        data,
        manifest,
        package.stat().st_size,
        *_compared(judged),
        _calibration(judged, manifest),
        None,
        0.9 if defective else None,
        _networks(manifest),
        Lesson(),
        Pictures(Memory(), ()),
        _unseen(folder, package) if tested else Unseen(),
        drawn,
    )


def _judged(package: Path, pictures: Sequence[Picture]) -> list[Judged]:
    detector = Detector.load(package, runtime="onnxruntime", threads=1)
    try:
        return judge_pictures(detector, pictures)
    finally:
        detector.close()


def _entry(judged: Sequence[Judged]) -> dict[str, Any]:
    """Of good pictures and of each defect, as a manifest has them."""
    found = {
        label: sample_entry((10 * one.score, one.picture.group) for one in judged if one.picture.label == label)
        for label in {one.picture.label for one in judged}
    }
    good = found.pop("good").model_dump(mode="json")
    return {**good, "defects": {label: one.model_dump(mode="json") for label, one in found.items()}, "scorers": 2}


def _compared(judged: Sequence[Judged]) -> tuple[CrossFit, tuple[CrossFit, ...]]:
    """The chosen candidate, and all."""
    good, bad = (np.array([10 * one.score for one in judged if one.picture.good is kind]) for kind in (True, False))
    best = CrossFit(DEFAULT, (), (0,) * len(judged), good, bad)
    noisy = good + np.random.default_rng(1).normal(0, 1.0, len(good))
    return best, (best, replace(best, candidate=replace(DEFAULT, views="none"), good=noisy))


def _calibration(judged: Sequence[Judged], manifest: Manifest) -> Calibration:
    scores = np.array([one.score for one in judged])
    return Calibration(
        tuple(one.picture.name for one in judged),
        {REFERENCE: 10 * scores},
        {REFERENCE: scores},
        {REFERENCE: manifest.score_maps["onnxruntime"]},
        RawLimits(3.0, 6.0, None),
        manifest.limits.limits(),
        (),
    )


def _networks(manifest: Manifest) -> Networks:
    """The reference, one that agrees and one that was refused."""
    size = manifest.files["model.onnx"].size
    moved, flipped = Parity("openvino", 27, (), ("good/3.png",), 0.01), Parity("symmetric", 27, ("a.png",), (), 0.4)
    trials = (
        Trial(REFERENCE, REFERENCE_FORM, size, None, 0.9, 2.0, None),
        Trial("openvino", REFERENCE_FORM, size, moved, 0.9, 1.5, None),
        Trial(SYMMETRIC, SYMMETRIC_FORM, size, flipped, 0.8, None, flipped.refusal),
    )
    return Networks(trials, (Text("LiteRT left out, as asked", "按要求未生成 LiteRT"),), 4 * size, 4.0)


def _unseen(folder: Path, package: Path) -> Unseen:
    test = open_dataset(write_blocks(folder / "test", good=12, bright=5, first_seed=100), min_good=1)
    judged = _judged(package, test.pictures)
    found = summarize("onnxruntime-cpu", judged, frozenset({"bright"}), Rate(0, 0))
    sheet = Sheet(found.runtime, tuple(found.rows()), found.figures(), tuple(judged))
    # Test pictures lie in a folder of their own, and are read by their path.
    return Unseen("default", "0" * 64, len(judged), (sheet,))
