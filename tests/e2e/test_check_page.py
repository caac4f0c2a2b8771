"""The page of `okng check-data` in a real browser: both languages, nothing foreign, nothing that axe objects to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from training.commands.check_data import check_data


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of data with copies, a cut file, a mask that marks nothing and names that hurt."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for label, count in (("good", 14), ("划痕", 6)):
        (root / label).mkdir()
        for index in range(count):
            picture = rng.integers(0, 256, (96, 128, 3)).astype(np.uint8)
            (root / label / f"{index}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    shutil.copy(root / "good" / "1.png", root / "good" / "<img src=x onerror=alert(1)>.png")
    shutil.copy(root / "good" / "2.png", root / "划痕" / "也是合格.png")
    (root / "good" / "3.png").write_bytes((root / "good" / "3.png").read_bytes()[:-50])
    (root / "ground_truth" / "划痕").mkdir(parents=True)
    blank = cv2.imencode(".png", np.zeros((96, 128), np.uint8))[1].tobytes()
    (root / "ground_truth" / "划痕" / "0.png").write_bytes(blank)
    page = tmp_path_factory.mktemp("page") / "page.html"
    result = CliRunner().invoke(check_data, [str(root), "--quick", "--page", str(page)])
    assert result.exit_code == 0, result.output
    return page


@pytest.fixture(scope="module")
def page(file: Path, browser: Browser) -> Iterator[Page]:
    shown = browser.new_page(viewport={"width": 1024, "height": 600})
    shown.on("dialog", lambda dialog: pytest.fail(f"a name became code: {dialog.message}"))
    shown.goto(file.as_uri())
    yield shown
    shown.close()


def test_it_reads_in_both_languages_and_has_nothing_that_axe_objects_to(page: Page) -> None:
    title = page.locator("h1")
    for language, said in (("en", "What was found in the data"), ("zh", "数据检查结果")):
        page.locator(f"#in-{language}").check()
        expect(title).to_have_text(said, use_inner_text=True)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        found = Axe().run(page).response["violations"]
        assert [f"{each['id']}: {node['target']}" for each in found for node in each["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_copies_stand_beside_each_other_with_their_names(page: Page) -> None:
    group = page.locator(".pictures", has_text="<img src=x onerror=alert(1)>.png").first
    expect(group.locator("figure")).to_have_count(2)
    expect(group).to_contain_text("good/1.png")
    boxes = [group.locator("figure").nth(index).bounding_box() for index in range(2)]
    assert all(boxes) and boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"]
