"""A package whose scorer knows positions: what it judges, and which geometries and arrays it is not loaded with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.decision import Outcome
from models.detector import Detector
from models.errors import PackageError
from models.geometry_entry import GeometrySpec, sealed
from models.manifest import Manifest
from tests.fakes.packages import npy, parsed, small_files, small_manifest, write_small_package

ROLES = ("mean", "projection", "centre", "factor", "contrast")
WHITE = (255 - 127) / (20 * 3**0.5)
# Of the 16 places one is white.
USUAL = WHITE * (1 / 16 - 1 / 256) ** 0.5
# What has no contrast counts as a twentieth of the usual one, whose logarithm varies by 1.
FLAT = float(np.log(20))


def arrays() -> dict[str, NDArray[Any]]:
    """Good parts are gray, but white in their upper left corner, by 20 gray levels a unit of distance.

    A picture of the usual contrast is divided by 1.05, which the projection makes up for.
    """
    centre = np.zeros((4, 4, 3), np.float32)
    centre[0, 0] = WHITE
    return {
        "mean": np.full(3, 127, np.float32),
        "projection": np.eye(3, dtype=np.float32) * np.float32(1.05 / (20 * 3**0.5)),
        "centre": centre,
        "factor": np.tile(np.array([1, 0, 1, 0, 0, 1], np.float16), (16, 1)),
        "contrast": np.array([1.05 * USUAL, 1], np.float32),
    }


def changes(**others: Any) -> dict[str, Any]:
    """Entries of a manifest; the golden frames are left to show what they show: the corner of both is missing.

    The first has no contrast at all, which counts at each of its places.
    """
    plain = small_manifest(small_files())
    flat = float(np.hypot(6.4, FLAT))
    scorer = plain["scorer"] | {
        "kind": "position_gaussian",
        "arrays": {role: f"scorer/{role}.npy" for role in ROLES},
    }
    frames = [
        frame | {"expected": dict.fromkeys(("onnxruntime", "openvino"), expected)}
        for frame, expected in zip(
            plain["golden"]["frames"],
            (
                {"raw": flat, "score": flat / 10, "map_mean": (flat + 15 * FLAT) / 160, "outcome": "NG"},
                {"raw": 6.4, "score": 0.64, "map_mean": 0.08, "outcome": "NG"},
            ),
            strict=True,
        )
    ]
    artefact = plain["artefacts"][0] | {"certified": {}}
    golden = plain["golden"] | {"frames": frames}
    return {"scorer": scorer, "golden": golden, "artefacts": [artefact], "naming": None} | others


def files(changed: Mapping[str, NDArray[Any]] | None = None) -> dict[str, bytes]:
    return {f"scorer/{role}.npy": npy(array) for role, array in (arrays() | dict(changed or {})).items()}


def load(path: Path, own: GeometrySpec | None = None, **others: Any) -> Detector:
    content = files(others.pop("changed", None))
    package = write_small_package(path / "a.okng", files=content, **changes(**others))
    return Detector.load(package, runtime="onnxruntime", geometry=own)


def part(x: int, y: int) -> NDArray[np.uint8]:
    """A gray picture with a white block."""
    picture = np.full((64, 64, 3), 127, np.uint8)
    picture[y : y + 16, x : x + 16] = 255
    return picture


def test_the_same_block_is_right_in_its_place_and_a_defect_elsewhere(tmp_path: Path) -> None:
    detector = load(tmp_path)
    try:
        right, wrong = detector.judge_anyway(part(0, 0)), detector.judge_anyway(part(32, 16))
        assert right.scores.raw < 0.01 and right.decision.outcome is Outcome.OK
        assert wrong.decision.outcome is Outcome.NG and wrong.scores.map[1, 2] > 0.6 and wrong.scores.map[0, 0] > 0.6
    finally:
        detector.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"contrast": np.ones(3, np.float32)},
        {"contrast": np.array([0, 1], np.float32)},
        {"contrast": np.array([1, -1], np.float32)},
    ],
)
def test_a_contrast_that_is_none_is_refused(tmp_path: Path, changed: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(PackageError, match="two positive numbers"):
        load(tmp_path, changed=changed)


def test_positions_that_do_not_fit_the_input_are_refused_before_a_part_is_judged(tmp_path: Path) -> None:
    flat = {"centre": np.zeros((2, 8, 3), np.float32)}
    with pytest.raises(PackageError, match="has others"):
        load(tmp_path, changed=flat)


TILES = {"roi": (0, 0, 128, 64), "tiles": {"width_px": 64, "height_px": 64}}


def test_a_package_of_tiles_cannot_know_positions() -> None:
    geometry = sealed(GeometrySpec.model_validate(TILES)).model_dump(mode="json")
    content = small_files() | files()
    with pytest.raises(ValueError, match="no tiles"):
        parsed(small_manifest(content, **changes(geometry=geometry)))
    assert isinstance(parsed(small_manifest(content, **changes())), Manifest)


def test_a_recipe_cannot_make_tiles_of_a_part_whose_positions_are_known(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="leave tiles out"):
        load(tmp_path, GeometrySpec.model_validate(TILES))
