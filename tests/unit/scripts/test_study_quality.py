"""The table of docs/quality.md comes from held-out pictures, and a gate that catches nothing is seen in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.quality import Gate
from scripts import study_quality
from tests.fakes.gaps import with_part, write_one
from tests.fakes.line import DEMO_PACKAGE


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parts")
    for seed in range(16):
        write_one(root, "good", f"{seed:02d}", with_part(seed))
    return root / "good"


def test_faults_are_found_and_no_good_picture_called_unfit(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study_quality.main([f"squares={parts}", "--most", "12"]) == 0
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[2].split("|")[1:-1]]
    assert cells[:3] == ["squares", "12", "0"]
    found = dict(zip(study_quality.FAULTS, cells[3:], strict=False))
    del found["contrast x4"]  # nothing in these pictures comes near an end
    assert set(found.values()) == {"100%"}


def test_a_gate_that_lets_all_pass_is_seen(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "of", lambda *_: None)
    found = study_quality.study(study_quality.pictures_of(parts, 8), 4)
    assert set(found.found.values()) == {0} and not found.false


def test_the_cost_is_told_beside_everything_else() -> None:
    took = study_quality.cost(DEMO_PACKAGE, 2)
    assert took.whole_ms > took.gate_ms > 0 and took.presence_ms >= 0
    assert study_quality.Cost(gate_ms=1.0, presence_ms=1.0, whole_ms=12.0).ratio == pytest.approx(1.2)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no pictures; name a folder"):
        study_quality.pictures_of(tmp_path, 8)
