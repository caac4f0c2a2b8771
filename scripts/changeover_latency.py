"""How much later verdicts come while the next recipe is loaded.

`python scripts/changeover_latency.py --config station.toml A B`

The station of that configuration must run and take software triggers; it is changed between the recipes A and B.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from appliance.commands.order import change_recipe, trigger_once
from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.errors import OkngError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("recipes", nargs=2, help="ids of two recipes of this station")
    parser.add_argument("--changes", type=int, default=4)
    options = parser.parse_args()
    config, _ = load_config(options.config)
    report("no change under way", [judged_ms(config) for _ in range(50)])
    during: list[float] = []
    changes_s: list[float] = []
    refused: list[str] = []
    for turn in range(options.changes):
        change = threading.Thread(target=change_to, args=(config, options.recipes[turn % 2], changes_s, refused))
        change.start()
        while change.is_alive():
            during.append(judged_ms(config))
    if refused:
        sys.stderr.write(f"nothing was measured: {refused[0]}\n")
        return 1
    report(f"while {options.changes} recipes are loaded", during)
    sys.stdout.write(f"a change takes {min(changes_s):.1f} to {max(changes_s):.1f} s\n")
    return 0


def judged_ms(config: Config) -> float:
    """From the trigger to the verdict, by way of the station's socket."""
    began_s = time.monotonic()
    trigger_once(config, part_id=None, wait=True, request_id=None)
    return (time.monotonic() - began_s) * 1000


def change_to(config: Config, id_: str, changes_s: list[float], refused: list[str]) -> None:
    """Change the recipe; how long it took, or why it was refused, is added to the lists."""
    began_s = time.monotonic()
    try:
        reply = change_recipe(config, id=id_, version=None, reason=None, request_id=None)
    except OkngError as error:
        refused.append(str(error))
        return
    if reply.status == "accepted":
        changes_s.append(time.monotonic() - began_s)
    else:
        refused.append(reply.text_en or "the change was refused")


def report(when: str, parts_ms: list[float]) -> None:
    ordered = sorted(parts_ms)
    sys.stdout.write(
        f"{when}: {len(ordered)} parts, trigger to verdict p50 {ordered[len(ordered) // 2]:.1f} ms, "
        f"p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms, max {ordered[-1]:.1f} ms\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
