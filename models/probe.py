"""Load a package in a child process first: a crafted network can kill a runtime with a segmentation fault.

`python -m models.probe PATH RUNTIME THREADS DEVICE [ENGINE_CACHE]` loads the package, runs it on a blank picture and
answers with one line of JSON. The golden frames are left to `Detector.load`: by then it is known that the package does
not kill its process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from models.errors import InferenceError, ModelError, PackageError, PackageMissing, RuntimeUnavailable
from models.judge import start_judge
from models.package import open_package
from models.runtimes.base import Placement
from models.runtimes.choose import load_limit_s

_KINDS: dict[str, type[ModelError]] = {
    kind.__name__: kind for kind in (PackageError, PackageMissing, RuntimeUnavailable, InferenceError)
}
_REFUSED = 4


def probe(
    path: Path,
    *,
    runtime: str = "auto",
    threads: int = 1,
    device: str = "CPU",
    engine_cache: Path | None = None,
    timeout_s: float | None = None,
) -> None:
    """Return when the package loads and judges a blank picture in a disposable process; blocks until then.

    Without `timeout_s` it takes as long as the runtime may: minutes where engines are built.

    Raises:
        PackageMissing: there is nothing at `path`.
        PackageError: the child died or hung, or refused the package.
        RuntimeUnavailable, InferenceError: as `Detector.load` would.
    """
    room = Path(__file__).resolve().parent.parent
    limit_s = load_limit_s(runtime) if timeout_s is None else timeout_s
    command = [sys.executable, "-m", "models.probe", str(path.absolute()), runtime, str(threads), device]
    command += [] if engine_cache is None else [str(engine_cache.absolute())]
    try:
        done = subprocess.run(command, cwd=room, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{path} did not load within {limit_s:g} s; do not use this package") from error
    if done.returncode == 0:
        return
    kind, message = _answer(done.stdout)
    if done.returncode != _REFUSED or kind is None:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise PackageError(f"{path} kills the inference runtime ({how}); do not use this package")
    raise kind(message)


def _answer(stdout: str) -> tuple[type[ModelError] | None, str]:
    """The exception a child reported on its last line, or (None, "")."""
    lines = stdout.strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return None, ""
    return _KINDS.get(answer.get("error", "")), str(answer.get("message", ""))


def main(arguments: list[str]) -> int:
    path, runtime, threads, device, *cache = arguments
    placement = Placement(runtime, device, int(threads), Path(cache[0]) if cache else None)
    try:
        start_judge(open_package(Path(path)), placement).runtime.close()
    except ModelError as error:
        sys.stdout.write(json.dumps({"error": type(error).__name__, "message": str(error)}) + "\n")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
