"""What is said of golden parts, in both languages."""

from __future__ import annotations

from appliance.domain.device import DeviceState
from appliance.domain.golden import Due, GoldenPhase, Show

# why they are due → (English, Chinese)
CAUSES: dict[Due, tuple[str, str]] = {
    Due.START: ("the station has started", "检测站刚启动"),
    Due.CHANGEOVER: ("the recipe has changed", "配方已切换"),
    Due.SHIFT: ("a shift begins", "新班次开始"),
    Due.EXPIRED: ("the last ones are too old", "上次验证已过期"),
    Due.ABORTED: ("the last session was broken off", "上次验证被中止"),
    Due.INTERRUPTED: ("the last session did not end", "上次验证未完成"),
    Due.FAILED: ("a part came out otherwise", "有样件结果不符"),
    Due.CHANGED: ("recipe or model has changed", "配方或模型已变更"),
    Due.NO_RECORD: ("none were shown yet", "尚未验证"),
    Due.RECORD_DAMAGED: ("their record cannot be believed", "验证记录不可信"),
    Due.CLOCK: ("the clock cannot be believed", "系统时钟不可信"),
    Due.NOT_KEPT: ("their record could not be stored; check the disk", "验证记录未能保存；请检查磁盘"),
}


def alarm(phase: GoldenPhase, cause: Due | None, failed: Show | None, *, soon: bool) -> DeviceState:
    """How golden parts stand, as a device: an alarm before they are due and while production waits for them."""
    if phase is GoldenPhase.RUNNING:
        return DeviceState(
            "warn",
            "Golden parts are being shown; nothing passes",
            "正在验证标准件；不会放行任何工件",
        )
    if phase is GoldenPhase.FAILED and failed is not None and failed.part is not None:
        part, got = failed.part, failed.judged.outcome
        labels = ", ".join(failed.judged.labels)
        seen = f"{got} ({labels})" if labels else str(got)
        wanted = f"{part.expected} ({part.label})" if part.label else str(part.expected)
        return DeviceState(
            "warn",
            f"Golden part '{part.name}' is {wanted} but came out as {seen}; check camera, light, part and recipe, "
            "then start golden parts again",
            f"标准件“{part.name}”应为 {wanted}，实际为 {seen}；请检查相机、光源、样件和配方，然后重新验证",
        )
    if phase in (GoldenPhase.DUE, GoldenPhase.FAILED):
        why_en, why_zh = CAUSES[cause or Due.NO_RECORD]
        return DeviceState(
            "warn",
            f"Golden parts are due: {why_en}. Start them and show each part",
            f"需要验证标准件：{why_zh}。请开始验证并逐一展示样件",
        )
    if soon:
        return DeviceState(
            "warn", "Golden parts are due soon; show them when the line allows", "标准件即将到期；请在合适时机验证"
        )
    return DeviceState("ok")
