"""A certificate in words, English and Chinese: what is proven, on how much, and how many more pictures prove more.

A bound is always rounded up, and never said to be 0 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from models.bands import scores_needed
from models.certificate import Certificate, Gap, Statement, Void
from models.intervals import trials_needed

Language = Literal["en", "zh"]

_OVERKILL_GOALS = (0.05, 0.005, 0.001, 0.0001)
_ESCAPE_GOALS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)
_VOID: dict[Void, tuple[str, str]] = {
    Void.PACKAGE: (
        "another package lies where the loaded one lay; restart the station",
        "模型包文件已被替换；请重启检测站",
    ),
    Void.GEOMETRY: ("the region or alignment is not the package's", "检测区域或对位与模型包不一致"),
    Void.RUNTIME: (
        "the package has no held-out scores on this runtime and device; train it again with this runtime",
        "模型包没有该推理引擎和设备的留出得分；请用该引擎重新训练",
    ),
    Void.INSTRUCTION_SET: (
        "the package was not proven on this processor's instructions; train it on a machine that has them",
        "模型包未在此处理器指令集上验证；请在同类机器上训练",
    ),
    Void.CAMERA: ("the camera settings were changed", "相机设置已更改"),
    Void.MODELS: (
        "two models judge together, and nothing was held out for both",
        "两个模型共同判定，没有共同的留出数据",
    ),
    Void.DRIFT: ("the pictures have drifted from those that it rests on", "图像已偏离证明所依据的图像"),
}
_GAP: dict[Gap, tuple[str, str]] = {
    Gap.ONE_GROUP: ("all pictures are of one lot or part", "所有图像来自同一批次或同一工件"),
    Gap.TOO_FEW: ("too few, or too many of them on the wrong side", "数量太少，或太多在界限的另一侧"),
    Gap.RULES: ("a rule of the recipe may let detections pass", "配方规则可能放行检出"),
}
_WHAT: dict[str, tuple[str, str]] = {
    "overkill": ("overkill (good parts judged NG)", "过杀（合格件判为 NG）"),
    "stopped": ("good parts not judged OK (NG or RECHECK)", "合格件未判 OK（NG 或复检）"),
    "escape": ("escapes (defective parts judged OK)", "漏检（缺陷件判为 OK）"),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """`more` groups, none on the wrong side of the limits as they stand, bring a bound to `goal`.

    `later`: so many judged later at unchanged limits, none on the wrong side, do so by themselves; None where some
    already were.
    """

    goal: float
    more: int
    later: int | None


def percent(rate: float) -> str:
    """A bound for people: two digits that count, rounded up."""
    if rate <= 0.0:
        raise ValueError("no bound is zero")
    digits = 1 - math.floor(math.log10(100.0 * rate))
    shown = math.ceil(100.0 * rate * 10**digits - 1e-9) / 10**digits
    return f"{shown:.{max(digits, 0)}f}".rstrip("0").rstrip(".") + " %" if digits > 0 else f"{shown:.0f} %"


def advice(one: Statement, issued: Certificate) -> Advice | None:
    """What would prove the next goal; None where the last one is reached, or pictures are not what is missing."""
    if one.gap is Gap.RULES:
        return None
    goals = _ESCAPE_GOALS if one.about == "escape" else _OVERKILL_GOALS
    known = 1.0 if one.bound is None else one.bound
    goal = next((goal for goal in goals if goal < known), None)
    if goal is None:
        return None
    fixed = one.spare_rank
    shared = issued.shared_confidence
    needed = scores_needed(goal, one.events, shared) if fixed is None else trials_needed(goal, fixed, shared)
    later = trials_needed(goal, 0, issued.confidence) if one.events == 0 else None
    return Advice(goal, max(1, needed - one.groups), later)


def lines(issued: Certificate, language: Language) -> list[str]:
    """The certificate, a sentence a line; the first says whether it counts."""
    chinese = language == "zh"
    place = f"OK < {issued.ok_below:g}, NG >= {issued.ng_from:g}, {issued.runtime}, {issued.instruction_set}"
    if issued.void_because:
        return [void_line(issued, language)]
    short = issued.id[7:19]
    share = f"{100 * issued.confidence:g} %"
    found = [
        f"证明 {short}：{place}；每项结论的置信度为 {share}"
        if chinese
        else f"certificate {short}: {place}; each statement holds for itself with {share} confidence"
    ]
    for one in issued.statements:
        found.append(_claim(one, issued, chinese))
        more = advice(one, issued)
        if more is not None:
            found.append(_more(one, more, chinese))
    found.append(_basis(issued, chinese))
    found.append(
        "未列出的缺陷没有任何保证。" if chinese else "Nothing is certified for defects that are not listed here."
    )
    return found


def void_line(issued: Certificate, language: Language) -> str:
    """Why a certificate does not count."""
    chinese = language == "zh"
    reasons = [_VOID[reason][chinese] for reason in issued.void_because]
    return "没有有效证明：" + "；".join(reasons) if chinese else "no certificate: " + "; ".join(reasons)


def summary(issued: Certificate, language: Language) -> str:
    """One line for a status page: the bounds alone, or why there are none."""
    if issued.void_because:
        return void_line(issued, language)
    chinese = language == "zh"
    by_about = {one.about: one for one in reversed(issued.statements) if one.about != "escape"}
    escapes = [one for one in issued.statements if one.about == "escape"]
    proven = [one.bound for one in escapes if one.bound is not None]
    over, stopped = (_short(by_about.get(about), chinese) for about in ("overkill", "stopped"))
    if not proven:
        missed = "未证明" if chinese else "not certified"
    else:
        missed = f"<= {percent(max(proven))}"
        if len(proven) < len(escapes):
            missed += (
                f"（{len(proven)}/{len(escapes)} 类）" if chinese else f" ({len(proven)} of {len(escapes)} classes)"
            )
    if chinese:
        return f"过杀 {over}，未判 OK 的合格件 {stopped}，漏检 {missed}（各 {100 * issued.confidence:g} % 置信度）"
    return f"overkill {over}, good not OK {stopped}, escapes {missed} ({100 * issued.confidence:g} % confidence each)"


def _short(one: Statement | None, chinese: bool) -> str:
    if one is None or one.bound is None:
        return "未证明" if chinese else "not certified"
    return f"<= {percent(one.bound)}"


def _claim(one: Statement, issued: Certificate, chinese: bool) -> str:
    what = _WHAT[one.about][chinese]
    of = _of(one, chinese)
    head = f"{one.label}: {what}" if one.label else what
    if one.bound is None or one.any_limit is None:
        why = _GAP[one.gap or Gap.TOO_FEW][chinese]
        return (
            f"{head}：{of}无法证明任何上限：{why}" if chinese else f"{head}: with {of} nothing can be certified: {why}"
        )
    if chinese:
        text = f"{head}：{of}可证明不超过 {percent(one.bound)}，{one.events}/{one.groups} 越过界限"
    else:
        text = f"{head}: with {of} {percent(one.bound)} can be certified, {one.events} of {one.groups} beyond the limit"
    if one.any_limit > one.bound:
        any_limit = percent(one.any_limit)
        text += (
            f"；若界限是看过得分后选的：{any_limit}" if chinese else f"; {any_limit} if it was chosen by these scores"
        )
    return text


def _of(one: Statement, chinese: bool) -> str:
    kind = ("defective", "缺陷") if one.about == "escape" else ("good", "合格")
    if one.groups == one.pictures:
        return f"您的 {one.pictures} 张{kind[1]}图像" if chinese else f"your {one.pictures} {kind[0]} pictures"
    if chinese:
        return f"您的 {one.pictures} 张{kind[1]}图像（来自 {one.groups} 个批次或工件，按 {one.groups} 个计）"
    return f"your {one.pictures} {kind[0]} pictures of {one.groups} lots or parts (they count as {one.groups})"


def _more(one: Statement, more: Advice, chinese: bool) -> str:
    goal = percent(more.goal)
    if one.groups == one.pictures and one.gap is not Gap.ONE_GROUP:
        unit = "张图像" if chinese else "more"
    else:
        unit = "个批次或工件" if chinese else "more lots or parts"
    if chinese:
        text = f"  再有 {more.more} {unit}且都在界限正确一侧，可证明 {goal}"
        return text if more.later is None else text + f"；或界限不变，之后检验 {more.later} 个且无一越界"
    text = f"  {more.more} {unit}, none beyond these limits, certify {goal}"
    return text if more.later is None else text + f"; so do {more.later} later ones by themselves, if the limits stay"


def _basis(issued: Certificate, chinese: bool) -> str:
    fixed = any(one.spare_rank is not None for one in issued.statements)
    if fixed:
        chosen = "界限在看到得分之前已由规则确定" if chinese else "A rule fixed the limits before the scores were seen"
    else:
        chosen = (
            "对在这些得分上选择的任何界限都成立" if chinese else "The bounds hold for any limits chosen on these scores"
        )
    if issued.scorers > 1:
        chosen += (
            f"，并已计入 {issued.scorers} 个被比较的评分器"
            if chinese
            else f", allowing for the {issued.scorers} scorers that were compared on them"
        )
    if chinese:
        return chosen + "。得分来自交叉拟合的留出图像；假定出厂的评分器对新工件同样评分。"
    return (
        chosen + ". Scores are held out by cross-fitting; that the shipped scorer scores later parts alike is assumed."
    )
