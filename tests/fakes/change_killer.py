"""`python -m tests.fakes.change_killer POINT run --config FILE`: the real station, killed at one point of a change.

`loading`: the next model is being loaded. `writing`: the record is written and not yet renamed. `recorded`: it is on
disk and the recipe not yet in force. `in_force`: it is, and nobody has been answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import changeover, station
from appliance.cli import main
from appliance.recipes import store


def die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def after(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any) -> Any:
        call(*arguments)
        die()

    return called


def write_half(path: Path, content: bytes) -> None:
    if path.name == "active":
        path.with_name(".active.part").write_bytes(content[: len(content) // 2])
        die()
    real_write(path, content)


real_write = store.write_atomically


def arm(point: str) -> None:
    if point == "loading":
        station.equip = die
    elif point == "writing":
        store.write_atomically = write_half
    elif point == "recorded":
        changeover.Changeover._bring_into_force = die  # type: ignore[method-assign]
    elif point == "in_force":
        changeover.Changeover._bring_into_force = after(changeover.Changeover._bring_into_force)  # type: ignore[method-assign]
    else:
        raise SystemExit(f"no such point: {point}")


if __name__ == "__main__":
    arm(sys.argv.pop(1))
    main()
