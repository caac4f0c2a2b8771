"""A model package of two named regions, made without any training: each is to be white, and may be gray.

The network of `tests.fakes.packages` gives block means; a region is as far from a class as its gray value is, 16 being
usual. The picture is 128 x 64, a region each half.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.golden import encode_frame
from models.package import write_package
from tests.fakes.packages import SIZE, npy, parsed, small_files, small_manifest

REGIONS = {"left": (0, 0, SIZE, SIZE), "right": (SIZE, 0, SIZE, SIZE)}
_LENGTH = 6  # means, then maxima, of three channels
_USUAL = 16.0


def halves(left: int, right: int) -> NDArray[np.uint8]:
    """A picture whose halves have these gray values."""
    picture = np.full((SIZE, 2 * SIZE, 3), left, np.uint8)
    picture[:, SIZE:] = right
    return picture


def assembly_files() -> dict[str, bytes]:
    arrays = {
        "projection": np.eye(_LENGTH, dtype=np.float32) / np.float32(_LENGTH**0.5),
        "centres": np.stack([np.full(_LENGTH, value, np.float32) for value in (127, 255)]),
        "radius": np.full(2, _USUAL, np.float32),
        "weights": np.zeros((2, _LENGTH + 1), np.float32),
    }
    files = {f"scorer/face.{role}.npy": npy(array) for role, array in arrays.items()}
    frames = {
        f"golden/0{index}.png": np.full((1, SIZE, SIZE, 3), value, np.uint8) for index, value in ((0, 255), (1, 127))
    }
    return {
        "model.onnx": small_files()["model.onnx"],
        **files,
        **{name: encode_frame(frame) for name, frame in frames.items()},
    }


def assembly_manifest(content: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    """The manifest as JSON data; `changes` replace whole entries."""
    ok = {"raw": 0.0, "score": 0.0, "map_mean": 0.0, "outcome": "OK"}
    ng = {"raw": 10.0, "score": 0.7273, "map_mean": 0.7273, "outcome": "NG"}
    runtimes = ("onnxruntime", "openvino")
    rows = [
        {"label": "unknown_defect", "code": 1, "name_en": "Unknown defect", "name_zh": "未知缺陷", "severity": "major"},
        {"label": "left", "code": 7, "name_en": "Left half", "name_zh": "左半", "severity": "critical"},
        {"label": "right", "code": 8, "name_en": "Right half", "name_zh": "右半", "severity": "minor"},
    ]
    return small_manifest(
        content,
        **{
            "task": "assembly",
            "classes": rows,
            "naming": None,
            "scorer": {
                "kind": "assembly",
                "strides": [16],
                "rois": [
                    {"name": name, "box": list(box), "expect": "white", "kind": "face"} for name, box in REGIONS.items()
                ],
                "kinds": [
                    {
                        "name": "face",
                        "classes": ["gray", "white"],
                        "arrays": {
                            role: f"scorer/face.{role}.npy" for role in ("projection", "centres", "radius", "weights")
                        },
                    }
                ],
            },
            "golden": {
                "frames": [
                    {"file": "golden/00.png", "view": 0, "expected": dict.fromkeys(runtimes, ok)},
                    {"file": "golden/01.png", "view": 1, "expected": dict.fromkeys(runtimes, ng)},
                ],
                "score_tolerance": 0.01,
            },
            "score_maps": {name: {"raw": [0.0, 6.0, 50.0], "score": [0.0, 0.7, 1.0]} for name in runtimes},
            "quality": {"light": [50.0, 255.0], "contrast_min": 0.0, "saturated_max": 1.0, "focus_min": 0.0},
        }
        | changes,
    )


def write_assembly_package(path: Path, *, files: dict[str, bytes] | None = None, **changes: Any) -> Path:
    """Write the package as a zip; altered `files` are hashed anew, so that only their content is wrong."""
    content = assembly_files() | (files or {})
    write_package(path, parsed(assembly_manifest(content, **changes)), content)
    return path
