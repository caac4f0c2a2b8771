"""Pictures for eyes: a small ring for the live page, and an archive under a byte quota.

JPEG, encoded once, after the verdict, on a thread of its own; whoever brings pictures faster than the disk takes them
loses pictures (counted), never verdicts. OK pictures go first when the quota is reached, then the oldest of the others.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2

from appliance.domain.parts import Frame
from appliance.domain.verdict import Verdict
from models.decision import Outcome

_log = logging.getLogger(__name__)
_JPEG_QUALITY = 90
_RING = 64
_SHED_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    size: int


class PictureArchive:
    """`live_dir` is emptied at start. `archive_dir` keeps `<date>/<outcome>-<id>.jpg`, at most `quota_bytes` in all.

    `keep` False: nothing is archived. While the disk has less than `min_free_bytes` left, nothing is archived and the
    oldest go.
    """

    def __init__(
        self, live_dir: Path, archive_dir: Path, *, quota_bytes: int, min_free_bytes: int, keep: bool, keep_ok: bool
    ) -> None:
        self._live_dir = live_dir
        self._archive_dir = archive_dir
        self._quota_bytes = quota_bytes
        self._min_free_bytes = min_free_bytes
        self._keep = keep
        self._keep_ok = keep_ok
        self.failed_writes = 0
        self.shed = 0
        live_dir.mkdir(parents=True, exist_ok=True)
        archive_dir.mkdir(parents=True, exist_ok=True)
        for stale in (*live_dir.glob("*.jpg"), *live_dir.glob("*.part")):
            stale.unlink()
        self._ring: deque[Path] = deque()
        found = sorted(archive_dir.glob("*/*.jpg"), key=lambda path: (path.parent.name, path.stat().st_mtime_ns))
        kept = [_Kept(path, path.stat().st_size) for path in found]
        self._ok = deque(item for item in kept if item.path.name.startswith("OK-"))
        self._others = deque(item for item in kept if not item.path.name.startswith("OK-"))
        self.bytes = sum(item.size for item in kept)

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
        if len(content) > self._quota_bytes:
            return
        if shutil.disk_usage(self._archive_dir).free < self._min_free_bytes:
            # Pictures are shed first, so that the journal keeps its room and inspection goes on.
            self._make_room(self._quota_bytes - self.bytes + _SHED_BYTES)
            self.shed += 1
            return
        self._make_room(len(content))
        path = self._archive_dir / f"{when:%Y-%m-%d}" / f"{verdict.outcome}-{verdict.id}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        (self._ok if verdict.outcome is Outcome.OK else self._others).append(_Kept(path, len(content)))
        self.bytes += len(content)

    def _make_room(self, size: int) -> None:
        for items in (self._ok, self._others):
            while items and self.bytes + size > self._quota_bytes:
                oldest = items.popleft()
                oldest.path.unlink(missing_ok=True)
                self.bytes -= oldest.size
