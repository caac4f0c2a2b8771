"""The reference network as LiteRT files, converted in a child process.

`litert-torch` brings jax and a compiler: a gigabyte of memory that a training does not get back, pages of progress on
both streams, and native code that can end its process. None of that may reach the run that asks for a file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from models.manifest import Quantization
from training.errors import ConversionFailed

NEEDED = ("litert_torch", "ai_edge_quantizer", "ai_edge_litert")
TOOLS = ("litert-torch", "ai-edge-quantizer", "ai-edge-litert")
# In the order in which a package wants them.
LADDER: tuple[Quantization, ...] = ("int8 per-channel", "int8 weights", "float32")
REFERENCE_FILE, SETTINGS_FILE = "reference.onnx", "settings.json"
_TIMEOUT_S = 600.0


def installed() -> bool:
    """Whether networks can be converted and judged here."""
    return all(find_spec(name) is not None for name in NEEDED)


def file_name(quantization: str) -> str:
    """What the child calls the file of a form."""
    return f"{quantization.replace(' ', '_')}.tflite"


def prepare(folder: Path, reference: bytes, strides: Sequence[int], size: tuple[int, int]) -> list[str]:
    """Lay out what the child needs and return its command; `size` is (width, height)."""
    (folder / REFERENCE_FILE).write_bytes(reference)
    (folder / SETTINGS_FILE).write_text(json.dumps({"strides": list(strides), "size": list(size)}))
    return [sys.executable, "-m", "training.litert_child", str(folder)]


def convert(reference: bytes, strides: Sequence[int], size: tuple[int, int]) -> dict[Quantization, bytes]:
    """Every form of the INT8 network `reference`, whose outputs are `strides`; blocks for some 20 s.

    Raises:
        ConversionFailed: the converter failed, or what it made computes something else than the trunk.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = prepare(folder, reference, strides, size)
        room = Path(__file__).resolve().parent.parent
        try:
            done = subprocess.run(
                command, cwd=room, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, errors="replace"
            )
        except subprocess.TimeoutExpired as error:
            raise ConversionFailed(f"the LiteRT converter did not end within {_TIMEOUT_S:g} s") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ConversionFailed(f"the LiteRT converter failed with exit code {done.returncode} ({last[:300]})")
        return {form: (folder / file_name(form)).read_bytes() for form in LADDER}
