"""Polygons and boxes outside their picture or without extent, and defects that are marked in some pictures alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.data.dataset import GOOD
from training.data.marks import Shape, ShapeKind
from training.formats.item import Item
from training.text import Text

_BESIDE_PX = 1.0


def check_shapes(looks: Sequence[Look], items: Sequence[Item]) -> Iterator[Finding]:
    """Polygons and boxes outside their picture or without extent, and defects marked in some pictures alone."""
    size_of = {look.name: look.size for look in looks if not look.fault}
    outside: dict[str, list[Shape]] = defaultdict(list)
    flat: dict[str, list[Shape]] = defaultdict(list)
    for item in items:
        for shape in item.shapes:
            left, top, right, bottom = shape.bounds
            width, height = size_of.get(item.name, (right, bottom))
            if min(left, top) < -_BESIDE_PX or right > width + _BESIDE_PX or bottom > height + _BESIDE_PX:
                outside[item.name].append(shape)
            if (right - left) * (bottom - top) <= 0:
                flat[item.name].append(shape)
    yield from _shapes(
        outside,
        "shape-outside",
        Text("Shapes that reach outside their picture", "标注超出图像边界"),
        Text("What lies outside is cut off.", "超出部分会被裁掉。"),
        Text(
            "Were the pictures turned, cut or resized after they were labelled? Else move the corners inside.",
            "标注之后图像是否被旋转、裁剪或缩放？否则请将角点移回图内。",
        ),
    )
    yield from _shapes(
        flat,
        "shape-flat",
        Text("Shapes without any area", "没有面积的标注"),
        Text("They were clicked by mistake, or rounded to nothing.", "可能是误点，或被舍入为零。"),
        Text("Remove them, or draw them again.", "请删除或重新绘制。"),
    )
    yield from _partly(items)


def _shapes(
    shapes: Mapping[str, Sequence[Shape]], code: str, title: Text, why: Text, remedy: Text
) -> Iterator[Finding]:
    if shapes:
        count = sum(len(group) for group in shapes.values())
        found = Text(
            f"{many(count, 'shape')} in {many(len(shapes))}. {why.en}",
            f"{len(shapes)} 张图像中的 {count} 个标注。{why.zh}",
        )
        remarks = tuple((name, _told(shape)) for name, group in shapes.items() for shape in group[:3])
        yield Finding(code, Severity.WARNING, title, found, remedy, tuple(shapes), remarks=remarks)


def _told(shape: Shape) -> str:
    left, top, right, bottom = shape.bounds
    return f"{shape.label}: {left:g},{top:g} to {right:g},{bottom:g}"


def _partly(items: Sequence[Item]) -> Iterator[Finding]:
    defective = [item for item in items if any(label != GOOD for label in item.labels)]
    bare = [item.name for item in defective if not item.shapes and not item.rasters]
    if bare and len(bare) < len(defective):
        boxes = sum(all(shape.kind is ShapeKind.BOX for shape in item.shapes) for item in defective if item.shapes)
        only = Text(f" In {boxes} there are boxes alone.", f" 其中 {boxes} 张只有方框。") if boxes else Text("", "")
        yield Finding(
            "marks-missing",
            Severity.NOTE,
            Text("Defects marked in some pictures alone", "只有部分图像标出了缺陷"),
            Text(
                f"{many(len(bare))} of {len(defective):,} defective ones have neither mask nor shape; they teach that "
                f"there is a defect, not where.{only.en}",
                f"{len(defective)} 张缺陷图像中有 {len(bare)} 张没有掩膜或标注；只能学到有缺陷，学不到位置。{only.zh}",
            ),
            Text("Mark them too, if places are to be learned.", "若要学习位置，请一并标出。"),
            tuple(bare),
        )
