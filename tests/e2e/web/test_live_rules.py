"""What the recipe's rules make of a defect, as an operator sees it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from appliance.domain.reasons import TEXTS, Reason
from appliance.live import LiveCounters
from tests.e2e.web.conftest import Line, Open
from tests.fakes.station_socket import SCRATCH

TOLERATED = SCRATCH.model_copy(update={"fate": "suppress", "rule": "suppress:short:min_length_mm", "score": 0.95})
CRITICAL = SCRATCH.model_copy(update={"name_en": "Crack", "name_zh": "裂纹", "severity": "critical"})
ENGLISH, CHINESE = TEXTS[Reason.SUPPRESSED]


def dashes(page: Page) -> list[bool]:
    """Of each box on the picture, whether it is dashed."""
    found: list[bool] = page.locator(".whole .box-inner").evaluate_all(
        "boxes => boxes.map((box) => getComputedStyle(box).strokeDasharray !== 'none')"
    )
    return found


def test_a_tolerated_defect_is_shown_gray_on_an_ok_part_and_counted(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    words = {"reason": "suppressed", "reason_en": ENGLISH, "reason_zh": CHINESE, "score": 0.95}
    line.part("OK", "scratch", defects=(TOLERATED,), decided_by="rule", **words)
    expect(page.locator("#verdict")).to_have_attribute("data-outcome", "OK")
    expect(page.locator("#reason")).to_have_text(ENGLISH)
    expect(page.locator(".whole .box-inner")).to_have_count(1)
    assert dashes(page) == [True]
    counters = LiveCounters(accepted=9, ok=9, ng=0, recheck=0, no_part=0, error=0, in_flight=0, missed=0, suppressed=3)
    line.say_status(counters=counters)
    expect(page.locator("#extras")).to_contain_text("Tolerated defects 3")
    page.locator("#switch").click()
    expect(page.locator("#reason")).to_have_text(CHINESE)
    expect(page.locator("#extras")).to_contain_text("已容许缺陷 3")


def test_the_defect_that_counts_is_named_with_its_severity_not_the_tolerated_one(line: Line, open_page: Open) -> None:
    page = open_page()
    line.start()
    line.part("NG", "scratch", defects=(CRITICAL, TOLERATED))
    expect(page.locator("#reason")).to_have_text("Crack, upper right · critical · 1 tolerated")
    assert dashes(page) == [False, True]
    page.locator("#switch").click()
    expect(page.locator("#reason")).to_have_text("裂纹，右上 · 致命 · 1 处可容许")
