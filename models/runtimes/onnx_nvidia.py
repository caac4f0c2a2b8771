"""ONNX Runtime's providers for NVIDIA's GPUs, TensorRT and CUDA, and never the CPU in their place.

onnxruntime drops a provider that is missing with no more than a warning, leaves to the CPU whatever a provider does not
take, and steps down to the CPU when one fails later. The first is looked for twice, the second is forbidden by an
option and looked up in the profile of a first run, the third is switched off. What cannot be seen: in which precision
TensorRT computes a layer; the golden frames have to tell. Never seen on hardware: tested with tests/fakes/nvidia.py.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import RuntimeUnavailable
from models.runtimes.base import Placement, first_line
from models.runtimes.engine_cache import engine_folder
from models.runtimes.nvidia_versions import NvidiaVersions, nvidia_versions
from models.runtimes.onnx import OnnxRuntime, Vendor, import_onnxruntime, session_options

_log = logging.getLogger(__name__)
_TENSORRT, _CUDA = "TensorrtExecutionProvider", "CUDAExecutionProvider"
_REMEDY = (
    "install NVIDIA's onnxruntime-gpu for this JetPack or driver, or choose another [model] runtime: okng never moves "
    "to the CPU by itself"
)


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    options: Mapping[str, str]


Ask = Callable[[], NvidiaVersions]


def start_on_cuda(model: bytes, placement: Placement, versions: Ask = nvidia_versions) -> OnnxRuntime:
    """The network on CUDA alone.

    Raises:
        RuntimeUnavailable: CUDA is missing or does not take the whole network.
    """
    vendor = import_onnxruntime()
    return _start(vendor, model, placement, "cuda", [_Provider(_CUDA, {})], versions().gpu or "driver unknown")


def start_on_tensorrt(model: bytes, placement: Placement, versions: Ask = nvidia_versions) -> OnnxRuntime:
    """The network on TensorRT, and on CUDA what TensorRT does not take; its first start builds an engine for minutes.

    Engines are kept in `placement.engine_cache` where the versions they depend on are known.

    Raises:
        RuntimeUnavailable: a provider is missing, TensorRT takes no part of the network, or some of it needs the CPU.
    """
    vendor = import_onnxruntime()
    options = {"trt_int8_enable": "1", "trt_fp16_enable": "1"}
    found = versions()
    if placement.engine_cache is not None and found.known:
        tools = f"onnxruntime {vendor.library.__version__}, {found}"
        folder = str(engine_folder(placement.engine_cache, model, tools))
        options |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": folder,
        }
    else:
        _log.warning("TensorRT's engines are not kept: each start builds them anew, which takes minutes")
    providers = [_Provider(_TENSORRT, options), _Provider(_CUDA, {})]
    return _start(vendor, model, placement, "tensorrt", providers, str(found))


def _start(
    vendor: Vendor, model: bytes, placement: Placement, device: str, providers: Sequence[_Provider], versions: str
) -> OnnxRuntime:
    """A session of which the first provider does a part, the others may, and the CPU does none.

    `versions` stands in the label, so that an update of what is below ONNX Runtime voids a certification.
    """
    _refuse_missing(providers, vendor.library.get_available_providers())
    options = session_options(vendor, placement.threads)
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    with tempfile.TemporaryDirectory(prefix="okng-") as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "ran")
        try:
            session = vendor.library.InferenceSession(
                model, options, providers=[(one.name, dict(one.options)) for one in providers], enable_fallback=0
            )
            _refuse_missing(providers, session.get_providers())
            ran = providers_that_ran(session)
        except vendor.errors as error:
            raise RuntimeUnavailable(
                f"onnxruntime cannot run the whole network on {device} ({first_line(error)}); {_REMEDY}"
            ) from error
    allowed = [one.name for one in providers]
    if allowed[0] not in ran or not ran <= set(allowed):
        raise RuntimeUnavailable(f"the network ran on {', '.join(sorted(ran))} instead of {allowed[0]}; {_REMEDY}")
    shared = "+cuda" if len(ran) > 1 else ""
    label = f"onnxruntime-{device}{shared} {vendor.library.__version__} ({versions})"
    return OnnxRuntime(session, label, vendor.errors)


def _refuse_missing(providers: Sequence[_Provider], present: Sequence[str]) -> None:
    for provider in providers:
        if provider.name not in present:
            raise RuntimeUnavailable(f"onnxruntime here has no {provider.name}, only {', '.join(present)}; {_REMEDY}")


def providers_that_ran(session: Any) -> set[str]:
    """Run one blank picture and read from the profile which provider ran each node; profiling ends with it."""
    first = session.get_inputs()[0]
    session.run(None, {first.name: np.full(first.shape, 127, np.uint8)})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return {event["args"]["provider"] for event in events if "provider" in event.get("args", {})}
