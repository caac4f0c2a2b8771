"""What a run tells of how its network came to INT8: every rung that was tried, what each lost, and what it costs."""

from __future__ import annotations

from training.quantization.ladder import LIMIT_POINTS, Climb, Loss, Rung, Step
from training.quantization.ladder import said as said_en
from training.text import Text

_ZH = {Rung.STATIC: "仅舍入", Rung.AWARE: "在 INT8 可见的情况下继续训练"}


def told(climb: Climb | None) -> list[Text]:
    """One sentence for each network that was judged, the one that is used first."""
    if climb is None:
        return []
    others = [step for step in climb.steps if step is not climb.taken]
    first = _sentence(climb.taken, Text("INT8 as used here", "此处使用的 INT8"))
    loud = [] if climb.taken.loss.bearable else [_loud(climb.taken.loss)]
    return [*loud, first, *(_sentence(step, Text("INT8 that was tried, too", "另外试过的 INT8")) for step in others)]


def _sentence(step: Step, begin: Text) -> Text:
    loss, zh = step.loss, _ZH.get(step.rung) or f"{len(step.layers)} 层保留浮点（占乘加运算的 {step.share:.1%}）"
    error = "" if loss.error is None else f" ± {loss.error:.2f}"
    int8, fp32, seconds = f"{100 * loss.int8:.2f}", f"{100 * loss.fp32:.2f}", f"{step.seconds:.0f}"
    return Text(
        f"{begin.en}: {said_en(step)}; {loss.figure[0]} {int8} on held-out pictures, fp32 {fp32}: "
        f"{loss.points:.2f}{error} points lost; made and judged in {seconds} s.",
        f"{begin.zh}：{zh}；留出图像{loss.figure[1]} {int8}，fp32 {fp32}：损失 {loss.points:.2f}{error} 个百分点；"
        f"制作与评估用时 {seconds} 秒。",
    )


def _loud(loss: Loss) -> Text:
    return Text(
        f"INT8 LOSES {loss.points:.2f} POINTS of {loss.figure[0]}, more than {LIMIT_POINTS} after all that was tried.",
        f"INT8 损失 {loss.points:.2f} 个百分点的{loss.figure[1]}：所有方法均试过后仍超过 {LIMIT_POINTS}。",
    )


def figures(climb: Climb | None) -> dict[str, object] | None:
    """The same for programs."""
    if climb is None:
        return None
    return {"asked": climb.asked, "taken": _row(climb.taken), "tried": [_row(step) for step in climb.steps]}


def _row(step: Step) -> dict[str, object]:
    loss = step.loss
    return {
        "rung": step.rung.value,
        "layers_in_floating_point": list(step.layers),
        "share_of_multiply_adds": round(step.share, 4),
        "figure": loss.figure[0],
        "fp32": loss.fp32,
        "int8": loss.int8,
        "lost_points": round(loss.points, 4),
        "standard_error_points": loss.error,
        "bearable": loss.bearable,
        "seconds": round(step.seconds, 1),
    }
