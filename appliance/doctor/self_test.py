"""A package's whole self-test in a process of its own, which a crafted network may kill without harm.

`python -m appliance.doctor.self_test CONFIG` loads the model as the station would, replays its golden frames and
answers with one line of JSON: `{"runtime", "certified", "certification"}` or `{"refused"}`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.certify import placement_of, records_of
from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.recipes.schema import ModelConfig
from models.detector import Detector
from models.errors import ModelError
from models.runtimes.choose import load_limit_s

TIMEOUT_S = 40.0
_REFUSED = 4


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`refused`: the sentence why the package may not judge here, empty when it may; `slow`: an engine
    that is being built, as TensorRT's is, takes longer than anybody waits here. `certification`: by what, or why not.
    """

    refused: str = ""
    slow: bool = False
    runtime: str = ""
    certified: bool = False
    certification: str = ""


def self_test(config_path: Path, model: ModelConfig, interpreter: str, timeout_s: float = TIMEOUT_S) -> SelfTest:
    """Blocks for some seconds, at most `timeout_s`."""
    room = Path(__file__).resolve().parents[2]
    command = [interpreter, "-m", "appliance.doctor.self_test", str(config_path.absolute())]
    try:
        done = subprocess.run(command, cwd=room, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return SelfTest(
            f"the self-test did not end within {timeout_s:g} s; run okng package verify, which waits longer",
            slow=load_limit_s(model.runtime) > load_limit_s("auto"),
        )
    lines = done.stdout.strip().splitlines()
    if done.returncode not in (0, _REFUSED) or not lines:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return SelfTest(f"the package kills the inference runtime ({how}); do not use this package")
    return SelfTest(**json.loads(lines[-1]))


def main(arguments: list[str]) -> int:
    config, _ = load_config(Path(arguments[0]))
    try:
        answer = _load(config)
    except ModelError as error:
        sys.stdout.write(json.dumps({"refused": str(error)}) + "\n")
        return _REFUSED
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _load(config: Config) -> dict[str, object]:
    """Raises: ModelError."""
    if config.model is None:
        raise ModelError("the configuration names no model; add [model] package")
    placement = placement_of(config)
    if placement.engine_cache is not None and not placement.engine_cache.exists():
        placement = replace(placement, engine_cache=None)  # an examination makes nothing
    detector = Detector.load(config.model.package, **asdict(placement), certificates=records_of(config))
    info = detector.info
    detector.close()
    return {"runtime": info.runtime, "certified": info.certified, "certification": info.certification}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
