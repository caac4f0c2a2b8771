"""LiteRT and symmetric files hold the reference's network, tell nothing of the machine, and nobody of themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from models.runtimes.tflite_file import refuse_unsafe_tflite
from tests.fakes.discs import disc
from training import litert
from training.errors import ConversionFailed
from training.export import export_trunk, keep_outputs, quantize
from training.features import Features
from training.quantized import read_quantized
from training.symmetric import extract_unoptimized, symmetric

ROOM = Path(__file__).resolve().parents[3]
SIZE, STRIDES = (96, 64), (8, 16)
Answer = Callable[[NDArray[np.uint8]], Features]


def frame(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    picture = np.stack([disc(seed)[0][:64]] * 3, axis=-1).astype(np.int16) + rng.integers(-20, 20, (64, 96, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)[None]


@pytest.fixture(scope="module", params=["whole", "narrower"])
def reference(request: pytest.FixtureRequest) -> bytes:
    frames = [frame(seed) for seed in range(64)]
    plain = export_trunk(SIZE, (4, *STRIDES), None, frames if request.param == "narrower" else ())
    return keep_outputs(quantize(plain, frames), STRIDES)


@pytest.fixture(scope="module")
def converted(reference: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one conversion, which was watched for connections."""
    folder = tmp_path_factory.mktemp("conversion")
    strace = shutil.which("strace")
    assert strace, "strace is missing; see scripts/system-packages.txt"
    watched = [strace, "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(folder / "trace")]
    # Outside CI and with an empty home: that is where telemetry asks nobody and sends.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    done = subprocess.run(
        [*watched, *litert.prepare(folder, reference, STRIDES, SIZE)],
        cwd=ROOM,
        env=environment | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def content(converted: Path, form: str) -> bytes:
    return (converted / litert.file_name(form)).read_bytes()


def apart(left: Features, right: Features) -> float:
    """The largest relative distance of two networks' maps."""
    return max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(left, right, strict=True))


def answers(reference: bytes) -> dict[int, Features]:
    engine = choose_runtime("onnxruntime", reference, 1)
    return {seed: tuple(one.copy() for one in engine.infer(frame(seed))) for seed in range(100, 104)}


@pytest.mark.parametrize(("form", "most"), [("int8 per-channel", 0.1), ("int8 weights", 0.2), ("float32", 0.2)])
def test_every_form_computes_the_references_network(reference: bytes, converted: Path, form: str, most: float) -> None:
    model = content(converted, form)
    refuse_unsafe_tflite(model)
    engine = choose_runtime("tflite", model, 1)
    for seed, expected in answers(reference).items():
        found = engine.infer(frame(seed))
        assert [one.shape for one in found] == [one.shape for one in expected]
        assert apart(found, expected) < most
    engine.close()


def test_int8_is_the_smallest_but_for_what_its_ranges_take(converted: Path) -> None:
    sizes = {form: len(content(converted, form)) for form in litert.LADDER}
    assert max(sizes["int8 per-channel"], sizes["int8 weights"]) < 0.5 * sizes["float32"]


def test_a_conversion_opens_no_connection_and_leaves_no_trace_of_the_machine(converted: Path) -> None:
    assert "AF_INET" not in (converted / "trace").read_text()
    for form in litert.LADDER:
        for word in (b"/home", b"/tmp", b"site-packages", b".py", str(ROOM).encode()):
            assert word not in content(converted, form)


def test_a_converted_network_that_computes_something_else_is_refused(converted: Path) -> None:
    """The file against the trunk with its own fp32 weights, which differ from the reference's by their rounding."""
    script = (
        "import sys; from pathlib import Path; from training import litert_child as child\n"
        "from training.networks.trunk import ChannelsLastTrunk, load_trunk\n"
        f"module = ChannelsLastTrunk(load_trunk({STRIDES})).eval()\n"
        "child._refuse_another_function(Path(sys.argv[1]).read_bytes(), module)\n"
    )
    path = converted / litert.file_name("float32")
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOM, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 1 and "the converted network differs from the trunk by" in done.stderr


def test_a_converter_that_dies_or_hangs_is_a_refusal(reference: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "prepare", lambda *_: [sys.executable, "-c", "import sys; sys.exit('no such op')"])
    with pytest.raises(ConversionFailed, match=r"exit code 1 \(no such op\)"):
        litert.convert(reference, STRIDES, SIZE)
    monkeypatch.setattr(litert, "prepare", lambda *_: [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    with pytest.raises(ConversionFailed, match="exit code -9"):
        litert.convert(reference, STRIDES, SIZE)
    monkeypatch.setattr(litert, "_TIMEOUT_S", 0.1)
    monkeypatch.setattr(
        litert, "prepare", lambda *_: [sys.executable, "-c", "import threading; threading.Event().wait()"]
    )
    with pytest.raises(ConversionFailed, match="did not end"):
        litert.convert(reference, STRIDES, SIZE)


def test_the_reference_is_read_back_whole(reference: bytes) -> None:
    parts = read_quantized(reference)
    assert (
        len(parts.layers) == 33 and len(parts.ranges) == 40 and list(parts.layers)[:2] == ["stem", "blocks.0.layers.0"]
    )
    for layer in parts.layers.values():
        steps = layer.weight / layer.scale.reshape(-1, 1, 1, 1)
        assert np.abs(steps - steps.round()).max() < 1e-3 and np.abs(steps).max() <= 64
    assert parts.ranges[0] == (0.0, 255.0) and all(low <= 0 < high for low, high in parts.ranges)


def test_the_symmetric_file_stays_near_the_reference_and_repeats(reference: bytes) -> None:
    model = symmetric(reference)
    assert symmetric(reference) == model
    expected = answers(reference)
    found = extract_unoptimized(model, [frame(seed) for seed in expected])
    for own, wanted in zip(found, expected.values(), strict=True):
        assert apart(own, wanted) < 0.3


def test_every_zero_point_of_the_symmetric_file_is_a_signed_zero(reference: bytes) -> None:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(symmetric(reference)).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    zeros = [values[node.input[2]] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(zeros) == 40 + 40 + 33 and all(zero.dtype == np.int8 and not zero.any() for zero in zeros)
    weights = [one for one in values.values() if one.dtype == np.int8 and one.ndim == 4]
    assert len(weights) == 33 and min(int(one.min()) for one in weights) >= -127
    assert sum(node.op_type == "Clip" for node in graph.node) == 23
