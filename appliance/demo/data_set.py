"""Writes a data set of the simulated line's parts, to train on: `okng demo-parts DIR --good N --defects N --seed S`.

    DIR/good/<stem>.png
    DIR/<kind>/<stem>.png                one folder a defect
    DIR/ground_truth/<kind>/<stem>.png   255 where the defect is
    DIR/catalogue.toml                   names and severity of every defect; not written where there is none
    DIR/part.toml                        that a flange equals its mirror picture and lies in any rotation

The stem is seed and number, so that data sets of several seeds can lie in one folder. Part numbers start far above any
number a line reaches, one range for each kind: a station that runs with the same seed never meets a part of this set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import DrawnPart, draw, draw_empty
from appliance.cameras.flange_defects import EMPTY, KINDS
from appliance.errors import OkngError, UsageError
from models.decision import Severity

# label → English, Chinese, severity; training gives the codes.
CATALOGUE = {
    "scratch": ("Scratch", "划痕", Severity.MAJOR),
    "dent": ("Dent", "凹坑", Severity.MAJOR),
    "stain": ("Stain", "污渍", Severity.MINOR),
    "chip": ("Chipped edge", "崩边", Severity.CRITICAL),
}

# The answers to what `okng part` asks; see docs/synthesize.md.
PART = 'chiral = false\nrotation = "any"\nlight_varies = true\n'

_NUMBERS_A_KIND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PartsToDraw:
    """`picture_format`: "png" is what the line's camera gives; "jpg" (quality 95) takes a third of the room."""

    good: int
    defects_a_kind: int
    seed: int
    picture_format: str = "png"
    empty: int = 0


def numbers(kind: str | None, count: int) -> range:
    """The part numbers a data set uses for `count` parts of one kind (None: good)."""
    first = _NUMBERS_A_KIND * (1 + (0 if kind is None else 1 + (*KINDS, EMPTY).index(kind)))
    return range(first, first + count)


def write_parts(folder: Path, wanted: PartsToDraw) -> Iterator[Path]:
    """Draw and write the data set, as the paths of its pictures are asked for.

    Raises:
        UsageError: at once, the folder is a file or not empty.
        OkngError: on the way, a file cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a folder that does not exist yet, or empty it")
    return _write_all(folder, wanted)


def _write_all(folder: Path, wanted: PartsToDraw) -> Iterator[Path]:
    try:
        for kind in (None, *KINDS):
            (folder / (kind or "good")).mkdir(parents=True, exist_ok=True)
            if kind:
                (folder / "ground_truth" / kind).mkdir(parents=True, exist_ok=True)
            for count, number in enumerate(numbers(kind, wanted.defects_a_kind if kind else wanted.good), start=1):
                part = draw(wanted.seed, number, kind=kind)
                yield _write_part(folder, f"s{wanted.seed}-{count:05d}", part, wanted.picture_format)
        if wanted.empty:
            (folder / EMPTY).mkdir(exist_ok=True)
        for count, number in enumerate(numbers(EMPTY, wanted.empty), start=1):
            yield _write_part(
                folder, f"s{wanted.seed}-{count:05d}", draw_empty(wanted.seed, number), wanted.picture_format
            )
        (folder / "part.toml").write_text(PART, encoding="utf-8")
        if wanted.defects_a_kind:
            (folder / "catalogue.toml").write_text(catalogue_toml(), encoding="utf-8")
    except OSError as error:
        raise OkngError(f"cannot write {folder}: {error.strerror}; check free space and permissions") from error


def _write_part(folder: Path, stem: str, part: DrawnPart, picture_format: str) -> Path:
    path = folder / (part.kind or "good") / f"{stem}.{picture_format}"
    # The simulated camera is monochrome: one channel says it all.
    path.write_bytes(_encode(part.image[:, :, 0], picture_format))
    if part.kind is not None and part.mask is not None:
        (folder / "ground_truth" / part.kind / f"{stem}.png").write_bytes(_encode(part.mask, "png"))
    return path


def _encode(picture: NDArray[np.uint8], picture_format: str) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if picture_format == "jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 3]
    written, buffer = cv2.imencode(f".{picture_format}", picture, quality)
    if not written:
        raise OkngError(f"OpenCV cannot write {picture_format}; install opencv-python-headless again")
    return buffer.tobytes()


def catalogue_toml() -> str:
    """The defect catalogue as a data set carries it."""
    rows = [
        f'[{label}]\nname_en = "{name_en}"\nname_zh = "{name_zh}"\nseverity = "{severity}"\n'
        for label, (name_en, name_zh, severity) in CATALOGUE.items()
    ]
    return "\n".join(rows)
