"""Synthetic pictures on disk: in the data set's own folder synthetic/, every file marked, all of them or none.

DATA/synthetic/<class>/<kind>-s<seed>-<number>.png
DATA/synthetic/ground_truth/<class>/<kind>-s<seed>-<number>.png   255 where the picture may differ from the good one
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from models.durable import sync_folder
from training.data.dataset import EMPTY, GOOD, MASKS, SPLITS, UNLABELLED, listed
from training.data.synthetic_mark import SYNTHETIC, SyntheticMark, is_synthetic, with_mark
from training.errors import BadData
from training.synthesis.series import Numbered
from training.synthesis.surface import Synthetic

_NO_LABELS = frozenset({GOOD, EMPTY, UNLABELLED, MASKS, SPLITS, SYNTHETIC})


def check_free(root: Path, force: bool) -> None:
    """Let a run begin only where its result can be put.

    Raises:
        BadData: pictures lie there and are not to be replaced, or something that nobody made with `okng synth`.
    """
    folder = root / SYNTHETIC
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BadData(f"{folder} is no folder of the data set itself; move it away")
    files = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    if files and not force:
        raise BadData(f"{folder} holds {len(files)} files; give --force to replace them all")
    foreign = [path.relative_to(folder).as_posix() for path in files if not _made_here(path)]
    if foreign:
        raise BadData(f"{folder} holds files that okng synth did not write: {listed(foreign)}; move them away")


def _made_here(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and is_synthetic(path.read_bytes())


def write_series(root: Path, series: Iterable[Numbered], seed: int, force: bool) -> Counter[str]:
    """Write all of it beside and put it in place at once; how many there are of each class.

    Raises:
        BadData: as `check_free`.
        OSError: the disk; nothing half-written stays, and what was there before does.
    """
    check_free(root, force)
    beside = root / f".{SYNTHETIC}.{os.getpid()}.part"
    counts: Counter[str] = Counter()
    try:
        beside.mkdir()
        for one in series:
            counts[_write(beside, one, seed)] += 1
        if counts:
            _put_in_place(beside, root / SYNTHETIC)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return counts


def _put_in_place(beside: Path, folder: Path) -> None:
    old = beside.with_suffix(".old")
    if folder.exists():
        folder.rename(old)
    try:
        beside.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _write(folder: Path, one: Numbered, seed: int) -> str:
    label = label_folder(one.made)
    mark = SyntheticMark(one.made.kind, one.made.label, seed, one.made.made_from)
    name = f"{one.made.kind}-s{seed}-{one.number:05d}.png"
    for place, image in ((folder, one.made.image), (folder / MASKS, one.made.mask.astype(np.uint8) * np.uint8(255))):
        (place / label).mkdir(parents=True, exist_ok=True)
        with (place / label / name).open("xb") as file:
            file.write(with_mark(_png(image), mark))
            file.flush()
            os.fsync(file.fileno())
    return label


def label_folder(made: Synthetic) -> str:
    """The name of the class as a folder; that of the kind where it is no name for one."""
    path = PurePosixPath(made.label)
    plain = bool(made.label) and path.name == made.label and not made.label.startswith(".") and "\\" not in made.label
    return made.label if plain and made.label not in _NO_LABELS else str(made.kind)


def _png(image: NDArray[np.uint8]) -> bytes:
    written, content = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not written:
        raise BadData("cv2 could not encode a picture as PNG; install opencv-python-headless again")
    return content.tobytes()
