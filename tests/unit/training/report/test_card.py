"""The model card: both languages, figures with intervals, and nothing a name could break out with."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.fakes.finished import finished_run
from tests.fakes.packages import parsed, small_files, small_manifest
from training.commands.card import card as command
from training.report.card import card
from training.report.scored import judged_pictures
from training.report.unseen import on_reference, sentences
from training.run import TrainingRun


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return finished_run(tmp_path_factory.mktemp("finished"))


def test_it_holds_every_section_in_both_languages(run: TrainingRun) -> None:
    test = judged_pictures(on_reference(run.unseen))
    text = card(run.manifest, run.package_bytes, sentences(run.unseen), test)
    english, _, chinese = text.partition("\n---\n")
    for title in ("What it is for", "Training data", "Pictures that training never saw", "Certificate", "Versions"):
        assert f"## {title}" in english
    for title in ("用途", "训练数据", "训练从未见过的图像", "证明", "从未测试过的情况", "权重与许可"):
        assert f"## {title}" in chinese
    assert "19 test pictures that nothing was chosen on" in english and "Apache-2.0" in english
    assert "| bright | 8 | 3 of 8 (37.5%; 95 % between 8.5% and 75.5%)" in english
    assert "Defects that are not listed above" in english and "0 % escapes" not in text


def test_a_package_alone_says_that_no_test_picture_is_known(run: TrainingRun, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(run.request.package)])
    assert done.exit_code == 0 and "No test pictures are recorded here" in done.stdout
    assert "24 % can be certified" in done.stdout and "可证明不超过 24 %" in done.stdout
    out = tmp_path / "a.md"
    assert CliRunner().invoke(command, [str(run.request.package), "--out", str(out)]).exit_code == 0
    assert out.read_text() == done.stdout
    again = CliRunner().invoke(command, [str(run.request.package), "--out", str(out)])
    assert again.exit_code == 2 and "--force" in again.stderr


def test_a_missing_and_a_foreign_package_are_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(command, [str(tmp_path / "none.okng")]).exit_code == 3
    (tmp_path / "a.okng").write_bytes(b"no zip")
    assert CliRunner().invoke(command, [str(tmp_path / "a.okng")]).exit_code == 4


def test_a_label_cannot_break_out_of_its_cell() -> None:
    hostile = "<b>|`x`\n# [y](z)"
    sample = {"scores": [0.5], "groups": ["c"]}
    calibration = {"scores": [0.1, 0.2], "groups": ["a", "b"], "defects": {hostile: sample}}
    text = card(parsed(small_manifest(small_files(), calibration=calibration)), 1)
    assert "&lt;b>\\|\\`x\\` # \\[y\\](z)" in text and "<b>" not in text and "\n# [y]" not in text
