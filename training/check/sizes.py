"""Sizes, proportions and colour: whether all pictures come from one camera setting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.text import Text

_SHOWN = 6
_SMALL_PX = 64
_SAME_SHAPE = 1.02
_UPRIGHT = 1.1


def check_sizes(looks: Sequence[Look]) -> Iterator[Finding]:
    usable = [look for look in looks if not look.fault]
    yield from _sizes(usable)
    yield from _small(usable)
    yield from _colours(usable)


def _sizes(looks: Sequence[Look]) -> Iterator[Finding]:
    by_size: dict[tuple[int, int], list[Look]] = defaultdict(list)
    for look in looks:
        by_size[look.size].append(look)
    if len(by_size) < 2:
        return
    sizes = sorted(by_size, key=lambda size: -len(by_size[size]))
    usual = sizes[0]
    odd = [look for look in looks if look.size != usual]
    shapes = {_proportion(size, usual) for size in sizes[1:]}
    both = (
        Text(" Some stand upright where others lie.", " 有横有竖。")
        if any(width > _UPRIGHT * height for width, height in sizes)
        and any(height > _UPRIGHT * width for width, height in sizes)
        else Text("", "")
    )
    same = Text(" All have the same proportions.", " 宽高比一致。") if shapes == {True} else Text("", "")
    told = ", ".join(f"{width}x{height} ({len(by_size[width, height]):,})" for width, height in sizes[:_SHOWN])
    rest = (
        Text(f" and {len(sizes) - _SHOWN} more", f" 等（另有 {len(sizes) - _SHOWN} 种）")
        if len(sizes) > _SHOWN
        else Text("", "")
    )
    yield Finding(
        "sizes",
        Severity.WARNING,
        Text("Pictures of several sizes", "图像尺寸不一"),
        Text(
            f"{len(sizes)} sizes: {told}{rest.en}.{same.en}{both.en} okng train brings all to one shape.",
            f"{len(sizes)} 种尺寸：{told}{rest.zh}。{same.zh}{both.zh} okng train 会将它们统一为一种形状。",
        ),
        Text(
            "Take all with one camera setting; or cut the same region from each.",
            "请用同一相机设置拍摄，或从每张图像裁剪相同区域。",
        ),
        tuple(look.name for look in odd),
        remarks=tuple((look.name, f"{look.size[0]}x{look.size[1]}") for look in odd),
    )


def _proportion(size: tuple[int, int], usual: tuple[int, int]) -> bool:
    """Whether two sizes have the same proportions, but for rounding."""
    first, second = size[0] * usual[1], size[1] * usual[0]
    return max(first, second) <= _SAME_SHAPE * min(first, second)


def _small(looks: Sequence[Look]) -> Iterator[Finding]:
    small = [look for look in looks if min(look.size) < _SMALL_PX]
    if small:
        yield Finding(
            "small",
            Severity.WARNING,
            Text("Very small pictures", "过小的图像"),
            Text(
                f"{many(len(small))} with a side below {_SMALL_PX} pixels: they are enlarged, and nothing is gained "
                "by it.",
                f"{len(small)} 张图像的一边小于 {_SMALL_PX} 像素：放大后也不会增加信息。",
            ),
            Text(
                "If these are thumbnails or icons, take them out; else take pictures from nearer.",
                "若为缩略图或图标请移除；否则请靠近拍摄。",
            ),
            tuple(look.name for look in small),
            remarks=tuple((look.name, f"{look.size[0]}x{look.size[1]}") for look in small),
        )


def _colours(looks: Sequence[Look]) -> Iterator[Finding]:
    gray = [look for look in looks if look.gray]
    colour = [look for look in looks if not look.gray]
    if gray and colour:
        fewer = min(gray, colour, key=len)
        yield Finding(
            "gray-and-colour",
            Severity.WARNING,
            Text("Gray and colour pictures mixed", "灰度与彩色图像混用"),
            Text(
                f"{many(len(gray))} gray, {len(colour):,} in colour: two cameras, or two ways of saving.",
                f"{len(gray)} 张灰度，{len(colour)} 张彩色：来自两台相机或两种存储方式。",
            ),
            Text(
                "Take all of them as the station's camera will: all gray or all in colour.",
                "请全部按检测站相机的方式拍摄：全部灰度或全部彩色。",
            ),
            tuple(look.name for look in fewer),
        )
