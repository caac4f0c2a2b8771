"""An operator changes the recipe on the page: chosen, scanned, refused; a real browser, page server and station."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.web.conftest import Open, page_with_pin, running_station
from tests.fakes.line import Running
from tests.fakes.recipes import save, store_at
from tests.fakes.web_server import PIN

LOAD_MS = 60_000


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with page_with_pin(tmp_path) as address:
        yield address


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Running]:
    store = store_at(tmp_path / "recipes")
    save(store, more='codes = ["4006381333931"]')
    save(store, id="washer", number=13)
    with running_station(tmp_path, lambda status: status.ready) as running:
        yield running


def sign_in(page: Page) -> None:
    page.locator("#change").click()
    page.locator("#pin").fill(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#recipes")).to_be_visible()


def test_a_recipe_is_chosen_confirmed_and_in_force(tmp_path: Path, station: Running, open_page: Open) -> None:
    page = open_page()
    sign_in(page)
    expect(page.locator("#recipe-list label")).to_have_text(
        ["1 · Default (version 1) – in force", "12 · The bracket (version 1)", "13 · The washer (version 1)"]
    )
    violations = Axe().run(page).response["violations"]
    assert [violation["id"] for violation in violations] == []
    page.locator("#recipe-go").click()
    expect(page.locator("#recipe-says")).to_have_text("Choose a recipe, or scan its barcode.")
    # By keyboard alone: past the field into the list, down to the last, confirm twice.
    page.locator("#code").press("Tab")
    page.locator("#recipe-list input").nth(2).check()
    page.keyboard.press("Enter")
    expect(page.locator("#recipe-says")).to_have_text(
        "Change from Default to The washer? Parts under way are still judged by Default."
    )
    assert "washer" not in page.locator("#recipe").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#recipe-says")).to_have_text("The washer is in force.", timeout=LOAD_MS)
    expect(page.locator("#recipe")).to_contain_text("The washer (1)")
    page.keyboard.press("Enter")
    expect(page.locator("#recipes")).to_be_hidden()
    assert [deed.act for deed in store_at(tmp_path / "recipes").history()][-1] == "activate"


def test_a_scanner_types_its_code_and_an_unknown_one_is_refused(station: Running, open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    sign_in(page)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("4006381333930\n", delay=2)
    expect(page.locator("#recipe-says")).to_contain_text("没有配方使用条码 4006381333930", timeout=LOAD_MS)
    assert re.findall(r"[A-Za-z]{4,}", page.locator("#recipe-says").inner_text()) == []
    expect(page.locator("#recipe")).to_contain_text("Default")
    page.locator("#recipe-close").click()
    page.locator("#change").click()
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("4006381333931\n", delay=2)
    expect(page.locator("#recipe-says")).to_have_text("The bracket 已生效。", timeout=LOAD_MS)
    expect(page.locator("#recipe")).to_contain_text("The bracket (1)")
