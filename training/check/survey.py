"""Everything that is known of a data set before it is judged: what its labels say, and a look at every file.

Also of one that no training would take: labels that cannot be read are a finding, and then the pictures are taken as
they lie in folders. Nothing is ever written inside the data set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from models.picture_file import SUFFIXES
from training.check.findings import Finding, Severity, many
from training.check.look import Look, look_at
from training.check.masks import MaskFile, MaskLook, look_at_mask_files, look_at_masks
from training.data.annotations import read_annotations
from training.data.catalogue import build_catalogue
from training.data.dataset import EMPTY, MASKS, SPLITS, UNLABELLED, read_groups
from training.data.subsets import SplitRow, read_split
from training.data.synthetic_mark import SYNTHETIC
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.classes import GOOD_NAMES
from training.formats.folders import class_of
from training.formats.item import GOOD, Item, Source
from training.formats.okng import Okng
from training.formats.registry import read_source
from training.progress import Progress
from training.text import Text

INCOMPLETE = "incomplete"
_NO_DEFECT = frozenset({GOOD, EMPTY, UNLABELLED})
_NO_CLASSES = frozenset({MASKS, SPLITS, SYNTHETIC})


@dataclass(frozen=True, slots=True)
class Survey:
    """`findings`: what was found while reading the labels; `annotated`: masks that annotations.jsonl names."""

    source: Source
    looks: tuple[Look, ...]
    masks: tuple[MaskLook, ...]
    mask_files: tuple[MaskFile, ...]
    annotated: frozenset[str]
    findings: tuple[Finding, ...]


def survey(root: Path, format_name: str | None, options: ReadOptions, split: Path | None, progress: Progress) -> Survey:
    """Read all labels, every picture and every mask once; blocks for minutes where there are many.

    Raises:
        NotThere: `root` or `split` is not there.
        BadData: `split` is no table of subsets, there is no format of that name, or an option does not fit the data.
    """
    source, findings = _source(root, format_name, options)
    if split is not None:
        source, further = _split(source, read_split(split))
        findings = (*findings, *further)
    source = with_region_labels(source)
    looks = look_at(source, progress)
    folder = root if root.is_dir() else root.parent
    masks, files = look_at_masks(source, progress), look_at_mask_files(folder, progress)
    return Survey(source, looks, masks, files, _annotated(folder), findings)


def _source(root: Path, format_name: str | None, options: ReadOptions) -> tuple[Source, tuple[Finding, ...]]:
    if not root.exists():
        raise NotThere(f"there is no data set at {root}; check its name")
    try:
        source = read_source(root, format_name, options)
        return source, (*(_note(note) for note in source.notes), *_beside(source))
    except (BadData, NotThere) as error:
        why = str(error)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}; check its rights"
    if format_name is not None or not root.is_dir() or (options != ReadOptions() and _reads_alone(root)):
        raise BadData(why)
    source, shut = _as_folders(root, frozenset(options.good))
    return source, (_unread(why), *([_shut(shut)] if shut else []))


def _reads_alone(root: Path) -> bool:
    """Whether the data set can be read without any option: then an option is wrong, and not the data."""
    try:
        read_source(root, None, ReadOptions())
    except (BadData, NotThere, OSError):
        return False
    return True


def with_region_labels(source: Source) -> Source:
    """The same; an assembly is good if each named region shows what it is to, else incomplete, by those that do not."""
    if source.rois is None:
        return source
    expected = {roi.name: roi.expect for roi in source.rois.rois}
    items = []
    for item in source.items:
        wrong = sorted(name for name, label in item.regions.items() if label != expected.get(name))
        labels = (INCOMPLETE, *wrong) if wrong else (GOOD,)
        items.append(replace(item, labels=labels) if item.regions and not item.labels else item)
    return replace(source, items=tuple(items))


def _note(note: str) -> Finding:
    return Finding(
        "labels-noted",
        Severity.NOTE,
        Text("Noticed while the labels were read", "读取标注时注意到"),
        Text(f"{note}.", f"{note}。"),
        Text("See whether that is meant.", "请确认是否有意如此。"),
    )


def _beside(source: Source) -> Iterator[Finding]:
    """What is wrong with the files that lie beside the pictures of an okng data set."""
    if source.format != Okng.name or source.rois is not None:
        return
    names = {item.name for item in source.items}
    strangers = tuple(sorted(set(read_groups(source.root / "groups.csv")) - names))
    if strangers:
        yield Finding(
            "groups-strangers",
            Severity.WARNING,
            Text("groups.csv names pictures that are not there", "groups.csv 中有不存在的图像"),
            Text(f"{many(len(strangers))}. Were they renamed?", f"{len(strangers)} 张图像。是否已改名？"),
            Text(
                "Correct their names in groups.csv, or take the rows out.", "请更正 groups.csv 中的名称，或删除该行。"
            ),
            strangers,
        )
    try:
        labels = {label for item in source.items for label in item.labels}
        build_catalogue(source.root, tuple(sorted(labels - _NO_DEFECT)))
    except BadData as error:
        yield Finding(
            "catalogue",
            Severity.ERROR,
            Text("The catalogue does not fit the folders", "缺陷目录与文件夹不符"),
            Text(f"{error}.", f"{error}。"),
            Text("Training is refused until it does.", "在更正之前无法训练。"),
        )


def _unread(why: str) -> Finding:
    return Finding(
        "labels",
        Severity.ERROR,
        Text("The labels cannot be taken as they are", "标注无法直接使用"),
        Text(f"{why}. Below, each folder is taken for a class.", f"{why}。下文将每个文件夹视为一个类别。"),
        Text("Correct it, or name the format with --format.", "请更正，或用 --format 指定格式。"),
    )


def _shut(folders: tuple[str, ...]) -> Finding:
    return Finding(
        "folder-unreadable",
        Severity.ERROR,
        Text("Folders that cannot be opened", "无法打开的文件夹"),
        Text(
            f"{many(len(folders), 'folder')}; what is in them is not checked.",
            f"{len(folders)} 个文件夹；其内容未检查。",
        ),
        Text("Check their rights.", "请检查访问权限。"),
        folders,
    )


def _as_folders(root: Path, good: frozenset[str]) -> tuple[Source, tuple[str, ...]]:
    """Every picture with its folder as class, whatever else is wrong, and the folders that cannot be opened."""
    shut: list[str] = []
    items: list[Item] = []
    for folder, inner, files in os.walk(root, onerror=lambda error: shut.append(str(error.filename))):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _NO_CLASSES)
        for file in sorted(files):
            path = Path(folder) / file
            if path.suffix.lower() in SUFFIXES and not file.startswith("."):
                name = path.relative_to(root).as_posix()
                label, split = class_of(name)
                items.append(Item(path, name, _labels(label, good), split=split))
    items.sort(key=lambda item: item.name)
    classes = sorted({label for item in items for label in item.labels if label != GOOD})
    return Source(root, "folders", tuple(items), tuple(classes)), tuple(shut)


def _labels(label: str | None, good: frozenset[str]) -> tuple[str, ...]:
    if label is None:
        return ()
    return (GOOD,) if label in good or label.casefold() in GOOD_NAMES else (label,)


def _split(source: Source, rows: tuple[SplitRow, ...]) -> tuple[Source, tuple[Finding, ...]]:
    """The source with the subsets and groups of a table, and what of the one is not in the other."""
    known = {row.image: row for row in rows}
    items = tuple(_placed(item, known.get(item.name)) for item in source.items)
    strangers = tuple(sorted(set(known) - {item.name for item in source.items}))
    if not strangers:
        return replace(source, items=items), ()
    finding = Finding(
        "split-strangers",
        Severity.WARNING,
        Text("The split names pictures that are not there", "划分表中有不存在的图像"),
        Text(f"{many(len(strangers))} of {len(rows):,}.", f"{len(rows)} 行中有 {len(strangers)} 行。"),
        Text("Make the split again with okng split.", "请用 okng split 重新划分。"),
        strangers,
    )
    return replace(source, items=items), (finding,)


def _placed(item: Item, row: SplitRow | None) -> Item:
    if row is None:
        return replace(item, split=None)
    return replace(item, split=row.subset.value, group=row.group if row.group != row.image else item.group)


def _annotated(root: Path) -> frozenset[str]:
    try:
        return frozenset(row.file for said in read_annotations(root).values() for row in said.masks)
    except BadData:
        return frozenset()  # said before, where the labels were read
