"""A data set that grows on the station: every picture whole and on disk before its part is answered.

    <data_set>/<label>/<UTC time>_<lot>_<part id>.png      what `okng train <data_set>` reads as it is

A picture is written under a hidden name, synced, renamed, and the folder synced: after a kill or a power cut it is
there whole or not at all. Time, lot and part travel inside the file (`models.origin`), so there is no list beside the
pictures that could be torn, or lost when somebody sorts them into other folders.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from models.durable import sync_folder
from models.origin import Origin, with_origin

_log = logging.getLogger(__name__)
_RETRY_NS = 2_000_000_000
_MIN_FREE_BYTES = 64_000_000
_LOT_LETTERS = 24
_COMPRESSION = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
)  # lossless at any level; 1 is a third of the time for a tenth more bytes


class PictureCollection:
    """One label of a data set, written by one thread. One station at a time has a label: its folder is locked.

    `kept` counts the pictures of this run, `failed` those that could not be kept; `state` says why no more can.
    `free_bytes` tells how much room the disk of a folder has.
    """

    def __init__(
        self,
        data_set: Path,
        label: str,
        *,
        max_bytes: int,
        clock: Clock,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._data_set = data_set
        self._label = label
        self._folder = data_set / label
        self._partial = self._folder / ".okng.part"
        self._lock: int | None = None
        self._max_bytes = max_bytes
        self._clock = clock
        self._free_bytes = free_bytes
        self._bytes = 0
        self._retry_ns = 0
        self.kept = 0
        self.failed = 0
        self.state = DeviceState("ok")
        self.open()

    def open(self) -> None:
        """Look what is there already and whether one more picture could be written; `state` tells."""
        try:
            for folder in (self._data_set, self._folder):
                folder.mkdir(exist_ok=True)
                sync_folder(folder.parent)
            if not self._locked():
                self.state = DeviceState(
                    "fault",
                    f"Another station collects into {self._folder}; stop it, or choose another [collect] label",
                    f"另一个检测站正在向 {self._folder} 采集；请停止它或修改 [collect] 的 label",
                )
                return
            self._bytes = sum(entry.stat().st_size for entry in self._data_set.glob("*/*") if entry.is_file())
            self._write_partial(b"room for one picture?")
            self._partial.unlink()
        except OSError as error:
            self._lose(error)
        else:
            self.state = self._room_for(0)

    def close(self) -> None:
        """Let another station have the label; every picture is on disk already."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def idle(self) -> None:
        """While nothing can be kept, look again every two seconds whether somebody made room."""
        if self.state.state == "fault" and self._clock.monotonic_ns() >= self._retry_ns:
            self._retry_ns = self._clock.monotonic_ns() + _RETRY_NS
            self.open()

    def keep(self, image: NDArray[np.uint8], origin: Origin) -> str | None:
        """Write one picture; returns its name in the data set once it is safe on disk, or None: it was not kept.

        `image` is `(H, W)` gray or `(H, W, 3)` BGR, uint8. Blocks for the disk.
        """
        content = with_origin(cv2.imencode(".png", image, _COMPRESSION)[1].tobytes(), origin)
        path = self._folder / f"{_stem(origin)}.png"
        if self._lock is not None:
            self.state = self._room_for(len(content))
        if self.state.state == "ok":
            try:
                self._write(path, content)
            except OSError as error:
                self._lose(error)
            else:
                self.kept += 1
                self._bytes += len(content)
                # The next picture is about as large: the door is shut before it comes, not after.
                self.state = self._room_for(len(content))
                return path.relative_to(self._data_set).as_posix()
        self.failed += 1
        return None

    def _write(self, path: Path, content: bytes) -> None:
        self._write_partial(content)
        if path.exists():
            raise FileExistsError(17, "a picture of this name is there already", str(path))
        self._partial.rename(path)
        sync_folder(self._folder)

    def _write_partial(self, content: bytes) -> None:
        with self._partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _locked(self) -> bool:
        """Whether the folder is ours; asked anew each time, since its disk may have been changed for another."""
        self.close()
        lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _room_for(self, size: int) -> DeviceState:
        gigabytes = self._max_bytes / 1e9
        if self._bytes + size > self._max_bytes:
            return DeviceState(
                "fault",
                f"Data set is full ({gigabytes:g} GB); train on it, or raise [collect] max_gb",
                f"数据集已满（{gigabytes:g} GB）；请开始训练或调大 [collect] max_gb",
            )
        try:
            free = self._free_bytes(self._folder)
        except OSError as error:
            return self._fault(error)
        if free - size < _MIN_FREE_BYTES:
            return DeviceState(
                "fault",
                f"Disk of the data set is full ({free // 1_000_000} MB free); free space",
                f"数据集所在磁盘已满（剩余 {free // 1_000_000} MB）；请清理",
            )
        return DeviceState("ok")

    def _lose(self, error: OSError) -> None:
        state = self._fault(error)
        if state != self.state:
            _log.error("%s", state.text_en)
        self.state = state

    def _fault(self, error: OSError) -> DeviceState:
        return DeviceState(
            "fault",
            f"The data set {self._folder} cannot be written ({error.strerror}); check disk and [collect] data_set",
            f"无法写入数据集 {self._folder}；请检查磁盘和 [collect] 的 data_set",
        )


def _stem(origin: Origin) -> str:
    """UTC time, lot and part id as a file name; the part id alone makes it unique."""
    taken = datetime.fromisoformat(origin.taken).astimezone(UTC)
    time = f"{taken:%Y%m%dT%H%M%S}.{taken.microsecond // 1000:03d}Z"
    lot = re.sub(r"[^\w.-]+", "-", origin.lot)[:_LOT_LETTERS]
    return "_".join(word for word in (time, lot, origin.part) if word)
