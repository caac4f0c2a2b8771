"""`import torchvision`, also where its wheel and torch's do not fit; the one module that knows the remedy.

The registry's torchvision is linked against the CUDA build of torch. Beside the CPU build its compiled operators are
not loaded, and the import fails where it wants to describe the first of them. Only on that very error their schemas are
defined here; in a healthy installation that would break them. Networks and transforms work then; `ops.nms`, deformable
convolutions and `torchvision.io` do not.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

import torch

from training.errors import NotThere

_UNKNOWN_OPERATOR = "operator torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# What is defined goes when this goes.
_defined: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """torchvision, with `torchvision.models`.

    Raises:
        NotThere: it is not installed.
    """
    try:
        return _import()
    except RuntimeError as error:
        if _UNKNOWN_OPERATOR not in str(error):
            raise
        _forget()
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for schema in _SCHEMAS:
            library.define(schema)  # type: ignore[no-untyped-call]
        _defined.append(library)
        return _import()


def _import() -> ModuleType:
    try:
        module = import_module("torchvision")
        import_module("torchvision.models")
    except ImportError as error:
        raise NotThere("torchvision is not installed; pip install -c constraints.txt 'okng[backbones]'") from error
    return module


def _forget() -> None:
    """Half an import is left behind by the first try."""
    for name in [name for name in sys.modules if name == "torchvision" or name.startswith("torchvision.")]:
        del sys.modules[name]
