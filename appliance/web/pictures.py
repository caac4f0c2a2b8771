"""The preview pictures a page may ask for: an allow-list of part ids in front of the station's ring of files.

The station keeps the last 64 previews; a rejected part stays on the page longer than that, so its picture is read when
its message comes and kept in memory for as long as it is one of the last six.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import Final

from appliance.live import LiveVerdict

RING: Final = 64
MAX_BYTES: Final = 8 * 1024 * 1024
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_part_id(text: str) -> bool:
    """Whether a text is a part id in its canonical form, the only form that may become a file name."""
    return _ID.fullmatch(text) is not None


class Pictures:
    """Thread-safe; the feed admits, the page's threads read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._kept: dict[str, bytes] = {}

    def admit(self, verdict: LiveVerdict) -> None:
        """Lets pages ask for this part's picture; a rejected part's bytes are read now, while the ring has them."""
        if not verdict.picture:
            return
        data = self._load(verdict.id) if verdict.outcome == "NG" else None
        with self._lock:
            self._ids[verdict.id] = None
            self._ids.move_to_end(verdict.id)
            if data is not None:
                self._kept[verdict.id] = data
            while len(self._ids) > RING:
                self._ids.popitem(last=False)

    def keep_only(self, ids: Iterable[str]) -> None:
        """Forgets the kept bytes of parts that left the strip."""
        wanted = set(ids)
        with self._lock:
            self._kept = {part: data for part, data in self._kept.items() if part in wanted}

    def clear(self) -> None:
        """Forgets every part, because the station was started anew."""
        with self._lock:
            self._ids.clear()
            self._kept.clear()

    def read(self, part: str) -> bytes | None:
        """The JPEG of a part that was admitted, or None."""
        with self._lock:
            kept = self._kept.get(part)
            known = part in self._ids
        if kept is not None:
            return kept
        return self._load(part) if known else None

    def _load(self, part: str) -> bytes | None:
        try:
            with FileIO(str(self._folder / f"{part}.jpg"), opener=_open_plainly) as file:
                data = file.read(MAX_BYTES + 1)
        except OSError:
            return None
        return data if data.startswith(b"\xff\xd8\xff") and len(data) <= MAX_BYTES else None


def _open_plainly(path: str, flags: int) -> int:
    """Follows no link and waits for no pipe's writer."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
