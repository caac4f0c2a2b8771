"""Pictures for eyes: a small ring for the live page, and an archive.

JPEG, encoded once, after the verdict, on a thread of its own; whoever brings pictures faster than the disk takes them
loses pictures (counted), never verdicts. What goes when room is short: `appliance.store.shelves`.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from datetime import datetime
from pathlib import Path

import cv2

from appliance.domain.parts import Frame
from appliance.domain.verdict import Verdict
from appliance.store.shelves import Item, Kind, Shelves
from models.decision import Outcome

_log = logging.getLogger(__name__)
_JPEG_QUALITY = 90
_RING = 64


class PictureArchive:
    """`live_dir` is emptied at start. `archive_dir` keeps `<date>/<outcome>-<id>.jpg` as long as `shelves` have room.

    `keep` False: nothing is archived. `shed` counts pictures that found no room.
    """

    def __init__(self, live_dir: Path, archive_dir: Path, shelves: Shelves, *, keep: bool, keep_ok: bool) -> None:
        self._live_dir = live_dir
        self._archive_dir = archive_dir
        self._shelves = shelves
        self._keep = keep
        self._keep_ok = keep_ok
        self.failed_writes = 0
        self.shed = 0
        live_dir.mkdir(parents=True, exist_ok=True)
        archive_dir.mkdir(parents=True, exist_ok=True)
        for stale in (*live_dir.glob("*.jpg"), *live_dir.glob("*.part")):
            stale.unlink()
        self._ring: deque[Path] = deque()

    def keep(self, verdict: Verdict, frame: Frame, when: datetime, *, show: bool = True) -> bool:
        """Write the live picture, if it is to be shown, and the archived one where it is due.

        False when the live one is not there. Nothing is encoded that nobody gets.
        """
        archive = self._keep and (verdict.outcome is not Outcome.OK or self._keep_ok)
        if not (show or archive):
            return False
        done, jpeg = cv2.imencode(".jpg", frame.image, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
        if not done:
            return False
        content = jpeg.tobytes()
        try:
            if show:
                self._show(verdict.id, content)
            if archive:
                self._store(verdict, content, when)
        except OSError as error:
            self.failed_writes += 1
            with contextlib.suppress(OSError):
                self._partial(verdict.id).unlink()
            _log.warning("picture of part %d not kept: %s; free the disk", verdict.part.number, error)
            return False
        return show

    def _show(self, id: str, content: bytes) -> None:
        path = self._live_dir / f"{id}.jpg"
        partial = self._partial(id)
        partial.write_bytes(content)
        partial.rename(path)
        self._ring.append(path)
        while len(self._ring) > _RING:
            self._ring.popleft().unlink(missing_ok=True)

    def _partial(self, id: str) -> Path:
        return self._live_dir / f"{id}.part"

    def _store(self, verdict: Verdict, content: bytes, when: datetime) -> None:
        kind, today = Kind[f"{verdict.outcome}_PICTURE"], when.date()
        if not self._shelves.make_room(kind, len(content), today):
            self.shed += 1
            return
        path = self._archive_dir / f"{today}" / f"{verdict.outcome}-{verdict.id}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self._shelves.add(Item(kind, (path,), len(content), today))
