"""A station's surroundings for tests: its configuration, its processes, and what they wrote down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fakes.waiting import until

OKNG = [sys.executable, "-m", "appliance.cli"]
ROOM = Path(__file__).resolve().parents[2]
DEMO_PACKAGE = ROOM / "models" / "packages" / "flange.okng"


class Running:
    """A process of a test; leaving the `with` block ends it, and kills it when it does not end."""

    def __init__(self, command: Sequence[object], log: Path, **environment: str) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOM,
                env={**os.environ, **environment},
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, timeout_s: float) -> int:
        return self.process.wait(timeout_s)

    def end(self, timeout_s: float = 15) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def until_says(self, word: str, timeout_s: float = 30) -> None:
        def said() -> bool:
            assert self.process.poll() is None or word in self.text, f"ended without {word!r}:\n{self.text}"
            return word in self.text

        until(said, f"{word!r} in {self.log}", timeout_s)


def okng(*arguments: object, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command of the one CLI to its end."""
    command = [*OKNG, *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOM, capture_output=True, text=True, timeout=timeout_s, check=False)


def certify(config: Path) -> Path:
    """What a user does on a machine whose instruction set the package does not name: it may not set Pass before."""
    done = okng("certify", "--config", config)
    assert done.returncode == 0, done.stderr
    return config


def write_config(path: Path, **sections: dict[str, Any]) -> Path:
    """A TOML file from nested values; strings, numbers, booleans and paths."""
    lines = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        for key, value in values.items():
            shown = value if isinstance(value, bool | int | float) else str(value)
            lines.append(f"{key} = {json.dumps(shown, ensure_ascii=False)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def transcript(path: Path, event: str) -> list[dict[str, Any]]:
    """The events of one kind in a JSON-lines file, which may still be written: half a line is none yet."""
    whole, _, _half = path.read_text(encoding="utf-8").rpartition("\n")
    lines = (json.loads(line) for line in whole.splitlines())
    return [line for line in lines if line["event"] == event]


def simulator(
    link: Path, out: Path, *, interval_ms: int, count: int | None = None, accept: bool = True, pace: str = "beat"
) -> list[object]:
    command: list[object] = [sys.executable, "-m", "firmware_bridge.simulator", "--link", link]
    command += ["--interval-ms", interval_ms, "--transcript", out, "--pace", pace]
    command += ["--count", count] if count is not None else []
    return command + (["--accept-simulated"] if accept else [])
