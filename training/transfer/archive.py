"""Unpacks an archive that anybody may have made: nothing outside its folder, no links, no more than was allowed.

What an archive says of its own size is never believed: bytes are counted while they are unpacked, so that a zip bomb
(D. Fifield, "A better zip bomb", WOOT 2019) ends at the limit, and at once where it grows beyond reason.
"""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from training.errors import BadData, NotThere
from training.formats.hostile import safe_name
from training.formats.walk import is_picture
from training.transfer.staging import refuse_little_room

LIMIT_GB = 50.0
_MOST_FILES = 1_000_000
_GROWTH = 200  # times its own size; pictures hardly grow, label files and blank masks do
_GROWTH_FROM = 1_000_000_000
_CHUNK = 1 << 20
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".7z", ".rar", ".gz")
_UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in an archive; `open` gives its content."""

    name: str
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether a file is called like an archive, also one that okng does not unpack."""
    return path.is_file() and path.name.lower().endswith(_ARCHIVES)


def unpack(path: Path, into: Path, limit_gb: float) -> None:
    """Unpack all files into an empty folder.

    Raises:
        BadData: it is no zip or tar archive, damaged, encrypted, larger than `limit_gb` when unpacked, holds too many
            files, links, devices, other archives, or names that lead out or occur twice.
        OSError: from the disk.
    """
    refuse_little_room(into, path.stat().st_size)
    try:
        count = _unpack_all(path, into, int(limit_gb * 1e9))
    except _UNREADABLE as error:
        raise BadData(f"{path} is no whole zip or tar archive ({error}); copy or pack it again") from error
    except RuntimeError as error:
        # zipfile's only word for it.
        raise BadData(f"{path} is encrypted; unpack it yourself and name the folder") from error
    except OSError as error:
        # bz2 and gzip say so of damaged content, without a number; the disk has one.
        if error.errno is not None:
            raise
        raise BadData(f"{path} is damaged ({error}); copy or pack it again") from error
    if not count:
        raise BadData(f"{path} is empty; pack the data set again")


def top_of(folder: Path) -> Path:
    """The data set inside an unpacked archive: below folders that hold nothing but one folder."""
    while True:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
        if len(entries) != 1 or not entries[0].is_dir():
            return folder
        # A folder of pictures alone is a class, and its name must stay.
        if all(is_picture(inner) for inner in entries[0].iterdir()):
            return folder
        folder = entries[0]


def _unpack_all(path: Path, into: Path, limit: int) -> int:
    """How many files there were."""
    done, seen = 0, set[str]()
    for entry in _entries(path, limit):
        name = safe_name(entry.name, path)
        if name in seen:
            raise BadData(f"{path} holds {name} twice; pack it again")
        seen.add(name)
        if len(seen) > _MOST_FILES:
            raise BadData(f"{path} holds more than {_MOST_FILES:,} files; unpack it yourself and name the folder")
        if name.lower().endswith(_ARCHIVES):
            raise BadData(f"{path} holds another archive, {name}; unpack it yourself and name the folder")
        try:
            done = _write(path, entry, into / name, done, limit)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BadData(f"{path} holds {name} as a file and as a folder; pack it again") from error
    return len(seen)


def _entries(path: Path, limit: int) -> Iterator[_Entry]:
    if zipfile.is_zipfile(path):
        return _zip_entries(path, limit)
    if tarfile.is_tarfile(path):
        return _tar_entries(path)
    if not path.is_file():
        raise NotThere(f"there is no archive {path}; check its name")
    raise BadData(f"{path} is no zip or tar archive; unpack it yourself and name the folder")


def _zip_entries(path: Path, limit: int) -> Iterator[_Entry]:
    with zipfile.ZipFile(path) as archive:
        promised = sum(info.file_size for info in archive.infolist())
        if promised > limit:
            raise _too_large(path, limit)
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise BadData(f"{path} holds {info.filename!r}, a link or device; pack plain files alone")
            if not info.is_dir():
                yield _Entry(_zip_name(info), lambda info=info: archive.open(info))  # type: ignore[misc]


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Without the flag for UTF-8 the standard says code page 437; Chinese systems write GBK, others UTF-8."""
    if info.flag_bits & 0x800:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return info.orig_filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return info.filename


def _tar_entries(path: Path) -> Iterator[_Entry]:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isdir():
                continue
            if not info.isreg():
                raise BadData(f"{path} holds {info.name!r}, a link or device; pack plain files alone")
            yield _Entry(info.name, lambda info=info: _content(archive, info))  # type: ignore[misc]


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    if content is None:
        raise tarfile.TarError(f"{info.name} has no content")
    return content


def _write(path: Path, entry: _Entry, target: Path, done: int, limit: int) -> int:
    """Bytes unpacked so far, this file included."""
    target.parent.mkdir(parents=True, exist_ok=True)
    packed = path.stat().st_size
    with entry.open() as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            done += len(chunk)
            if done > limit:
                raise _too_large(path, limit)
            if done > _GROWTH_FROM and done > _GROWTH * packed:
                raise BadData(
                    f"{path} grows to more than {_GROWTH} times its size, which no pictures do; if you trust it, "
                    "unpack it yourself and name the folder"
                )
            file.write(chunk)
    return done


def _too_large(path: Path, limit: int) -> BadData:
    return BadData(f"{path} holds more than {limit / 1e9:g} GB; allow more with --limit-gb, or unpack it yourself")
