"""Where defects are painted: masks that are empty, of another size, gray, of good pictures or of none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from models.picture_file import SUFFIXES
from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.data.dataset import GOOD, MASKS
from training.data.marks import Raster
from training.errors import BadData
from training.formats.item import Item, Source
from training.progress import Progress
from training.side_by_side import in_order
from training.text import Text

_NEARLY_ALL = 0.9
# Edges that were smoothed by resizing are gray; a few such pixels change no training.
_GRAY_SHARE = 0.01

_SAID: Mapping[str, tuple[Severity, Text, Text, Text]] = {
    "mask-unreadable": (
        Severity.ERROR,
        Text("Masks that cannot be read", "无法读取的掩膜"),
        Text("Training stops at the first.", "训练会在第一个处停止。"),
        Text("Export them again, or remove them.", "请重新导出或删除。"),
    ),
    "mask-size": (
        Severity.ERROR,
        Text("Masks not as large as their pictures", "掩膜尺寸与图像不符"),
        Text("Nobody knows which pixels they mean.", "无法确定其对应的像素。"),
        Text(
            "Draw them again on the pictures as they are stored; were the pictures turned or resized after?",
            "请在存储的原图上重新绘制；图像之后是否被旋转或缩放？",
        ),
    ),
    "mask-empty": (
        Severity.WARNING,
        Text("Masks of defects that mark nothing", "缺陷图像的掩膜为空"),
        Text(
            "The picture is said to show a defect, and nothing of it is marked.", "图像标为有缺陷，但没有标出任何像素。"
        ),
        Text("Mark the defect; or move the picture to good/ if there is none.", "请标出缺陷；若无缺陷请移到 good/。"),
    ),
    "class-unmarked": (
        Severity.WARNING,
        Text("Classes in which every mask is empty", "所有掩膜均为空的类别"),
        Text("Are these good parts? okng never guesses it.", "这些是合格件吗？okng 从不猜测。"),
        Text("If so, say --good NAME; else mark the defects.", "若是请用 --good 名称 指定；否则请标出缺陷。"),
    ),
    "good-marked": (
        Severity.ERROR,
        Text("Good pictures in which a mask marks something", "合格图像的掩膜标出了内容"),
        Text("They are said to be good and to show a defect.", "既标为合格又标出缺陷。"),
        Text("Move them to their defect, or empty the masks.", "请移到对应缺陷，或清空掩膜。"),
    ),
    "mask-full": (
        Severity.WARNING,
        Text("Masks that cover nearly the whole picture", "掩膜几乎覆盖整张图像"),
        Text("Black and white may be swapped.", "黑白可能颠倒。"),
        Text("Look at them, and invert those that are swapped.", "请检查，并反转颠倒的掩膜。"),
    ),
}


@dataclass(frozen=True, slots=True)
class MaskLook:
    """One painted mask: of which picture and class, why it cannot be read or "", (width, height), share covered."""

    name: str
    label: str
    fault: str = ""
    size: tuple[int, int] = (0, 0)
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class MaskFile:
    """One file of `ground_truth/`: its path in the data set, the share of covered pixels that are neither black nor of
    the brightest value, and whether any pixel is covered; `fault` as in `MaskLook`."""

    name: str
    fault: str = ""
    gray: float = 0.0
    painted: bool = False


def look_at_masks(source: Source, progress: Progress) -> tuple[MaskLook, ...]:
    """Every painted mask of the data set, read once; blocks, two at a time."""
    wanted = [(item.name, raster) for item in source.items for raster in item.rasters]
    if not wanted:
        return ()
    return tuple(progress.each("looking at masks", in_order(_mask_look, wanted), len(wanted)))


def look_at_mask_files(root: Path, progress: Progress) -> tuple[MaskFile, ...]:
    """Every picture file of `root/ground_truth`, where there is one; blocks, two at a time."""
    folder = root / MASKS
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not files:
        return ()
    return tuple(progress.each("looking at mask files", in_order(partial(_mask_file, root), files), len(files)))


def _mask_look(wanted: tuple[str, Raster]) -> MaskLook:
    name, raster = wanted
    try:
        mask = raster.read()
    except (BadData, OSError) as error:
        return MaskLook(name, raster.label, str(error))
    share = float(np.count_nonzero(mask)) / mask.size if mask.size else 0.0
    return MaskLook(name, raster.label, size=(mask.shape[1], mask.shape[0]), share=share)


def _mask_file(root: Path, path: Path) -> MaskFile:
    name = path.relative_to(root).as_posix()
    try:
        mask = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error) as error:
        return MaskFile(name, str(error))
    if mask is None:
        return MaskFile(name, "no readable picture")
    painted = np.count_nonzero(mask)
    between = painted - np.count_nonzero(mask == mask.max())
    return MaskFile(name, "", float(between) / painted if painted else 0.0, bool(painted))


def check_masks(looks: Sequence[Look], masks: Sequence[MaskLook]) -> Iterator[Finding]:
    """Masks that cannot be read, do not fit, cover nothing or nearly everything."""
    size_of = {look.name: look.size for look in looks if not look.fault}
    whole = [mask for mask in masks if not mask.fault]
    unmarked = _unmarked(whole)
    remarks: dict[str, list[tuple[str, str]]] = {
        "mask-unreadable": [(mask.name, f"{mask.label}: {mask.fault}") for mask in masks if mask.fault],
        "mask-size": [
            (mask.name, f"{mask.label}: {_x(mask.size)} / {_x(size_of[mask.name])}")
            for mask in whole
            if mask.size != size_of.get(mask.name, mask.size)
        ],
        "mask-empty": [
            (mask.name, mask.label)
            for mask in whole
            if mask.share == 0.0 and mask.label != GOOD and mask.label not in unmarked
        ],
        "class-unmarked": [(label, f"{count:,}") for label, count in unmarked.items()],
        "good-marked": [
            (mask.name, f"{100 * mask.share:.1f} %") for mask in whole if mask.share and mask.label == GOOD
        ],
        "mask-full": [
            (mask.name, f"{mask.label}: {100 * mask.share:.0f} %") for mask in whole if mask.share > _NEARLY_ALL
        ],
    }
    for code, said in remarks.items():
        if said:
            severity, title, why, remedy = _SAID[code]
            named = () if code == "class-unmarked" else tuple(name for name, _ in said)
            thing, things, chinese = ("mask", "", "个掩膜") if named else ("class", "classes", "个类别")
            found = Text(f"{many(len(said), thing, things)}. {why.en}", f"{len(said)} {chinese}。{why.zh}")
            yield Finding(code, severity, title, found, remedy, named, remarks=tuple(said))


def _unmarked(masks: Sequence[MaskLook]) -> dict[str, int]:
    """Class → masks, of classes in which every one is empty: they are likely of good parts."""
    shares: dict[str, list[float]] = defaultdict(list)
    for mask in masks:
        shares[mask.label].append(mask.share)
    return {label: len(found) for label, found in shares.items() if label != GOOD and len(found) > 1 and not any(found)}


def _x(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def check_mask_files(files: Sequence[MaskFile], items: Sequence[Item], named: frozenset[str]) -> Iterator[Finding]:
    """Files of `ground_truth/`: gray ones, those of good pictures, those of none; `named`: in annotations.jsonl."""
    yield from _gray([file for file in files if file.gray > _GRAY_SHARE])
    yield from _of_good([file for file in files if file.painted and PurePosixPath(file.name).parent.name == GOOD])
    known = {(PurePosixPath(item.name).parent.name, PurePosixPath(item.name).stem) for item in items}
    yield from _lost(
        [file for file in files if file.name not in named and not _belongs(PurePosixPath(file.name), known)]
    )


def _gray(masks: Sequence[MaskFile]) -> Iterator[Finding]:
    if masks:
        yield Finding(
            "mask-gray",
            Severity.WARNING,
            Text("Masks with gray values", "掩膜含灰度值"),
            Text(
                f"{many(len(masks), 'mask')}. Whatever is not black counts as defect; gray may be smoothed edges, "
                "JPEG, or another class.",
                f"{len(masks)} 个掩膜。凡非黑色都算缺陷；灰色可能是平滑边缘、JPEG 痕迹或其他类别。",
            ),
            Text("Save masks as PNG of black and white, one a class.", "请将掩膜存为黑白 PNG，每个类别一个。"),
            tuple(mask.name for mask in masks),
            remarks=tuple((mask.name, f"{100 * mask.gray:.0f} %") for mask in masks),
        )


def _of_good(masks: Sequence[MaskFile]) -> Iterator[Finding]:
    if masks:
        yield Finding(
            "mask-of-good",
            Severity.WARNING,
            Text("Masks of good pictures", "合格图像却有掩膜"),
            Text(
                f"{many(len(masks), 'mask')} mark something in pictures that are said to be good; training "
                "ignores them.",
                f"{len(masks)} 个掩膜在标为合格的图像中标出了内容；训练会忽略它们。",
            ),
            Text("Move the pictures to their defect, or remove the masks.", "请将图像移到对应缺陷，或删除掩膜。"),
            tuple(mask.name for mask in masks),
        )


def _lost(masks: Sequence[MaskFile]) -> Iterator[Finding]:
    if masks:
        yield Finding(
            "mask-without-picture",
            Severity.WARNING,
            Text("Masks without a picture", "没有对应图像的掩膜"),
            Text(
                f"{many(len(masks), 'mask')} that no picture of the same folder and name takes; nothing is learned of "
                "them.",
                f"{len(masks)} 个掩膜找不到同文件夹同名的图像；不会被使用。",
            ),
            Text("Rename them as their pictures, or remove them.", "请按图像改名，或删除。"),
            tuple(mask.name for mask in masks),
        )


def _belongs(mask: PurePosixPath, known: set[tuple[str, str]]) -> bool:
    return any((mask.parent.name, stem) in known for stem in (mask.stem, mask.stem.removesuffix("_mask")))
