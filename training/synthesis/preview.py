"""One HTML page to look at synthetic defects and augmented views before anything is trained on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from models.picture_file import read_picture
from training.data.augment import draw_way, kinds_of_views, lit_as
from training.data.dataset import Picture
from training.data.marks import Mask
from training.data.part import PART, Part, part_text
from training.declared import AugmentSpec, Kind
from training.page import figure, heading, page, paragraph, pictures, table
from training.synthesis.series import Numbered
from training.synthesis.surface import Image
from training.text import Text

_WIDTH_PX = 360
_CLOSE_UP = 2.0
_VIEWS = 3
NAMES: Mapping[Kind, Text] = {
    Kind.TEXTURE: Text("Foreign texture", "异常纹理"),
    Kind.CUTPASTE: Text("Pasted rectangle (CutPaste)", "矩形粘贴(CutPaste)"),
    Kind.SCAR: Text("Pasted strip (scar)", "条状粘贴(疤痕)"),
    Kind.CRACK: Text("Crack", "裂纹"),
    Kind.CHIP: Text("Chip out of the edge", "边缘缺口"),
    Kind.PIT: Text("Pits", "凹坑"),
    Kind.SCRATCH: Text("Scratch", "划痕"),
    Kind.STAIN: Text("Stain", "污渍"),
    Kind.ILLUMINATION: Text("Wrong light", "光照异常"),
    Kind.BLEND: Text("Your own defects", "自有缺陷融合"),
}
_WARNING = Text(
    "Synthetic pictures are for training only. They set no limit, calibrate nothing and are never tested on.",
    "合成图像只用于训练:不用于设定界限、校准,也不用于测试。",
)


def defects_page(
    series: Iterable[Numbered], missed: Mapping[Kind, int], augment: AugmentSpec, seed: int
) -> tuple[str, int]:
    """The page of a series (HTML), and how many pictures it shows; kinds in the order in which they first come."""
    rows: dict[Kind, list[str]] = {}
    for one in series:
        rows.setdefault(one.made.kind, []).append(_figures(one, augment, seed))
    sections = [
        heading(Text("Synthetic defects", "合成缺陷"), 1),
        paragraph(_WARNING),
        paragraph(
            Text(f"Seed {seed}. The same seed makes the same pictures.", f"种子 {seed}:相同种子生成相同图像。"),
            note=True,
        ),
    ]
    for kind, figures in rows.items():
        sections += [heading(NAMES[kind]), *figures]
    if missed:
        sections += [
            heading(Text("Not made", "未能生成")),
            paragraph(
                Text(
                    "No such defect fits these pictures: a chip needs the part's edge and the background in sight, and "
                    "what would be too faint to see is not made.",
                    "这些图像不适合生成此类缺陷:缺口需要看到工件边缘和背景;过于微弱、看不出的缺陷不会生成。",
                )
            ),
            table(
                [Text("kind", "种类"), Text("times", "次数")], [(NAMES[kind], count) for kind, count in missed.items()]
            ),
        ]
    return page("okng synth", sections), sum(len(figures) for figures in rows.values())


def _figures(one: Numbered, augment: AugmentSpec, seed: int) -> str:
    """One picture's row: the good one and the synthetic one near the defect, its mask, and the whole as a view."""
    place = _around(one.made.mask)
    piece = _coloured(np.ascontiguousarray(one.made.image[place]))
    mask = one.made.mask[place]
    marked = piece.copy()
    marked[mask] = (piece[mask] // 3 + np.array([0, 0, 160])).astype(np.uint8)
    view = _view(one.made.image, augment, seed + one.number)
    return pictures(
        (
            figure(Text("good picture, close up", "良品原图(局部)"), _small(np.ascontiguousarray(one.good[place]))),
            figure(Text(f"no. {one.number}, {one.made.label}", f"第 {one.number} 张,{one.made.label}"), _small(piece)),
            figure(Text("its mask", "掩膜"), _small(marked)),
            figure(Text("the whole, as an augmented view", "整图(增强视图)"), _small(view)),
        )
    )


def _around(mask: Mask) -> tuple[slice, slice]:
    """The defects and as much around them."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    side = max(32, round(_CLOSE_UP * max(width, height) / 2))
    middle = top + height // 2, left + width // 2
    rows, columns = (slice(max(0, at - side), at + side) for at in middle)
    return rows, columns


def views_page(good: Sequence[Picture], augment: AugmentSpec, part: Part, seed: int) -> str:
    """The page of augmented views (HTML): a row a picture and kind of view."""
    sections = [
        heading(Text("Augmented views of good parts", "良品的增强视图"), 1),
        paragraph(
            Text(
                "Training takes every view for a good part. If one of them would be NG on your line, answer okng part "
                "otherwise, or lower the bounds in [augment].",
                "训练会把每个视图都当作良品。若其中某个在您的产线上应判为 NG,请在 okng part 中更改回答,"
                "或调小 [augment] 中的范围。",
            )
        ),
        table(
            [Text("bound", "范围"), Text("value", "值")],
            [*augment.model_dump().items(), (PART, part_text(part) or Text("nothing answered", "尚未回答"))],
        ),
    ]
    for picture in good:
        image = read_picture(picture.path)
        rng = np.random.default_rng([seed, int(picture.sha256[:12], 16)])
        for kind in kinds_of_views(augment):
            seen = [figure(picture.name, _small(image))]
            for _ in range(_VIEWS):
                way = draw_way(kind, augment, (image.shape[1], image.shape[0]), rng)
                seen.append(figure(_KINDS_OF_VIEWS[kind], _small(lit_as(way.of(image), augment, rng))))
            sections.append(pictures(seen))
    return page("okng synth --augment", sections)


_KINDS_OF_VIEWS = {"turned": Text("turned", "转动"), "shifted": Text("shifted", "移动")}


def _view(image: Image, augment: AugmentSpec, seed: int) -> Image:
    rng = np.random.default_rng(seed)
    kind = kinds_of_views(augment)[0]
    return lit_as(draw_way(kind, augment, (image.shape[1], image.shape[0]), rng).of(image), augment, rng)


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    if width == _WIDTH_PX:
        return image
    size = (_WIDTH_PX, max(1, round(height * _WIDTH_PX / width)))
    how = cv2.INTER_AREA if width > _WIDTH_PX else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _coloured(image: Image) -> Image:
    return image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
