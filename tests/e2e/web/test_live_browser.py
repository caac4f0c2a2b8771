"""Language, hostile texts, a full house: what a browser makes of the page."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from appliance.web.app import STREAMS
from tests.e2e.web.conftest import Line, Open
from tests.fakes.station_socket import SCRATCH
from tests.integration.web.test_web_server import Viewer

MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>&amp;'
# Names of the trade, of units, and what the station itself is called.
NOT_TRANSLATED = r"OK|NG|PLC|MQTT|ERROR|ms|English|Line|Station|Flange|ring|flange-demo|A-\d+-\d+"


def chinese_only(page: Page) -> None:
    words = re.sub(NOT_TRANSLATED, "", page.locator("body").inner_text())
    assert re.findall(r"[A-Za-z]{2,}", words) == []


class TestLanguage:
    def test_one_touch_changes_every_word_without_a_reload_and_is_kept(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        line.part("NG", "dent")
        expect(page.locator("#reason")).to_contain_text("Dent")
        page.evaluate("window.sameDocument = true")
        page.locator("#switch").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        expect(page.locator("#reason")).to_contain_text("凹坑")
        chinese_only(page)
        assert page.evaluate("window.sameDocument")
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        expect(page.locator("#reason")).to_contain_text("凹坑")
        [cookie] = page.context.cookies()
        assert (cookie["name"], cookie["sameSite"]) == ("okng_language", "Strict")
        page.locator("#switch").click()
        expect(page.locator("#reason")).to_contain_text("Dent")
        assert re.findall(r"[\u4e00-\u9fff]", page.locator("main").inner_text()) == []

    def test_a_chinese_browser_sees_chinese_from_the_start(self, line: Line, open_page: Open) -> None:
        page = open_page(locale="zh-CN")
        expect(page.locator("#verdict")).to_contain_text("等待检测站")
        line.start()
        for outcome in ("OK", "NG", "RECHECK", "ERROR", "NO_PART"):
            part = line.part(outcome, "stain" if outcome == "NG" else None)
            expect(page.locator("#part")).to_contain_text(f"{part.number:,}".replace(",", "\u00a0"))
            chinese_only(page)

    def test_by_keyboard(self, open_page: Open) -> None:
        page = open_page()
        page.keyboard.press("Tab")
        expect(page.locator("#switch")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")

    def test_without_scripts_the_switch_still_answers_in_the_other_language(self, open_page: Open) -> None:
        page = open_page(java_script_enabled=False)
        page.locator("#switch").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_markup_in_names_is_only_text(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    defect = SCRATCH.model_copy(update={"name_en": MARKUP, "name_zh": MARKUP, "label": MARKUP})
    for outcome in ("OK", "NG"):
        changes = {"reason_en": MARKUP, "reason_zh": MARKUP, "defects": (defect,) if outcome == "NG" else ()}
        line.part(outcome, **changes)
        expect(page.locator("#reason")).to_contain_text(MARKUP)
    broken = line.status.devices[0].model_copy(update={"state": "fault", "text_en": MARKUP, "text_zh": MARKUP})
    line.say_status(name=MARKUP, recipe_name=MARKUP, model_id=MARKUP, lot=MARKUP, devices=(broken,))
    for place in ("#station", "#recipe", "#lot", "#alarms", "#strip", ".caption"):
        expect(page.locator(place)).to_contain_text(MARKUP)
    page.locator("#switch").click()
    expect(page.locator("#reason")).to_contain_text(MARKUP)
    assert page.locator("body img, body b b, body script").count() == 0
    assert page.title().startswith(MARKUP)


def test_a_screen_too_many_says_so_and_comes_in_when_another_leaves(line: Line, open_page: Open, address: str) -> None:
    line.start()
    others = [Viewer(address) for _ in range(STREAMS)]
    page = open_page()
    expect(page.locator("#stale")).to_contain_text("Too many screens are open", timeout=8000)
    for other in others:
        other.close()
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)


def test_screen_readers_hear_what_is_wrong_and_not_every_good_part(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    for _ in range(3):
        part = line.part("OK")
        expect(page.locator("#part")).to_contain_text(f"{part.number:,}".replace(",", "\u00a0"))
    expect(page.locator("#spoken")).to_have_text("")
    rejected = line.part("NG", "chip")
    expect(page.locator("#spoken")).to_contain_text(f"NG, part {rejected.number}: Chip")
    line.part("NG", "dent")
    expect(page.locator("#reason")).to_contain_text("Dent")
    expect(page.locator("#spoken")).to_contain_text("Chip")
