"""An operator has the station judge one part: a real browser, the real page server, a real station behind it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from appliance.demo.audit import read_journal
from tests.e2e.web.conftest import Line, Open, page_with_pin, running_station
from tests.e2e.web.test_live_layout import BUSY, FLAWS, LANGUAGES, SIZES, shown
from tests.fakes.line import Running
from tests.fakes.waiting import until
from tests.fakes.web_server import PIN

HIDDEN = ".only-says .asks-pin"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with page_with_pin(tmp_path) as address:
        yield address


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Running]:
    with running_station(tmp_path, lambda status: status.ready) as running:
        yield running


def type_pin(page: Page, pin: str) -> None:
    for digit in pin:
        page.locator(f"[data-digit='{digit}']").click()
    page.locator("#pin-form [type=submit]").click()


def parts(folder: Path) -> int:
    return len(read_journal(folder / "station.db"))


def audited(folder: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(folder / "station.db")) as db:
        return db.execute("SELECT source, actor, status FROM audit WHERE source != 'station'").fetchall()


def test_a_pin_then_a_press_then_a_verdict(tmp_path: Path, station: Running, open_page: Open) -> None:
    page = open_page()
    page.locator("#trigger").click()
    expect(page.locator("#dialog")).to_be_visible()
    assert parts(tmp_path) == 0, "nothing happens before the PIN"
    type_pin(page, PIN)
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#part")).to_contain_text("#1")
    expect(page.locator("#word")).to_have_text(re.compile("OK|NG|RECHECK|ERROR"))
    page.locator("#trigger").click()
    expect(page.locator("#part")).to_contain_text("#2")
    assert page.locator("#dialog").is_hidden(), "the PIN was asked once"
    page.reload()
    page.locator("#trigger").click()
    expect(page.locator("#part")).to_contain_text("#3")
    until(lambda: audited(tmp_path) == [("web", "operator", "accepted")] * 3, "three presses are in the audit trail")
    assert PIN not in (tmp_path / "station.log").read_text()


def test_wrong_pins_then_a_locked_door(tmp_path: Path, station: Running, open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    page.locator("#trigger").click()
    for _ in range(4):
        type_pin(page, "000000")
        expect(page.locator("#dialog-says")).to_have_text("密码错误")
        expect(page.locator("#pin")).to_have_value("")
    type_pin(page, "000000")
    expect(page.locator("#dialog-says")).to_contain_text("密码错误次数过多")
    type_pin(page, PIN)
    expect(page.locator("#dialog-says")).to_contain_text("秒后重试")
    assert re.findall(r"[A-Za-z]{2,}", page.locator("#dialog").inner_text()) == []
    page.locator("#dialog-close").click()
    expect(page.locator("#dialog")).to_be_hidden()
    assert parts(tmp_path) == 0


def test_a_refusal_is_said_in_words(tmp_path: Path, station: Running, open_page: Open) -> None:
    page = open_page()
    page.locator("#trigger").click()
    page.locator("#pin").fill(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#part")).to_contain_text("#1")
    # The page still shows the station's last word when it is gone: the next press must not look as if it had worked.
    button = page.locator("#trigger")
    button.evaluate("node => { window.pressLater = () => node.click(); }")
    assert station.end() == 0, station.text
    page.evaluate("window.pressLater()")
    expect(page.locator("#dialog-says")).to_have_text("The station does not run; start it with okng run")
    assert page.locator("#pin").is_hidden()
    page.locator("#dialog-close").click()
    expect(page.locator("#stale")).to_be_visible(timeout=8000)
    expect(button).to_be_hidden()


def test_no_button_where_the_station_takes_no_such_trigger(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    line.say_status(software_trigger=True)
    expect(page.locator("#trigger")).to_be_visible()
    line.say_status(software_trigger=False)
    expect(page.locator("#trigger")).to_be_hidden()


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
class TestLayout:
    @pytest.mark.parametrize("changes", [{}, BUSY], ids=["calm", "busy"])
    def test_the_button_stands_in_nobodys_way(
        self, line: Line, open_page: Open, width: int, height: int, locale: str, changes: dict[str, Any]
    ) -> None:
        page = open_page(width, height, locale)
        line.start()
        line.say_status(software_trigger=True, **changes)
        for kind in ("scratch", "dent", "stain", "chip", "scratch", "dent"):
            line.part("NG", kind)
        flaws = {}
        for number, outcome in enumerate(("OK", "NG", "RECHECK", "ERROR"), 1_234_567):
            shown(page, line.part(outcome, "scratch" if outcome == "NG" else None, number=number).number)
            flaws[outcome] = page.evaluate(FLAWS)
        assert flaws == {outcome: [] for outcome in flaws}
        assert small(page) == []

    def test_the_dialog_fits_and_its_keys_are_big_enough(
        self, line: Line, open_page: Open, width: int, height: int, locale: str
    ) -> None:
        page = open_page(width, height, locale)
        line.start()
        line.say_status(software_trigger=True)
        page.locator("#trigger").click()
        type_pin(page, "000000")
        expect(page.locator("#dialog-says")).not_to_be_empty()
        assert small(page) == []
        box = page.locator("#dialog").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
        assert page.locator("#dialog").evaluate("node => node.scrollHeight - node.clientHeight") == 0


@pytest.mark.parametrize(("width", "height", "locale"), [(1280, 800, "en-GB"), (800, 480, "zh-CN")])
def test_no_axe_violation(line: Line, open_page: Open, width: int, height: int, locale: str) -> None:
    page = open_page(width, height, locale, bypass_csp=True)
    line.start()
    line.say_status(software_trigger=True)
    expect(page.locator("#trigger")).to_be_visible()
    found = {"button": violations(page)}
    page.locator("#trigger").click()
    expect(page.locator("#pin")).to_be_visible()
    found["dialog"] = violations(page)
    type_pin(page, "000000")
    expect(page.locator("#dialog-says")).not_to_be_empty()
    found["wrong"] = violations(page)
    type_pin(page, PIN)
    expect(page.locator(HIDDEN).first).to_be_hidden(timeout=20_000)
    expect(page.locator("#dialog-says")).not_to_be_empty()
    found["no answer"] = violations(page)
    assert found == {when: [] for when in found}


def test_by_keyboard(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    line.say_status(software_trigger=True)
    expect(page.locator("#trigger")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#change")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#trigger")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#pin")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#trigger")).to_be_focused()


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


def small(page: Page) -> list[str]:
    """Buttons and fields that are shown and not 66 px each way; the language switch has its own measure."""
    flaws = []
    for each in page.locator("button, input").all():
        box = each.bounding_box()
        if box is not None and (box["width"] < 66 or box["height"] < 66):
            flaws.append(f"{each.inner_text()} {box}")
    return flaws
