"""The report of a training in a real browser: both languages, wide and narrow, nothing that axe objects to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.fakes.curves import measured
from tests.fakes.finished import finished_run
from training.curve.steps import steps
from training.curve.tell import as_page
from training.report.account import account_of
from training.report.document import html


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "report.html").write_text(html(account_of(finished_run(folder), [])))
    return folder / "report.html"


@pytest.fixture
def page(file: Path, browser: Browser) -> Iterator[Page]:
    shown = browser.new_page()
    shown.on("dialog", lambda dialog: pytest.fail(f"a name became code: {dialog.message}"))
    shown.goto(file.as_uri())
    yield shown
    shown.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_it_reads_in_both_languages_at_any_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    heading = page.locator("h2").first
    for language, said in (("en", "Pictures that training never saw"), ("zh", "训练从未见过的图像")):
        page.locator(f"#in-{language}").check()
        expect(heading).to_have_text(said, use_inner_text=True)
        found = Axe().run(page).response["violations"]
        assert [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [1280, 400])
def test_a_learning_curve_reads_in_both_languages_at_any_width(browser: Browser, tmp_path: Path, width: int) -> None:
    of = measured({1: 0.03, 5: 0.06, 25: 0.15})
    (tmp_path / "curve.html").write_text(as_page(of, steps(of)))
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((tmp_path / "curve.html").as_uri())
    for language, said in (("en", "What more defective pictures bring"), ("zh", "增加缺陷图像的作用")):
        page.locator(f"#in-{language}").check()
        expect(page.locator("h1")).to_have_text(said, use_inner_text=True)
        found = Axe().run(page).response["violations"]
        assert [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_charts_speak_one_language_at_a_time(page: Page) -> None:
    label = page.locator("svg text", has_text="召回率").first
    expect(label).to_be_hidden()
    page.locator("#in-zh").check()
    expect(label).to_be_visible()
    expect(page.locator("svg text", has_text="recall: share").first).to_be_hidden()
