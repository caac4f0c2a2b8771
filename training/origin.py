"""What a package records of its training: data, settings and libraries."""

from __future__ import annotations

from importlib.metadata import version

from models.manifest import TrainingEntry
from training import litert
from training.artefacts import may_convert
from training.config import TrainConfig
from training.data.dataset import DataSet
from training.splits.parted import Parted

_TOOLS = ("torch", "onnx", "onnxruntime", "openvino", "numpy", "opencv-python-headless")


def origin_of(parted: Parted[DataSet], config: TrainConfig) -> TrainingEntry:
    """What a package records of a run on whole pictures."""
    data = parted.seen
    return TrainingEntry(
        data_sha256=data.sha256(),
        config_sha256=config.sha256(),
        seed=config.seed,
        good_pictures=len(data.good),
        defective_pictures=len(data.defective),
        tools=tools(config),
        split_sha256=parted.split_sha256,
        regression_sha256=parted.regression_sha256,
    )


def tools(config: TrainConfig) -> dict[str, str]:
    """The libraries that such a run uses, with their versions, and the hash of weights that it was given."""
    backbone = config.backbone
    given = {} if backbone is None else {f"weights of {backbone.name}": f"sha256:{backbone.sha256}"}
    more = (*(litert.TOOLS if may_convert(config) else ()), *(("torchvision",) if backbone is not None else ()))
    return {name: version(name) for name in (*_TOOLS, *more)} | given
