"""Which engine runs which network here: the only place that knows every adapter's name and what it needs.

| engine               | family      | takes                                                     |
|----------------------|-------------|-----------------------------------------------------------|
| openvino             | openvino    | the general ONNX; on ARM the symmetric one if it is listed|
| onnxruntime          | onnxruntime | the same                                                  |
| tflite               | tflite      | the LiteRT file                                           |
| onnxruntime-tensorrt | onnxruntime | the symmetric ONNX, nothing else                          |
| onnxruntime-cuda     | onnxruntime | the general ONNX                                          |
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from models.artefact import ArtefactEntry, Format, RuntimeName
from models.errors import PackageError, RuntimeUnavailable
from models.runtimes.base import Placement, Runtime
from models.runtimes.onnx import start_on_cpu
from models.runtimes.onnx_file import refuse_external_data
from models.runtimes.onnx_nvidia import start_on_cuda, start_on_tensorrt
from models.runtimes.openvino import OpenVinoRuntime
from models.runtimes.tflite import TfLiteRuntime
from models.runtimes.tflite_file import refuse_unsafe_tflite

REFERENCE = "onnxruntime"
_ONNX: tuple[Format, ...] = ("onnx",)
DEVICES = ("CPU", "GPU", "NPU", "AUTO")
_LOAD_S = 60.0
_CHECK: dict[Format, Callable[[bytes], None]] = {"onnx": refuse_external_data, "tflite": refuse_unsafe_tflite}


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to run a network.

    `modules`: any of them must be installed; `devices`: what `Placement.device` may say; `symmetric_only`: general INT8
    is not for it; `automatic`: "auto" may take it; `load_s`: how long loading may take, engines being built included.
    """

    family: RuntimeName
    format: Format
    modules: tuple[str, ...]
    start: Callable[[bytes, Placement], Runtime]
    devices: tuple[str, ...] = ("CPU",)
    symmetric_only: bool = False
    automatic: bool = True
    load_s: float = _LOAD_S


# Fastest first, as measured on AVX2; "auto" takes the first that is installed and finds its network in the package, of
# those that the package was proven on if there are any.
ENGINES: dict[str, Engine] = {
    "openvino": Engine("openvino", "onnx", ("openvino",), OpenVinoRuntime, DEVICES),
    "onnxruntime": Engine("onnxruntime", "onnx", ("onnxruntime",), start_on_cpu),
    "tflite": Engine("tflite", "tflite", ("ai_edge_litert", "tflite_runtime"), TfLiteRuntime),
    "onnxruntime-tensorrt": Engine(
        "onnxruntime",
        "onnx",
        ("onnxruntime",),
        start_on_tensorrt,
        symmetric_only=True,
        automatic=False,
        load_s=1800.0,
    ),
    "onnxruntime-cuda": Engine("onnxruntime", "onnx", ("onnxruntime",), start_on_cuda, automatic=False, load_s=300.0),
}


def installed_runtimes(formats: Collection[Format] = _ONNX) -> tuple[str, ...]:
    """Engines that can be imported here, read one of the formats and need no naming, fastest first."""
    return tuple(
        name
        for name, engine in ENGINES.items()
        if engine.automatic and engine.format in formats and any(find_spec(module) for module in engine.modules)
    )


def engine_of(label: str) -> str:
    """The name of the engine that a runtime's label stands for, such as "openvino" for "openvino-cpu 2026.4.1"."""
    word = label.split(" ")[0]
    return next((name for name in sorted(ENGINES, key=len, reverse=True) if word.startswith(name)), word)


def load_limit_s(name: str) -> float:
    """How long the engine, or "auto", may take to load a network."""
    return ENGINES[name].load_s if name in ENGINES else _LOAD_S


def choose_runtime(name: str, model: bytes, threads: int) -> Runtime:
    """Load one network on the engine `name`, or with "auto" on the fastest one that is installed and reads ONNX.

    Raises:
        RuntimeUnavailable: the engine is unknown or not installed.
        PackageError: the engine cannot load this network, or the network reaches outside its file.
    """
    placement = Placement(name, threads=threads)
    return _start(_engine(placement, _ONNX), model, placement)


def start_runtime(
    placement: Placement, artefacts: Sequence[ArtefactEntry], files: Mapping[str, bytes]
) -> tuple[Runtime, ArtefactEntry]:
    """Load that network of a package which is for this engine and processor.

    Raises:
        RuntimeUnavailable: the engine is unknown, not installed, or not for this device.
        PackageError: no network in the package is for it, or it cannot load the one that is.
    """
    engine, artefact = settle(placement, artefacts)
    return _start(engine, files[artefact.file], placement), artefact


def settle(placement: Placement, artefacts: Sequence[ArtefactEntry]) -> tuple[Engine, ArtefactEntry]:
    """What `start_runtime` would start, without starting it.

    Raises:
        RuntimeUnavailable: "auto" finds no engine, or the one named is unknown or not for this device.
        PackageError: no network in the package is for it.
    """
    proven = {(artefact.format, family) for artefact in artefacts for family in artefact.certified}
    engine = _engine(placement, {artefact.format for artefact in artefacts}, proven)
    return engine, pick_artefact(engine, artefacts, platform.machine())


def pick_artefact(engine: Engine, artefacts: Sequence[ArtefactEntry], machine: str) -> ArtefactEntry:
    """The network for an engine on a processor of the architecture `machine`.

    Symmetric INT8 overflows the kernels of x86 processors without VNNI: there it is never taken. TensorRT computes no
    other.

    Raises:
        PackageError: there is none.
    """
    roles = {artefact.role: artefact for artefact in artefacts if artefact.format == engine.format}
    symmetric, general = roles.get("symmetric"), roles.get("general")
    if engine.symmetric_only:
        if symmetric is None:
            raise PackageError("the package has no symmetric INT8 network, which TensorRT needs; train it with one")
        return symmetric
    on_arm = machine.lower().startswith(("aarch64", "arm"))
    if on_arm and symmetric is not None and engine.family in symmetric.certified:
        return symmetric
    if general is None:
        raise PackageError(
            f"the package has no {engine.format} network for {engine.family} on this processor; choose another "
            "[model] runtime, or train the package with one"
        )
    return general


def _engine(
    placement: Placement, formats: Collection[Format], proven: Collection[tuple[Format, RuntimeName]] = ()
) -> Engine:
    """`proven`: "auto" takes none but these if one of them is here: on any other, a station could only monitor."""
    if placement.device not in DEVICES:
        raise RuntimeUnavailable(f"there is no device {placement.device!r}; choose one of {', '.join(DEVICES)}")
    name = placement.runtime
    if name == "auto":
        fit = [one for one in installed_runtimes(formats) if placement.device in ENGINES[one].devices]
        if not fit:
            raise RuntimeUnavailable(
                f"no runtime for {' or '.join(sorted(formats))} on {placement.device} is installed here; "
                "pip install 'okng[device]', or 'okng[tflite]' for LiteRT"
            )
        known = [one for one in fit if (ENGINES[one].format, ENGINES[one].family) in proven]
        name = (known or fit)[0]
    if name not in ENGINES:
        raise RuntimeUnavailable(f"there is no runtime {name!r}; choose one of auto, {', '.join(ENGINES)}")
    if placement.device not in ENGINES[name].devices:
        raise RuntimeUnavailable(
            f'{name} takes no device {placement.device}; leave [model] device out, or set runtime = "openvino"'
        )
    return ENGINES[name]


def _start(engine: Engine, model: bytes, placement: Placement) -> Runtime:
    _CHECK[engine.format](model)
    return engine.start(model, placement)
