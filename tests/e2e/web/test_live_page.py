"""What an operator sees: the right verdict on the right part, and never an old one as if it were new."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.live import LiveCollecting, LiveCounters, LiveVerdict
from tests.e2e.web.conftest import Line, Open
from tests.fakes.station_socket import SCRATCH, devices
from tests.fakes.web_server import free_port, running_page


def shown(page: Page, part: LiveVerdict) -> None:
    """Waits until this part is on the banner."""
    expect(page.locator("#part")).to_contain_text(f"{part.number:,}".replace(",", "\u00a0"))


class TestVerdict:
    def test_an_ok_part_and_then_a_rejected_one(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("OK"))
        banner = page.locator("#verdict")
        expect(banner).to_have_attribute("data-outcome", "OK")
        expect(banner).to_contain_text("No defect found")
        expect(banner).to_contain_text("Score 0.06 · OK below 0.40")
        shown(page, line.part("NG", "scratch", defects=(SCRATCH,)))
        expect(banner).to_have_attribute("data-outcome", "NG")
        expect(page.locator("#reason")).to_have_text("Scratch, upper right")
        expect(banner).to_contain_text("Score 0.83 · NG from 0.55")
        expect(page.locator("#strip li")).to_have_count(1)
        expect(page.locator("#strip li")).to_contain_text("10:42")

    def test_the_recipe_s_view_is_what_is_shown(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("OK", view=(130, 0, 640, 600)))
        expect(page.locator(".whole svg")).to_have_attribute("viewBox", "130 0 640 600")
        whole = line.part("OK")
        shown(page, whole)
        expect(page.locator(".whole svg")).to_have_attribute("viewBox", f"0 0 {whole.width_px} {whole.height_px}")

    def test_the_box_lies_on_the_defect_and_the_close_up_shows_it(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        part = line.part("NG", "stain")
        shown(page, part)
        whole = page.locator(".whole svg").bounding_box()
        box = page.locator(".whole .box-inner").bounding_box()
        assert whole is not None
        assert box is not None
        scale = min(whole["width"] / part.width_px, whole["height"] / part.height_px)
        left = whole["x"] + (whole["width"] - part.width_px * scale) / 2
        top = whole["y"] + (whole["height"] - part.height_px * scale) / 2
        x, y, width, height = part.defects[0].box
        expected = (left + x * scale, top + y * scale, width * scale, height * scale)
        assert [box["x"], box["y"], box["width"], box["height"]] == pytest.approx(expected, abs=5)
        view = page.locator(".close-up svg").get_attribute("viewBox")
        assert view is not None
        vx, vy, vw, vh = map(float, view.split())
        assert vx <= x
        assert vy <= y
        assert vx + vw >= x + width
        assert vy + vh >= y + height
        factor = page.locator(".caption").inner_text().removeprefix("Stain, ").removesuffix(" × enlarged")
        close = page.locator(".close-up svg").bounding_box()
        assert close is not None
        assert float(factor) == pytest.approx(close["width"] / vw / scale, rel=0.05)

    @pytest.mark.parametrize(
        ("box", "english", "chinese"),
        [
            ((0, 0, 90, 64), "upper left", "左上"),
            ((405, 0, 90, 64), "top", "上方"),
            ((405, 288, 90, 64), "centre", "中央"),
            ((810, 576, 90, 64), "lower right", "右下"),
            ((0, 288, 90, 64), "left", "左侧"),
        ],
    )
    def test_where_in_words(
        self, line: Line, open_page: Open, box: tuple[int, int, int, int], english: str, chinese: str
    ) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("NG", defects=(SCRATCH.model_copy(update={"box": box}),)))
        expect(page.locator("#reason")).to_have_text(f"Scratch, {english}")
        page.locator("#switch").click()
        expect(page.locator("#reason")).to_have_text(f"划痕，{chinese}")

    def test_a_score_just_at_the_limit_is_not_rounded_onto_it(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("RECHECK", score=0.549))
        expect(page.locator("#limits")).to_have_text("Score 0.549 · OK below 0.40 · NG from 0.55")

    def test_every_outcome_has_a_shape_and_a_word_of_its_own(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        looks = {}
        for outcome in ("OK", "NG", "RECHECK", "NO_PART", "ERROR"):
            shown(page, line.part(outcome))
            sign = page.locator(".sign-frame").get_attribute("d"), page.locator(".sign-mark").get_attribute("d")
            looks[outcome] = (*sign, page.locator("#word").inner_text())
        assert len(set(looks.values())) == len({look[2] for look in looks.values()}) == 5

    def test_an_error_without_a_picture_shows_no_other_part_s_picture(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("NG", "dent"))
        expect(page.locator(".whole image")).to_have_count(1)
        shown(page, line.part("ERROR", picture=False))
        expect(page.locator(".whole image")).to_have_count(0)
        expect(page.locator("#picture")).to_contain_text("No picture of this part")
        expect(page.locator("#reason")).to_contain_text("part rejected")

    def test_a_preview_that_is_gone_is_said_so(self, line: Line, open_page: Open) -> None:
        line.start()
        part = line.part("OK")
        (line.socket.pictures / f"{part.id}.jpg").unlink()
        page = open_page()
        shown(page, part)
        expect(page.locator("#picture")).to_contain_text("no longer kept")

    def test_a_rejected_part_stays_on_the_strip_when_its_file_is_gone(self, line: Line, open_page: Open) -> None:
        line.start()
        page = open_page()
        part = line.part("NG", "chip")
        shown(page, part)
        (line.socket.pictures / f"{part.id}.jpg").unlink()
        late = open_page()
        expect(late.locator("#strip li")).to_have_count(1)
        address = late.locator("#strip image").get_attribute("href")
        assert late.evaluate("(url) => fetch(url).then((answer) => answer.status)", address) == 200

    def test_only_the_last_six_rejected_parts_newest_first(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        parts = [line.part("NG", kind) for kind in ("chip", "scratch", "dent", "stain") * 2]
        shown(page, parts[-1])
        expect(page.locator("#strip li")).to_have_count(6)
        hrefs = page.locator("#strip image").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert hrefs == [f"/frame/{part.id}.jpg" for part in reversed(parts[2:])]


class TestStatus:
    def test_counters_and_yield(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        counters = LiveCounters(accepted=10_004, ok=9998, ng=1, recheck=1, no_part=1, error=3, in_flight=0, missed=2)
        line.say_status(counters=counters, drops=4)
        expect(page.locator("#counters dd")).to_have_text(["10\u00a0000", "99.9 %", "1", "1"])
        expect(page.locator("#extras")).to_have_text("ERROR 3Missed triggers 2Dropped 4")

    def test_yield_is_never_rounded_up_to_a_hundred(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        line.say_status(
            counters=LiveCounters(
                accepted=100_000, ok=99_999, ng=1, recheck=0, no_part=0, error=0, in_flight=0, missed=0
            )
        )
        expect(page.locator("#counters dd").nth(1)).to_have_text("99.9 %")

    def test_a_fault_is_told_with_its_remedy_in_the_language_of_the_page(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        line.say_status(
            ready=False,
            devices=devices(
                camera=("fault", "Camera lost; check power and cable", "相机断开，请检查电源和线缆"),
                disk=("warn", "Disk 91 % full", "磁盘已用 91%"),
                mqtt=("off", "", ""),
            ),
        )
        expect(page.locator("#alarms li")).to_have_text(
            ["Camera – fault Camera lost; check power and cable", "Disk – check Disk 91 % full"]
        )
        expect(page.locator('[data-device="camera"]')).to_have_text("Camerafault")
        expect(page.locator('[data-device="mqtt"]')).to_have_text("MQTTnot used")
        expect(page.locator("#modes")).to_contain_text("Not ready")
        expect(page.locator("#alert")).to_contain_text("Camera lost")
        page.locator("#switch").click()
        expect(page.locator("#alarms li").first).to_have_text("相机 – 故障 相机断开，请检查电源和线缆")
        expect(page.locator("#modes")).to_contain_text("未就绪")

    def test_monitor_mode_and_simulation_are_always_on_the_page(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        expect(page.locator("#station")).to_have_text("Line 2 · Station 3")
        expect(page.locator("#modes")).to_be_hidden()
        line.say_status(armed=False, simulated=True)
        expect(page.locator("#modes li")).to_have_text(["Monitor mode – Pass is never set", "Simulated line"])

    def test_a_collecting_station_says_that_it_judges_nothing(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        collecting = LiveCollecting(label="划痕", kept=1234, failed=2)
        line.say_status(armed=False, model_id="", collecting=collecting)
        expect(page.locator("#modes li")).to_have_text(
            ["Collecting pictures as “划痕” – nothing is judged, Pass is never set"]
        )
        expect(page.locator("#recipe")).to_contain_text("no model")
        expect(page.locator("#counters div").first).to_have_text("Pictures kept1\u00a0234")
        expect(page.locator("#counters")).not_to_contain_text("Yield")
        page.locator("#switch").click()
        expect(page.locator("#modes li")).to_have_text(["正在采集图像（标签：划痕）– 不做判定，不会输出合格信号"])
        expect(page.locator("#recipe")).to_contain_text("无模型")

    def test_the_chart_says_when_it_has_nothing_to_show(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        expect(page.locator("#chart circle")).to_have_count(20)
        line.say_status(ng_rate=())
        expect(page.locator("#chart")).to_have_text("The first group of 50 parts is not finished")
        line.say_status(ng_rate=((50, 4),))
        expect(page.locator("#chart circle")).to_have_count(1)
        expect(page.locator("#chart svg")).to_have_attribute(
            "aria-label", "NG rate of the last 1 groups of 50 parts; newest 8.0 %, mean 8.0 %"
        )


class TestSilence:
    @pytest.mark.parametrize("how", ["stop", "hush"])
    def test_the_page_is_visibly_old_within_six_seconds(self, line: Line, open_page: Open, how: str) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("OK"))
        expect(page.locator("body")).to_have_attribute("data-link", "up")
        began = time.monotonic()
        getattr(line, how)()
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        assert time.monotonic() - began < 6
        expect(page.locator("#stale")).to_contain_text("No word from the station since 10:42:03")
        expect(page.locator(".old")).to_be_visible()
        expect(page.locator('[data-device="camera"]')).to_have_text("Cameraold")
        expect(page.locator("#alarms")).to_have_text("Alarms unknown while the station is silent")
        page.locator("#switch").click()
        expect(page.locator("#stale")).to_contain_text("自 10:42:03 起与检测站失去联系")

    def test_it_is_current_again_when_the_station_is_back(self, line: Line, open_page: Open) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("OK"))
        line.stop()
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        line.start()
        expect(page.locator("#stale")).to_be_hidden()
        shown(page, line.part("NG", "chip"))
        expect(page.locator(".old")).to_be_hidden()

    def test_who_opens_the_page_of_a_silent_station_is_not_shown_an_old_verdict_as_new(
        self, line: Line, open_page: Open
    ) -> None:
        page = open_page()
        line.start()
        shown(page, line.part("OK"))
        line.hush()
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        late = open_page()
        expect(late.locator("#word")).to_have_text("OK")
        assert late.locator("#stale").is_visible()

    def test_a_page_whose_server_is_gone_is_old_too_and_recovers(self, browser: Browser, tmp_path: Path) -> None:
        line, port = Line(tmp_path), free_port()
        with browser.new_context() as context:
            page = context.new_page()
            with running_page(tmp_path, port) as address:
                page.goto(address)
                line.start()
                shown(page, line.part("OK"))
            expect(page.locator("#stale")).to_be_visible(timeout=6000)
            line.hush()
            line.socket.stop()
            with running_page(tmp_path, port):
                line.start()
                expect(page.locator("#stale")).to_be_hidden(timeout=10_000)
                line.stop()

    def test_before_the_station_s_first_word(self, line: Line, open_page: Open) -> None:
        page = open_page()
        expect(page.locator("#verdict")).to_contain_text("Waiting for the station")
        expect(page.locator("#stale")).to_be_visible(timeout=6000)
        expect(page.locator("#word")).to_have_text("")
        line.start()
        expect(page.locator("#verdict")).to_contain_text("Waiting for the first part")
        expect(page.locator("#strip-empty")).to_have_text("No rejected part since the station was started")
