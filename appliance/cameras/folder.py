"""Camera that replays the pictures of a folder, one a trigger, in the order a person would count them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from appliance.cameras.base import CameraCounts, EndOfPictures
from appliance.domain.parts import Frame
from appliance.errors import CameraLost
from models.picture_file import SUFFIXES, read_picture


class FolderCamera:
    """Each grab reads the next picture of the folder; `source` is its file name.

    How files are read, and what is refused, is in `models.picture_file`. A picture that cannot be read costs its
    trigger: the grab after it goes on behind it.
    """

    def __init__(self, name: str, path: Path, loop: bool) -> None:
        self.name = name
        self._path = path
        self._loop = loop
        self._files: Sequence[Path] | None = None
        self._next = 0
        self._seq = 0
        self._in_use = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether the last picture was given and the folder is replayed only once."""
        files = self._files
        return files is not None and not self._loop and self._next >= len(files)

    @property
    def counts(self) -> CameraCounts:
        """See `Camera.counts`."""
        return CameraCounts(pictures=self._seq)

    def open(self) -> None:
        """List the folder; goes on where it stopped. See `Camera.open`."""
        with self._in_use:
            try:
                files = sorted(
                    (file for file in self._path.iterdir() if file.suffix.lower() in SUFFIXES), key=natural_order
                )
            except OSError as error:
                raise CameraLost(
                    f"the picture folder {self._path} cannot be read ({error.strerror}); "
                    "check the path under [camera] in the configuration",
                    f"无法读取图片文件夹 {self._path}；请检查配置中 [camera] 的 path",
                ) from error
            if not files:
                raise CameraLost(
                    f"the picture folder {self._path} holds no picture ({', '.join(sorted(SUFFIXES))}); "
                    "put pictures there or change the path under [camera]",
                    f"图片文件夹 {self._path} 中没有图片；请放入图片或修改 [camera] 的 path",
                )
            self._files = files

    def grab(self, timeout_s: float) -> Frame:
        """The next picture; see `Camera.grab`. A file is there or not, so that `timeout_s` is not used up."""
        with self._in_use:
            if self._files is None:
                raise CameraLost(f"camera {self.name} is closed; open it first")
            if self._next >= len(self._files):
                if not self._loop:
                    raise EndOfPictures(f"all {len(self._files)} pictures of {self._path} were replayed")
                self._next = 0
            file = self._files[self._next]
            self._next += 1
            self._seq += 1
            captured_ns = time.monotonic_ns()
            image = read_picture(file)
            image.flags.writeable = False
            return Frame(self.name, self._seq, captured_ns, image, file.name)

    def check(self) -> None:
        """A folder is read when a picture is asked for; see `Camera.check`."""

    def close(self) -> None:
        """Nothing is held open; see `Camera.close`."""
        with self._in_use:
            self._files = None


def natural_order(file: Path) -> tuple[tuple[int, str], ...]:
    """Sort key by which 2.png comes before 10.png."""
    return tuple((int(run), "") if run.isdecimal() else (-1, run) for run in re.split(r"(\d+)", file.name.casefold()))
