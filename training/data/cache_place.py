"""Where the cache lies on disk, how large it may be, and what it holds."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from training.data.shards import Damaged, read_header
from training.errors import BadData

MOST_BYTES = 8 * 10**9
SHARE_OF_FREE = 4
CURVES = "curves"
FILE = re.compile(r"[0-9a-f]{16}\.rows")
_FOLDER = re.compile(r"[0-9a-f]{16}")
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Made by okng, which makes all of it again; may be removed.\n"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a cache holds of one kind; times in seconds since 1970."""

    kind: str
    rows: int
    disk_bytes: int
    oldest_s: float
    newest_s: float


def usual_place() -> Path:
    """Where the cache lies unless another place is named. Raises BadData where this user has none."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):  # the specification has a relative one ignored
        return Path(base) / "okng"
    try:
        return Path.home() / ".cache" / "okng"
    except RuntimeError as error:
        raise BadData("there is no home directory for the cache; name a folder with --cache, or --no-cache") from error


def usual_limit(root: Path) -> int:
    """8 GB, or a quarter of what is free where that is less; what the cache holds counts as free."""
    there = next((folder for folder in (root, *root.absolute().parents) if folder.is_dir()), Path("/"))
    held = sum(status.st_blocks * 512 for _, status in cache_files(root))
    return min(MOST_BYTES, (shutil.disk_usage(there).free + held) // SHARE_OF_FREE)


def cache_files(root: Path) -> list[tuple[Path, os.stat_result]]:
    """Every file of rows with its state; what cannot be seen is left out."""
    found = []
    with suppress(OSError):
        for folder in sorted(root.iterdir()):
            if _FOLDER.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                found += [path for path in sorted(folder.iterdir()) if FILE.fullmatch(path.name)]
    return [(path, status) for path in found if (status := _status(path)) is not None]


def kept(root: Path) -> list[Kept]:
    """What a cache holds, by kind; a damaged file is of the kind "damaged"."""
    found: dict[str, list[tuple[int, os.stat_result]]] = {}
    for path, status in cache_files(root):
        try:
            header, rows = read_header(path)
            found.setdefault(header.text, []).append((rows, status))
        except (Damaged, OSError):
            found.setdefault("damaged", []).append((0, status))
    return [
        Kept(
            kind,
            sum(rows for rows, _ in own),
            sum(status.st_blocks * 512 for _, status in own),
            min(status.st_mtime for _, status in own),
            max(status.st_mtime for _, status in own),
        )
        for kind, own in sorted(found.items())
    ]


def remove_curves(root: Path) -> int:
    """Remove what `okng curve` keeps, points and stopped learning; how many bytes that was. Raises OSError."""
    removed = 0
    for path in (one for kind in ("*.json", "*.pt") for one in (root / CURVES).glob(kind)):
        removed += path.stat().st_blocks * 512
        path.unlink(missing_ok=True)
    return removed


def is_cache(root: Path) -> bool:
    """Whether okng marked the folder as its own."""
    return (root / _TAG).is_file()


def claim(root: Path) -> None:
    """Mark an empty or missing folder as a cache.

    Raises:
        BadData: it holds something else.
        OSError: it cannot be made.
    """
    if root.exists() and not root.is_dir():
        raise BadData(f"{root} is no folder; name another one with --cache")
    if is_cache(root):
        return
    if root.is_dir() and any(root.iterdir()):
        raise BadData(f"{root} holds other things than okng's cache; name an empty folder with --cache")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    (root / _TAG).write_text(_TAG_TEXT)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
