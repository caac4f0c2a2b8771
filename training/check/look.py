"""One look at every picture of a data set: each file read and decoded once, then forgotten but for what a `Look` holds.

A look is about 2 kB and its thumbnail 9 kB; of many pictures the thumbnails lie in a file without a name, so that
100,000 pictures take no more memory than the machine has to spare. Nothing is written inside the data set.

dHash: the signs of the differences of neighbours in 9 x 8 pixels (Krawetz, "Kind of Like That", 2013).
pHash: the signs of the lowest 8 x 8 coefficients of a cosine transform of 32 x 32 pixels against their median (Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import BadPicture
from models.origin import Origin, origin_of, without_origin
from models.picture_file import decode_picture
from models.quality import Quality, measure, reduced
from training.check.header import Header, header_of
from training.data.synthetic_mark import is_synthetic
from training.errors import NotThere
from training.exif import Exif, exif_of
from training.formats.item import Item, Source
from training.progress import Progress
from training.side_by_side import in_order

SIDE_PX = 96
_IN_MEMORY = 256 << 20
_MOST_BYTES = 512 << 20
# Decoded, such a picture takes 0.6 GB; cameras of lines end far below.
_MOST_PIXELS = 200_000_000
_GRAY_SPREAD = 2
_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """What one reading of a picture's file tells.

    `labels`: every class it shows, () where nobody labelled it.
    `fault`: why it is no usable picture, as the end of a sentence with what to do, and then `quality` is None and the
    thumbnail black; "" for a usable one.
    `sha256` is of the content without its origin, `pixels` of size, channels and pixels.
    `synthetic`: made, not taken, as its own mark says.
    `size`: (width, height), (0, 0) where unknown; `gray`: one channel, or three that are alike.
    `quality`: as the station's gate measures it, without its thumbnail.
    `thumbnail`: `(96, 96)` uint8 gray of the whole picture, write-protected.
    """

    path: Path
    name: str
    labels: tuple[str, ...] = ()
    split: str | None = None
    group: str | None = None
    fault: str = ""
    sha256: str = ""
    pixels: str = ""
    bytes: int = 0
    header: Header = field(default_factory=Header)
    exif: Exif = field(default_factory=Exif)
    origin: Origin | None = None
    synthetic: bool = False
    size: tuple[int, int] = (0, 0)
    channels: int = 0
    gray: bool = False
    quality: Quality | None = field(default=None, compare=False, repr=False)
    dhash: int = 0
    phash: int = 0
    thumbnail: NDArray[np.uint8] = field(default_factory=lambda: _blank(), compare=False, repr=False)

    @property
    def label(self) -> str:
        """The first of its classes; "" where nobody labelled it."""
        return self.labels[0] if self.labels else ""


def look_at(source: Source, progress: Progress) -> tuple[Look, ...]:
    """A look at every picture, in the source's order; blocks, two pictures at a time.

    What is wrong with a picture's file is in its look; nothing is raised for it.

    Raises:
        NotThere: no room for the thumbnails of so many pictures.
    """
    thumbnails = room_for((len(source.items), SIDE_PX, SIDE_PX))

    def look(index: int) -> Look:
        return look_of(source.items[index], thumbnails[index])

    looks = in_order(look, range(len(source.items)))
    return tuple(progress.each("looking at pictures", looks, len(source.items)))


def look_of(item: Item, thumbnail: NDArray[np.uint8]) -> Look:
    """One picture; `thumbnail` `(96, 96)` uint8 is written and then kept by the look."""
    found = Look(item.path, item.name, item.classes, item.split, item.group, thumbnail=_protected(thumbnail))
    try:
        content = _content(item.path)
    except OSError as error:
        return replace(found, fault=f"cannot be read ({error.strerror}); check the file and its rights")
    header = header_of(content)
    found = replace(
        found,
        sha256=hashlib.sha256(without_origin(content)).hexdigest(),
        bytes=len(content),
        header=header,
        exif=exif_of(content),
        origin=origin_of(content),
        synthetic=is_synthetic(content),
        size=header.size,
    )
    if header.size[0] * header.size[1] > _MOST_PIXELS:
        return replace(found, fault=f"has more than {_MOST_PIXELS // 1_000_000} million pixels; cut it")
    try:
        picture = decode_picture("", np.frombuffer(content, np.uint8))
    except BadPicture as error:
        return replace(found, fault=str(error).strip())
    return _seen(found, picture, thumbnail)


def room_for(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Zeros of this shape; many of them in a file that has no name and ends with the process.

    Raises:
        NotThere: the folder for temporary files has no room.
    """
    size = math.prod(shape)
    if size <= _IN_MEMORY:
        return np.zeros(shape, np.uint8)
    try:
        with tempfile.TemporaryFile() as file:
            # All of it now: a disk that fills up under a mapped file kills the process.
            os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, np.uint8, "r+", shape=shape)
    except OSError as error:
        raise NotThere(
            f"{tempfile.gettempdir()} has no room for {size >> 20} MB ({error.strerror}); free some, or name another "
            "folder in TMPDIR"
        ) from error


def _content(path: Path) -> bytes:
    """The file's bytes. Raises OSError: also for what is no file, or too large to be a picture."""
    known = path.stat()
    if not stat.S_ISREG(known.st_mode):
        raise OSError(0, "it is no file")  # a pipe would never end
    if known.st_size > _MOST_BYTES:
        raise OSError(0, f"larger than {_MOST_BYTES >> 20} MB")
    return path.read_bytes()


def _seen(found: Look, picture: NDArray[np.uint8], thumbnail: NDArray[np.uint8]) -> Look:
    """The look with what the pixels tell."""
    small = reduced(picture)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small, np.uint8)
    thumbnail[:] = cv2.resize(gray, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    pixels = hashlib.sha256(f"{picture.shape}".encode())
    pixels.update(np.ascontiguousarray(picture).data)
    return replace(
        found,
        pixels=pixels.hexdigest(),
        size=(picture.shape[1], picture.shape[0]),
        channels=1 if picture.ndim == 2 else 3,
        gray=_is_gray(small),
        quality=replace(measure(small), thumbnail=_NONE),
        dhash=_dhash(gray),
        phash=_phash(gray),
    )


def _is_gray(small: NDArray[np.uint8]) -> bool:
    return small.ndim == 2 or int((small.max(axis=2) - small.min(axis=2)).max()) <= _GRAY_SPREAD


def _dhash(gray: NDArray[np.uint8]) -> int:
    small = np.asarray(cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA), np.int16)
    return _packed(small[:, 1:] > small[:, :-1])


def _phash(gray: NDArray[np.uint8]) -> int:
    small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = np.asarray(cv2.dct(small)[:8, :8], np.float32)
    return _packed(lowest > np.median(lowest))


def _packed(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits.reshape(-1)).tobytes(), "big")


def _protected(thumbnail: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same memory, not to be written through this view."""
    view = thumbnail.view()
    view.flags.writeable = False
    return view


def _blank() -> NDArray[np.uint8]:
    return _protected(np.zeros((SIDE_PX, SIDE_PX), np.uint8))
