"""Which runtimes a training makes its package for: what is asked for, as far as it is installed."""

from __future__ import annotations

from models.runtimes.choose import REFERENCE, installed_runtimes
from training import litert
from training.config import TrainConfig
from training.errors import NotThere


def check_runtimes(config: TrainConfig) -> None:
    """Raises NotThere where a runtime was asked for by name and cannot be had here."""
    if config.runtimes is None:
        return
    if "tflite" in config.runtimes and not litert.installed():
        raise NotThere(
            "tflite was asked for, but LiteRT's converter is not installed; pip install 'okng[train-tflite]'"
        )
    if "openvino" in config.runtimes and "openvino" not in installed_runtimes():
        raise NotThere("openvino was asked for, but is not installed; pip install 'okng[openvino]'")


def onnx_runtimes(config: TrainConfig) -> tuple[str, ...]:
    """What else runs the reference's file here and is wanted."""
    return tuple(name for name in installed_runtimes() if name != REFERENCE and config.wants(name))
