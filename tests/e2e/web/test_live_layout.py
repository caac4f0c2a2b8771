"""Nothing on the page is cut off, outside the screen, or on top of something else, at any size in either language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from appliance.live import LiveCertificate, LiveCounters
from tests.e2e.web.conftest import Line, Open
from tests.fakes.station_socket import devices

SIZES = [(1280, 800), (800, 480)]
OTHER_SIZES = [(1920, 1080), (1024, 600), (1366, 768), (1080, 1920), (2560, 1440)]
LANGUAGES = ["en-GB", "zh-CN"]
BUSY: dict[str, Any] = {
    "armed": False,
    "simulated": True,
    "ready": False,
    "drops": 4,
    "outbox_depth": 3211,
    "counters": LiveCounters(
        accepted=1_234_567, ok=1_203_456, ng=28_123, recheck=1001, no_part=0, error=1987, in_flight=0, missed=212
    ),
    "devices": devices(
        camera=("fault", "Camera lost; check power and cable", "相机断开，请检查电源和线缆"),
        plc=("fault", "No answer on /dev/ttyUSB0; check the cable", "/dev/ttyUSB0 无应答，请检查线缆"),
        mqtt=("off", "", ""),
        disk=("warn", "Disk 91 % full; free space", "磁盘已用 91%，请清理"),
    ),
    "certificate": LiveCertificate(
        holds=False,
        text_en="no certificate: the package has no held-out scores on this runtime and device; train it again with "
        "this runtime",
        text_zh="没有有效证明：模型包没有该推理引擎和设备的留出得分；请用该引擎重新训练",
    ),
}

FLAWS = (Path(__file__).parent / "layout_flaws.js").read_text("utf-8")


def shown(page: Page, number: int) -> None:
    expect(page.locator("#part")).to_contain_text(f"{number:,}".replace(",", "\u00a0"))


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
class TestNothingIsCutOrOverlaps:
    @pytest.mark.parametrize("changes", [{}, BUSY], ids=["calm", "busy"])
    def test_with_a_verdict(
        self, line: Line, open_page: Open, width: int, height: int, locale: str, changes: dict[str, Any]
    ) -> None:
        page = open_page(width, height, locale)
        line.start()
        line.say_status(**changes)
        for kind in ("scratch", "dent", "stain", "chip", "scratch", "dent"):
            line.part("NG", kind)
        flaws = {}
        for number, outcome in enumerate(("OK", "NG", "RECHECK", "ERROR", "NO_PART"), 1_234_567):
            shown(page, line.part(outcome, {"NG": "scratch", "RECHECK": "dent"}.get(outcome), number=number).number)
            flaws[outcome] = [*page.evaluate(FLAWS), *_not_dominant(page, width * height)]
        assert flaws == {outcome: [] for outcome in flaws}

    def test_when_silent_and_before_the_first_part(
        self, line: Line, open_page: Open, width: int, height: int, locale: str
    ) -> None:
        page = open_page(width, height, locale)
        assert page.evaluate(FLAWS) == []
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        assert page.evaluate(FLAWS) == []
        line.start()
        line.say_status(ng_rate=(), lot=None)
        expect(page.locator("#stale")).to_be_hidden()
        assert page.evaluate(FLAWS) == []
        shown(page, line.part("NG", "scratch").number)
        line.stop()
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        assert page.evaluate(FLAWS) == []


@pytest.mark.parametrize(("width", "height"), OTHER_SIZES)
def test_other_screens(line: Line, open_page: Open, width: int, height: int) -> None:
    page = open_page(width, height)
    line.start()
    line.say_status(**BUSY)
    for kind in ("scratch", "dent", "stain", "chip", "scratch", "dent"):
        part = line.part("NG", kind)
    shown(page, part.number)
    assert page.evaluate(FLAWS) == []


def test_a_phone_scrolls_down_and_never_sideways(line: Line, open_page: Open) -> None:
    page = open_page(390, 844)
    line.start()
    line.say_status(**BUSY)
    shown(page, line.part("NG", "scratch").number)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_is_touched_is_big_enough(open_page: Open, width: int, height: int) -> None:
    page = open_page(width, height)
    boxes = [each.bounding_box() for each in page.locator("a, button, input, select, [role=button]").all()]
    assert boxes
    assert all(box is not None and box["width"] >= 44 and box["height"] >= 44 for box in boxes)


def test_nothing_moves(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    shown(page, line.part("NG", "chip").number)
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(("width", "height", "locale"), [(1280, 800, "en-GB"), (800, 480, "zh-CN")])
def test_no_axe_violation(line: Line, open_page: Open, width: int, height: int, locale: str) -> None:
    page = open_page(width, height, locale, bypass_csp=True)
    found = {"waiting": _violations(page)}
    line.start()
    line.say_status(ng_rate=())
    expect(page.locator("#devices li")).to_have_count(6)
    found["first start"] = _violations(page)
    line.say_status(**BUSY)
    for outcome in ("OK", "RECHECK", "ERROR", "NO_PART", "NG"):
        shown(page, line.part(outcome, "stain" if outcome == "NG" else None).number)
        found[outcome] = _violations(page)
    line.stop()
    expect(page.locator("#stale")).to_be_visible(timeout=6000)
    found["silent"] = _violations(page)
    assert found == {when: [] for when in found}


def _not_dominant(page: Page, screen: int) -> list[str]:
    verdict, word = page.locator("#verdict").bounding_box(), page.locator("#word").bounding_box()
    assert verdict is not None
    assert word is not None
    flaws = []
    if word["height"] < 0.45 * verdict["height"]:
        flaws.append(f"the word is {word['height']:.0f} px high")
    if verdict["width"] * verdict["height"] < 0.085 * screen:
        flaws.append("the verdict is small")
    return flaws


def _violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


def test_the_page_says_what_is_certified_or_why_nothing_is(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    said = "overkill <= 1.7 %, good not OK <= 1.7 %, escapes <= 14 % (95 % confidence each)"
    line.say_status(certificate=LiveCertificate(holds=True, text_en=said, text_zh="过杀 <= 1.7 %"))
    expect(page.locator("#mode-list .certificate:not(.void)")).to_have_text(said)
    line.say_status(certificate=BUSY["certificate"])
    expect(page.locator("#mode-list .certificate.void")).to_contain_text("no certificate")
    line.say_status()
    expect(page.locator("#mode-list .certificate")).to_have_count(0)
