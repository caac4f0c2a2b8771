"""Where engines built on this machine are kept: one private folder for each network and set of tools.

<cache>/<tools>-<network>/    both are hashes; `tools` names ONNX Runtime, TensorRT, driver and GPU

An engine is machine code that TensorRT runs unseen, so nobody else may be able to write there. One built by other tools
is never loaded again and is removed; of the networks the last few are kept, so that going back to one is quick.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from models.errors import RuntimeUnavailable

_KEPT = 4
_DIGITS = 32


def engine_folder(cache: Path, model: bytes, tools: str) -> Path:
    """The folder for this network and these tools, made where it is missing; stale ones are removed.

    Raises:
        RuntimeUnavailable: it cannot be made, or others may write to it.
    """
    ours = hashlib.sha256(tools.encode()).hexdigest()[:_DIGITS]
    folder = cache / f"{ours}-{hashlib.sha256(model).hexdigest()[:_DIGITS]}"
    try:
        for path in (cache, folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_shared(path)
        os.utime(folder)
        _remove_stale(cache, ours)
    except OSError as error:
        raise RuntimeUnavailable(
            f"the engine cache {cache} cannot be used ({error.strerror}); make it a directory of the station's user"
        ) from error
    return folder


def _refuse_shared(path: Path) -> None:
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o077:
        raise RuntimeUnavailable(
            f"{path} holds machine code but others may write to it; remove it, okng makes it anew with mode 0700"
        )


def _remove_stale(cache: Path, tools: str) -> None:
    folders = [path for path in cache.iterdir() if path.is_dir() and not path.is_symlink()]
    current = sorted(
        (path for path in folders if path.name.startswith(f"{tools}-")),
        key=lambda path: path.stat().st_mtime_ns,
        reverse=True,
    )
    for path in set(folders) - set(current[:_KEPT]):
        shutil.rmtree(path, ignore_errors=True)
