"""The study of scorers learns from good pictures alone and judges the rest; what it marks is what a training takes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from scripts import study_scorers
from tests.fakes.discs import write_discs
from training.features import Seen
from training.fitting import candidates
from training.fitting.sample import FitData
from training.progress import Progress


def features(seed: int, defect: float = 0.0) -> Seen:
    """Noise maps of a 64 x 64 input; a defect shifts one place at every stride."""
    rng = np.random.default_rng(seed)
    maps = []
    for stride, channels in ((4, 3), (8, 5), (16, 6)):
        side = 64 // stride
        feature = rng.normal(size=(channels, side, side)).astype(np.float32)
        feature[:, side // 2, side // 2] += np.float32(defect)
        maps.append(feature)
    return Seen((tuple(maps),))


def test_only_good_pictures_are_learned_from_and_at_most_so_many(tmp_path: Path) -> None:
    data = write_discs(tmp_path / "discs", good=16, scratches=3, stains=0)
    test = write_discs(tmp_path / "test", good=2, scratches=1, stains=1, first_seed=500)
    train, asked = study_scorers.parts(data, None, test, 14, seed=0)
    assert len(train.good) == 14 and not train.defective
    assert len(asked.good) == 2 and len(asked.defective) == 2


def test_the_table_names_every_scorer_once_and_marks_the_one_that_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_discs(tmp_path / "discs", good=12, scratches=3, stains=2)
    train, test = study_scorers.parts(data, None, data, None, seed=0)
    good = [features(seed) for seed in range(12)]
    drawn = [(index, features(100 + index, 6.0)) for index in range(12)]
    known = FitData(good, {"none": [[] for _ in good]}, [], [], (0, 1, 2, 3) * 3, synthetic=drawn)
    asked = [features(200 + index, 6.0 * (index >= 12)) for index in range(17)]
    monkeypatch.setattr(study_scorers, "seen", lambda *_: (known, asked))
    monkeypatch.setattr(candidates, "WITHOUT_DEFECTS", candidates.WITHOUT_DEFECTS[:3])
    lines = list(study_scorers.study(train, test, 0, Progress(io.StringIO())))
    assert lines[0] == "12 good pictures to learn from, 12 synthetic defects, 12 good and 5 defective test pictures"
    rows = lines[2:-1]
    assert len(rows) == 3 and [row[0] for row in rows] == ["*", " ", " "]
    assert all("100.0" in row for row in rows[:1]) and len({row.split("   ")[-1] for row in rows}) == 3
