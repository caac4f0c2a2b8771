"""An operator shows golden parts, guided by the page: a real browser, a real page server, a real station behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.web.conftest import Open, page_with_pin, running_station
from tests.fakes.line import Running
from tests.fakes.web_server import PIN

GOLDEN = """
[recipe.golden]
[[recipe.golden.parts]]
name = "good flange"
expected = "OK"
[[recipe.golden.parts]]
name = "bad flange"
serial = "G-2"
expected = "NG"
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with page_with_pin(tmp_path) as address:
        yield address


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Running]:
    with running_station(tmp_path, lambda status: status.golden is not None, GOLDEN) as running:
        yield running


def test_the_page_asks_for_golden_parts_and_guides_through_them(station: Running, open_page: Open) -> None:
    page = open_page()
    modes, golden = page.locator("#mode-list"), page.locator("#golden")
    expect(modes).to_contain_text("Golden parts are due – no production")
    expect(golden).to_have_text("Start golden parts")
    golden.click()
    for digit in PIN:
        page.locator(f"[data-digit='{digit}']").click()
    page.locator("#pin-form [type=submit]").click()
    expect(modes).to_contain_text("Golden parts – Pass is never set")
    expect(modes).to_contain_text("Show now: good flange must be OK")
    expect(modes).to_contain_text("bad flange (G-2) must be NG")
    assert Axe().run(page).response["violations"] == []
    page.locator("#switch").click()
    expect(modes).to_contain_text("请展示：good flange 应为 OK")
    expect(golden).to_have_text("中止标准件验证")
    golden.click()
    expect(modes).to_contain_text("需要验证标准件 – 暂停生产")
    expect(page.locator("#alarms")).to_contain_text("上次验证被中止")
