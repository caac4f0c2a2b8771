"""ONNX files: the name of a network's input, and nothing in them that tells of the machine and the moment."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INPUT_NAME = "pixels"


def stripped(proto: Any) -> bytes:
    """An ONNX model serialized without whatever tells of the machine and the moment."""
    graph = proto.graph
    for holder in (proto, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        holder.doc_string = ""
        if hasattr(holder, "metadata_props"):
            del holder.metadata_props[:]
    del graph.value_info[:]
    proto.producer_name, proto.producer_version = "okng", ""
    return bytes(proto.SerializeToString(deterministic=True))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the vendors' hundred lines of progress away from the operator; their errors still come as exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logging.disable(before)
