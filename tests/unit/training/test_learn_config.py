"""How long and by which views a network learns: as was asked for, no further than the part's answers allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from training.data.part import Part
from training.declared import AugmentSpec, TrainSpec
from training.learned import learn_config
from training.learning.course import LearnConfig, Task


@dataclass(frozen=True)
class Shown:
    """As much of `Inputs` as is asked."""

    size: tuple[int, int] = (256, 256)
    augment: AugmentSpec = field(default_factory=lambda: AugmentSpec(flip=False))


def config(
    spec: TrainSpec, part: Part | None = None, inputs: Any = None, examples: int = 600, task: Task = "segmentation"
) -> LearnConfig:
    return learn_config(spec, inputs or Shown(), part or Part(), task, examples, 7)


def test_without_answers_nothing_is_turned_or_mirrored() -> None:
    found = config(TrainSpec())
    assert found.seed == 7
    assert not (found.quarters or found.mirror_x or found.mirror_y) and found.gain == LearnConfig().gain


def test_epochs_are_as_asked_and_minutes_become_some() -> None:
    assert config(TrainSpec(epochs=3)).epochs == 3
    short, long = (config(TrainSpec(minutes=minutes)).epochs for minutes in (10, 20))
    assert short > 1 and abs(long - 2 * short) <= 1
    assert config(TrainSpec(minutes=10), inputs=Shown((512, 512))).epochs == pytest.approx(short / 4, abs=1)
    assert config(TrainSpec(minutes=0.01)).epochs == 1


def test_few_pictures_are_shown_more_often_up_to_a_bound() -> None:
    found = [config(TrainSpec(), examples=examples).epochs for examples in (12, 100, 600, 800, 5000)]
    assert found == [120, 120, 60, 45, 24]
    named = [config(TrainSpec(), examples=examples, task="classification").epochs for examples in (12, 300, 800)]
    assert named == [120, 48, 24]


def test_answers_allow_and_forbid() -> None:
    flipped = Shown(augment=AugmentSpec(flip=True))
    lying = config(TrainSpec(), Part(rotation="any"), flipped)
    assert lying.quarters and lying.mirror_x and lying.mirror_y
    fixed = config(TrainSpec(), Part(rotation="none", light_varies=False), flipped)
    assert fixed.mirror_x and not (fixed.quarters or fixed.mirror_y)
    assert fixed.gain == fixed.gamma == fixed.contrast == 0.0 and fixed.sharpness == LearnConfig().sharpness
    assert not config(TrainSpec(), Part(rotation="any"), Shown((320, 256))).quarters
