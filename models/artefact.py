"""One network file of a package: its form, how far it is quantized, and where it was proven."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from models.entry import Entry, FileName

# A runtime family: what shares a score map and golden expectations, whatever device or provider runs it.
RuntimeName = Literal["openvino", "onnxruntime", "tflite"]
Format = Literal["onnx", "tflite"]
Quantization = Literal[
    "int8 QDQ U8S8 per-channel reduce_range",
    "int8 QDQ S8S8 per-channel symmetric",
    "int8 per-channel",
    "int8 weights",
    "float32",
]
_SYMMETRIC: Quantization = "int8 QDQ S8S8 per-channel symmetric"
_QUANTIZATIONS: dict[Format, tuple[Quantization, ...]] = {
    "onnx": ("int8 QDQ U8S8 per-channel reduce_range", _SYMMETRIC, "float32"),
    "tflite": ("int8 per-channel", "int8 weights", "float32"),
}
_READERS: dict[Format, tuple[RuntimeName, ...]] = {"onnx": ("onnxruntime", "openvino"), "tflite": ("tflite",)}


class ArtefactEntry(Entry):
    """One network file and where it was proven: runtime family → instruction sets of the CPU."""

    file: FileName
    format: Format
    quantization: Quantization
    certified: dict[RuntimeName, tuple[str, ...]]

    @model_validator(mode="after")
    def _one_kind(self) -> ArtefactEntry:
        if self.quantization not in _QUANTIZATIONS[self.format]:
            raise ValueError(f"no {self.format} file is quantized as {self.quantization!r}")
        for name in self.certified:
            if name not in _READERS[self.format]:
                raise ValueError(f"{name} does not read {self.format} files, so it cannot be certified on one")
        return self

    @property
    def role(self) -> Literal["general", "symmetric"]:
        """Symmetric INT8 is for accelerators and ARM; everything else is for any processor."""
        return "symmetric" if self.quantization == _SYMMETRIC else "general"
