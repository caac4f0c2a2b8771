"""Pictures that the station's own gate would refuse if it were taught with the others of their class.

What is usual is taken from the pictures near the class's median (within `_NEAR` robust deviations: median and MAD,
Hampel, "The influence curve and its role in robust estimation", 1974), so that an outlier does not teach the gate to
pass it. How far from usual is too far is then the gate's own word: see models/quality.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.decision import Unfit
from models.quality import MIN_SEEN, Gate, Quality, seen_in
from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.text import Text

_NEAR = 3.5
_NORMAL = 1.4826
_OWN_CLASS = 12
# A deviation below this is no difference, however alike the others are: levels of gray, shares, logarithms.
_LEAST = np.array([4.0, 3.0, 0.02, 0.02, 0.15, 0.03, 0.03, 0.02])

_SAID: dict[Unfit, tuple[Text, Text]] = {
    Unfit.DARK: (
        Text("Much darker than the others of their class", "比同类图像暗得多"),
        Text("Was a lamp off, or the exposure another?", "是否灯未亮，或曝光不同？"),
    ),
    Unfit.BRIGHT: (
        Text("Much brighter than the others of their class", "比同类图像亮得多"),
        Text("Was there other light, or another exposure?", "是否有其他光源，或曝光不同？"),
    ),
    Unfit.OVEREXPOSED: (
        Text("Clipped to white", "过曝"),
        Text("Shorten the exposure; nothing can be seen in white.", "请缩短曝光；纯白处看不到任何内容。"),
    ),
    Unfit.UNDEREXPOSED: (
        Text("Clipped to black", "欠曝"),
        Text("Lengthen the exposure; nothing can be seen in black.", "请延长曝光；纯黑处看不到任何内容。"),
    ),
    Unfit.FLAT: (
        Text("Hardly any contrast", "几乎没有对比度"),
        Text("Is there a part in it at all? Was the lens covered or fogged?", "图像中有工件吗？镜头是否被遮挡或起雾？"),
    ),
    Unfit.DISCOLOURED: (
        Text("Of another colour than the others of their class", "颜色与同类图像不同"),
        Text("Was the white balance or the lamp another?", "白平衡或光源是否不同？"),
    ),
    Unfit.BLURRED: (
        Text("Blurred, compared with the others of their class", "与同类图像相比模糊"),
        Text("Was it out of focus, or moving?", "是否失焦或运动？"),
    ),
    Unfit.INCOMPLETE: (
        Text("With rows or columns that show nothing", "有空白的行或列"),
        Text("Is a border cut or drawn into it, or did the camera lose lines?", "是否有边框，或相机丢行？"),
    ),
}


def check_light(looks: Sequence[Look]) -> Iterator[Finding]:
    """Outliers in light, contrast, colour and sharpness, each against its own class, or all where that has few."""
    found: dict[Unfit, list[str]] = defaultdict(list)
    for own, others in _classes([look for look in looks if look.quality is not None]):
        gate = gate_of([look.quality for look in others if look.quality is not None])
        if gate is None:
            continue
        for look in own:
            if look.quality is not None and (unfit := gate.of(look.quality)) is not None:
                found[unfit].append(look.name)
    for unfit, (title, ask) in _SAID.items():
        if names := found.get(unfit):
            yield Finding(
                f"light-{unfit.value}" if unfit is not Unfit.BLURRED else "blur",
                Severity.WARNING,
                title,
                Text(
                    f"{many(len(names))}. A station taught with the others would refuse to judge them.",
                    f"{len(names)} 张图像。用其余图像示教的检测站会拒绝判定它们。",
                ),
                Text(f"{ask.en} Take them out if they are mistakes.", f"{ask.zh} 若是失误请移除。"),
                tuple(names),
            )


def gate_of(qualities: Sequence[Quality]) -> Gate | None:
    """The station's gate, taught with what is usual among these; None where too few are alike."""
    usual = [one for one, near in zip(qualities, _near(qualities), strict=True) if near]
    return Gate(seen_in(usual), None) if len(usual) >= MIN_SEEN else None


def _classes(looks: Sequence[Look]) -> Iterator[tuple[Sequence[Look], Sequence[Look]]]:
    """Pictures of one class, and those that they are held against."""
    by_label: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_label[look.label].append(look)
    for own in by_label.values():
        yield own, own if len(own) >= _OWN_CLASS else looks


def _near(qualities: Sequence[Quality]) -> NDArray[np.bool_]:
    """`(N,)`: which are near the median in all they measure."""
    if not qualities:
        return np.zeros(0, np.bool_)
    figures = np.array([_figures(one) for one in qualities])
    away = np.abs(figures - np.median(figures, axis=0))
    spread = np.maximum(_NORMAL * np.median(away, axis=0), _LEAST)
    return np.asarray((away <= _NEAR * spread).all(axis=1), np.bool_)


def _figures(one: Quality) -> tuple[float, ...]:
    focus = math.log(max(one.focus, 1e-6))
    return (one.light, one.contrast, one.saturated, one.blackened, focus, *one.tint, one.blank)
