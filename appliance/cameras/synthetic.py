"""Camera of the simulated line: every grab is the exposure of the next part that the renderer process has drawn."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.cameras.base import CameraCounts
from appliance.cameras.flange import HEIGHT_PX, WIDTH_PX
from appliance.cameras.ring import Ring, RingError, RingPicture, TornPicture
from appliance.domain.parts import Frame
from appliance.errors import CameraLost
from models.errors import BadPicture

_SLOTS = 4
_OPEN_WITHIN_S = 10.0
_END_WITHIN_S = 2.0


@dataclass(slots=True)
class _Renderer:
    """A running renderer process. `announcements`: a descriptor that gives one byte for every picture that is whole;
    `thanks`: one that takes a byte for every picture taken. `whole`: pictures announced and not yet taken."""

    process: subprocess.Popen[bytes]
    ring: Ring
    announcements: int
    thanks: int
    whole: int = 0


class SyntheticCamera:
    """Gives the parts of a simulated line in their order, without end.

    Numbers go on after a renderer died: the parts it had drawn and nobody took are lost, none is drawn twice.
    """

    def __init__(
        self,
        name: str,
        seed: int,
        defect_rate: float,
        work_dir: Path,
        truth: Path | None,
        distinct_parts: int | None = None,
        empty_rate: float = 0.0,
    ) -> None:
        """`work_dir` holds the ring (7 MB, rewritten all the time: give it a RAM disk); `truth` gets one JSON line
        `{"number", "kind"}` a part and is begun anew at the first `open`; `distinct_parts`: only so many are drawn, and
        shown in turn; `empty_rate`: how often no part lies there."""
        self.name = name
        self._seed = seed
        self._defect_rate = defect_rate
        self._ring_file = work_dir / f"{name}.ring"
        self._truth = truth
        self._distinct_parts = distinct_parts
        self._empty_rate = empty_rate
        self._next_number = 1
        self._seq = 0
        self._renderer: _Renderer | None = None
        self._in_use = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Never: parts are drawn as long as they are asked for."""
        return False

    @property
    def counts(self) -> CameraCounts:
        """See `Camera.counts`."""
        return CameraCounts(pictures=self._seq)

    def open(self) -> None:
        """Start the renderer, or start it again; see `Camera.open`."""
        with self._in_use:
            self._end_renderer()
            try:
                renderer = self._renderer = self._start_renderer()
                self._await_picture(renderer, _OPEN_WITHIN_S)
            except (OSError, RingError) as error:
                # TimeoutError is an OSError: a renderer that draws nothing in ten seconds is not there.
                self._end_renderer()
                raise CameraLost(
                    f"the part renderer cannot be started: {error}; "
                    f"check free space and permissions of {self._ring_file.parent}",
                    f"无法启动工件绘制程序；请检查 {self._ring_file.parent} 的空间和权限",
                ) from error

    def grab(self, timeout_s: float) -> Frame:
        """The next part; see `Camera.grab`. `captured_ns` is the moment the part is taken, not drawn."""
        with self._in_use:
            renderer = self._renderer
            if renderer is None:
                raise CameraLost(f"camera {self.name} is closed; open it first")
            if renderer.process.poll() is not None:
                raise self._lost(renderer)
            self._await_picture(renderer, timeout_s)
            picture = self._take(renderer)
            self._seq += 1
            return Frame(self.name, self._seq, time.monotonic_ns(), picture.image, f"part {picture.number}")

    def check(self) -> None:
        """Whether the renderer lives; see `Camera.check`."""
        renderer = self._renderer
        if renderer is not None and renderer.process.poll() is not None:
            raise self._lost(renderer)

    def close(self) -> None:
        """End the renderer and remove its ring; see `Camera.close`."""
        renderer = self._renderer
        if renderer is not None:
            # Its pipe ends with it, which also ends a grab that waits.
            renderer.process.kill()
        with self._in_use:
            self._end_renderer()

    def _start_renderer(self) -> _Renderer:
        self._ring_file.parent.mkdir(parents=True, exist_ok=True)
        if self._truth and self._next_number == 1:
            self._truth.unlink(missing_ok=True)
        ring = Ring.create(self._ring_file, _SLOTS, (HEIGHT_PX, WIDTH_PX, 3))
        command = [sys.executable, "-m", "appliance.cameras.renderer", "--ring", str(self._ring_file)]
        command += ["--seed", str(self._seed), "--defect-rate", str(self._defect_rate)]
        command += ["--empty-rate", str(self._empty_rate)]
        command += ["--first", str(self._next_number)]
        command += ["--truth", str(self._truth)] if self._truth else []
        command += ["--distinct", str(self._distinct_parts)] if self._distinct_parts else []
        # A session of its own: Ctrl-C in the terminal reaches the station alone, which ends its processes in order.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdin is not None and process.stdout is not None
        return _Renderer(process, ring, process.stdout.fileno(), process.stdin.fileno())

    def _await_picture(self, renderer: _Renderer, timeout_s: float) -> None:
        if renderer.whole:
            return
        ready, _, _ = select.select([renderer.announcements], [], [], timeout_s)
        if not ready:
            raise TimeoutError(f"camera {self.name} drew no part within {timeout_s:g} s")
        announced = len(os.read(renderer.announcements, _SLOTS))
        if not announced:
            raise self._lost(renderer)
        renderer.whole += announced

    def _take(self, renderer: _Renderer) -> RingPicture:
        renderer.whole -= 1
        try:
            picture = renderer.ring.take()
        except TornPicture as error:
            raise BadPicture(str(error)) from error
        finally:
            # If it is dead by now, the next grab finds out.
            with contextlib.suppress(BrokenPipeError):
                os.write(renderer.thanks, b"\n")
        if picture is None:
            raise BadPicture(f"camera {self.name} was promised a part that is not there; the next one is tried")
        return picture

    def _lost(self, renderer: _Renderer) -> CameraLost:
        with contextlib.suppress(subprocess.TimeoutExpired):
            renderer.process.wait(_END_WITHIN_S)
        status = renderer.process.returncode
        text = f"the part renderer of camera {self.name} ended (status {status}); it is started again"
        return CameraLost(text, f"工件绘制程序已退出（状态 {status}），正在重新启动")

    def _end_renderer(self) -> None:
        renderer, self._renderer = self._renderer, None
        if renderer is None:
            return
        process = renderer.process
        # Nothing in it needs an orderly end, and a stopped process would not hear a politer signal.
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._next_number = max(self._next_number, renderer.ring.begun + 1)
        renderer.ring.close()
        self._ring_file.unlink(missing_ok=True)
