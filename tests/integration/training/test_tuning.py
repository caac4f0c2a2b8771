"""The ladder with real networks: the layer that spoils INT8 is found; learning on with INT8 in sight repeats itself."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from tests.fakes.necks import NAMES, SIZE, Necked, noise
from training import tuning
from training.export import export_network, quantize
from training.learning.course import Course, Example, LearnConfig, Learned, Task
from training.networks.network import STRIDES, Classifier, Network, folded
from training.networks.trunk import load_trunk
from training.progress import Progress
from training.quantization import ladder
from training.quantization.ladder import Ladder, Loss, Rung
from training.quantization.sensitivity import shares
from training.tuning import tuned

SIDE = 64
PROGRESS = Progress(io.StringIO())


def spoiled() -> Necked:
    """A network of which one layer has a large weight for what is always zero: rounding leaves little of the others."""
    network = Necked()
    for layer in (network.fine, network.again):
        layer.weight.data[0] = 0
        assert layer.bias is not None
        layer.bias.data[0] = 0
    network.lateral4.weight.data[:, 0] = 300.0
    return network


def answers(model: bytes, frames: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    engine = choose_runtime("onnxruntime", model, 1)
    found = [np.array(engine.infer(frame)[2]) for frame in frames]
    engine.close()
    return found


def test_the_layer_that_spoils_int8_is_found_and_stays_in_floating_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "MOST_PLAIN", 0.5)
    plain = export_network(spoiled(), SIZE, NAMES)
    frames, validation = [noise(seed) for seed in range(6)], [noise(seed) for seed in range(20, 24)]
    wanted = answers(plain, validation)

    def judge(network: bytes) -> Loss:
        found = answers(network, validation)
        error = max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(found, wanted, strict=True))
        return Loss(1.0, 1.0 - error / 4, None, ("likeness", "相似度"))

    climb = Ladder(plain, frames, validation, judge, None, PROGRESS).climb("auto")
    assert not climb.steps[0].loss.bearable
    assert climb.taken.rung is Rung.PLAIN and climb.taken.layers == ("lateral4",) and climb.taken.loss.bearable
    assert climb.taken.share == pytest.approx(shares(plain, validation[0])["lateral4"])


def test_shares_of_the_work_are_those_of_multiply_adds() -> None:
    found = shares(export_network(Necked(), SIZE, NAMES), noise(0))
    assert sum(found.values()) == pytest.approx(1.0) and "heads.out_map" not in found
    # 3 x 3 of 12 inputs for 12 outputs at stride 4, against 1 x 1 of 12 for 16.
    assert found["again"] / found["lateral4"] == pytest.approx(9 * 12 / 16)


def course(task: Task) -> Course:
    rng = np.random.default_rng(0)
    examples = []
    for index in range(6):
        label = index % 2 + (task == "classification")
        pixels = rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[20:30, 20:40] = 1
        examples.append(Example(pixels, mask if task == "segmentation" and label else None, label))
    return Course(examples, ("a",) if task == "segmentation" else ("a", "b"), task)


@pytest.mark.parametrize("task", ["segmentation", "classification"])
def test_learning_on_is_repeatable_and_leaves_the_network_as_it_was(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "STEPS", 2)
    torch.manual_seed(0)
    taught = course(task)
    kind = Network if task == "segmentation" else Classifier
    made = kind(load_trunk(STRIDES), len(taught.classes))
    network, names = folded(made), made.names
    learned = Learned(network, made.strides, names, ())
    before = [one.detach().clone() for one in network.parameters()]
    frames = [one.pixels[None] for one in taught.train[:3]]
    config = LearnConfig(batch=4)
    found = tuned(learned, taught, config, frames, PROGRESS)
    assert all(torch.equal(one, two) for one, two in zip(before, network.parameters(), strict=True))
    assert found == tuned(learned, taught, config, frames, PROGRESS)
    assert found != quantize(export_network(network, (SIDE, SIDE), names), frames)
    engine = choose_runtime("onnxruntime", found, 1)
    maps = engine.infer(frames[0])
    assert len(maps) == len(names) and all(np.isfinite(one).all() for one in maps)
    engine.close()
