"""The page of a finished training: what stands in it, in which order, and what never does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.decision import Limits, Outcome
from tests.fakes.finished import HOSTILE, finished_run
from training.data.dataset import Picture
from training.report.account import Account, Remark, account_of
from training.report.document import html
from training.report.pictures import MOST, Seen, caption, worst
from training.report.summary import figures, sentences
from training.text import Text

LEAK = Remark(
    "copies", Text("Warning", "警告"), Text("Equal pictures", "相同图像"), Text("2 are", "2 张"), Text("Go", "删")
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return account_of(finished_run(tmp_path_factory.mktemp("finished")), [LEAK])


@pytest.fixture(scope="module")
def page(account: Account) -> str:
    return html(account)


def test_it_needs_nothing_else_and_no_name_becomes_code(page: str) -> None:
    assert not re.search(r"(src|href)=[\"'](?!data:)|url\(|<script|@import", page)
    assert HOSTILE not in page and "&lt;img src=x onerror" in page


def test_unseen_pictures_stand_before_held_out_ones(page: str) -> None:
    places = [
        page.index(f">{title}<")
        for title in ("Pictures that training never saw", "Held-out scores, limits and certificate")
    ]
    assert places == sorted(places)
    assert page.index("19 test pictures that nothing was chosen on") < page.index("Trained on 16 good")


def test_every_rate_of_errors_stands_with_its_interval(account: Account, page: str) -> None:
    told = " ".join(text.en for text in sentences(account))
    assert "overkill (NG) 0 of 16 (0.0%; 95 % between 0.0% and 20.6%)" in told
    assert not re.search(r"\b0(\.0)? ?% escapes", page + told)
    for found in re.findall(r"(\d+ of \d+ \([\d.]+%[^)]*)", told):
        assert "95 % between" in found


def test_each_part_is_there_in_both_languages(page: str) -> None:
    for part in (
        *("Equal pictures", "相同图像", "within the noise of this comparison", "噪声之内", "fp32", "openvino"),
        *("REFUSED", "已拒绝", "按要求未生成 LiteRT。", "合成缺陷", "network, p50 / p99", "网络 p50 / p99", "混淆矩阵"),
        *("recall: share of defects found", "召回率", "can be certified", "可证明", "AUROC against good"),
    ):
        assert part in page
    assert page.count("<svg") == 4 and page.count("data:image/jpeg") == 19 <= MOST


def test_what_synthetic_defects_were_for_is_said(tmp_path: Path) -> None:
    none, taught = (html(account_of(finished_run(tmp_path / str(drawn), drawn=drawn), [])) for drawn in (0, 256))
    for said in ("No synthetic defect set a limit", "合成缺陷未用于设定界限"):
        assert said in none and said in taught
    for said in ("learned from 256 synthetic defects", "256 个合成缺陷中学习"):
        assert said in taught and said not in none


def test_without_test_pictures_that_is_said(tmp_path: Path) -> None:
    shown = html(account_of(finished_run(tmp_path, tested=False), []))
    assert "No picture was kept from training" in shown and "the scores beneath are held out" in shown


def test_without_defects_nothing_is_compared_and_no_curve_drawn(tmp_path: Path) -> None:
    alone = account_of(finished_run(tmp_path, tested=False, defective=False), [])
    shown, told = html(alone), figures(alone)
    assert "nothing can be compared" in shown and shown.count("<svg") == 1
    assert told["auroc_held_out"] is None and told["tried"] == []
    assert any("no defective picture was shown" in text.en for text in sentences(alone))


def test_figures_carry_intervals_for_each_class(account: Account) -> None:
    found = figures(account)
    classes = found["classes"]
    assert isinstance(classes, dict) and set(classes) == {"bright", "没见过"}
    assert classes["bright"]["caught"]["total"] == 8 and len(classes["bright"]["caught"]["interval_95"]) == 2
    assert found["unseen_classes"] and found["findings"] == {"copies": "warning"}


def seen(label: str, score: float, outcome: Outcome) -> Seen:
    return Seen(Picture(Path("a"), f"{label}/{score}", label, "a", "a", (8, 8)), score, outcome)


def test_escapes_come_first_then_overkill_then_recheck_then_what_is_near() -> None:
    rows = [
        seen("good", 0.1, Outcome.OK),
        seen("good", 0.2, Outcome.OK),
        seen("good", 0.7, Outcome.NG),
        seen("dent", 0.4, Outcome.RECHECK),
        seen("dent", 0.2, Outcome.OK),
        seen("dent", 0.1, Outcome.OK),
        seen("dent", 0.9, Outcome.NG),
    ]
    order = worst(rows, Limits(0.3, 0.6))
    assert [one.picture.name for one in order] == [
        *("dent/0.1", "dent/0.2", "good/0.7", "dent/0.4", "good/0.2", "good/0.1", "dent/0.9")
    ]
    assert caption(order[0]).en.startswith("ESCAPE: dent/0.1") and caption(order[0]).zh.startswith("漏检")
    assert len(worst(rows, Limits(0.3, 0.6), most=2)) == 2
