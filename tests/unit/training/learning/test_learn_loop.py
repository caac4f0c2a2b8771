"""What a network learns, and that a learning which was stopped ends as an unbroken one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from training.errors import BadData
from training.learning.checkpoint import Checkpoint
from training.learning.course import Course, Example, LearnConfig
from training.learning.loop import learn
from training.progress import Progress

SIZE = 64
SILENT = Progress(io.StringIO())
CONFIG = LearnConfig(epochs=2, batch=4, head_rate=5e-3)


def example(rng: np.random.Generator, label: int) -> Example:
    """A gray square; of class 1 with a black spot, of class 2 with a white one."""
    pixels = rng.integers(110, 130, (SIZE, SIZE, 3)).astype(np.uint8)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    if label > 0:
        y, x = rng.integers(8, SIZE - 24, 2)
        pixels[y : y + 16, x : x + 16] = 0 if label == 1 else 255
        mask[y : y + 16, x : x + 16] = label
    return Example(pixels, mask, label)


def course(task: str = "segmentation") -> Course:
    rng = np.random.default_rng(1)
    first = 0 if task == "segmentation" else 1
    return Course([example(rng, first + i % (3 - first)) for i in range(24)], ("black", "white"), task)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def unbroken() -> dict[str, torch.Tensor]:
    return learn(course(), CONFIG, SILENT, threads=1).module.state_dict()


def test_a_stopped_learning_ends_as_an_unbroken_one(unbroken: dict[str, torch.Tensor], tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "at.checkpoint", "this")

    class Killed(Exception):
        pass

    class Once(Checkpoint):
        def save(self, state: dict[str, object]) -> None:
            super().save(state)
            raise Killed

    with pytest.raises(Killed):
        learn(course(), CONFIG, SILENT, Once(checkpoint.path, checkpoint.belongs_to), threads=1)
    resumed = learn(course(), CONFIG, SILENT, checkpoint, threads=1).module.state_dict()
    assert resumed.keys() == unbroken.keys()
    assert all(torch.equal(resumed[name], unbroken[name]) for name in unbroken)


def test_another_seed_gives_another_network(unbroken: dict[str, torch.Tensor]) -> None:
    other = learn(course(), LearnConfig(seed=1, epochs=2, batch=4, head_rate=5e-3), SILENT, threads=1)
    assert any(not torch.equal(value, unbroken[name]) for name, value in other.module.state_dict().items())


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "at.checkpoint"
    Checkpoint(path, "that").save({"done": 1})
    with pytest.raises(BadData, match="other pictures, settings or code; delete it"):
        Checkpoint(path, "this").load()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x80\x04c__builtin__\neval\n."])
def test_a_damaged_or_hostile_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "at.checkpoint"
    path.write_bytes(content)
    with pytest.raises(BadData, match="cannot be read"):
        Checkpoint(path, "this").load()


@pytest.mark.parametrize("task", ["segmentation", "classification"])
def test_defects_are_found_and_named(task: str) -> None:
    module = learn(course(task), LearnConfig(epochs=8, batch=6, head_rate=5e-3), SILENT, threads=1).module
    rng = np.random.default_rng(2)
    with torch.no_grad():
        shown = (0, 1, 2) if task == "segmentation" else (1, 2)
        answers = {label: module(torch.from_numpy(example(rng, label).pixels[None])) for label in shown}
    names = {label: int(answer[-1][0, -2:, 0, 0].argmax()) + 1 for label, answer in answers.items() if label}
    assert names == {1: 1, 2: 2}
    if task == "segmentation":
        anomaly = {label: float(answer[-2][0, 0].max()) for label, answer in answers.items()}
        assert anomaly[0] < min(anomaly[1], anomaly[2])
