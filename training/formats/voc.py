"""Pascal VOC (development kit of 2012), and pictures with such annotation files beside them, as LabelImg writes.

    ROOT/JPEGImages/line 2/001.png            pictures; also called images
    ROOT/Annotations/line 2/001.xml           objects and their boxes; see voc_xml.py
    ROOT/ImageSets/Main/train.txt …           splits, and classes of whole pictures; see voc_sets.py
    ROOT/SegmentationObject/line 2/001.png    painted objects, and
    ROOT/SegmentationClass/line 2/001.png     their classes; see voc_masks.py
    ROOT/VOC2012/…, ROOT/VOCdevkit/VOC2012/…  the same, as published

A painted object comes without its box, which says nothing more. What nobody labelled is written without an annotation
file and listed in `ImageSets/Unlabelled` alone, and what is labelled by class alone gets none either: to a detector an
annotation file without objects says that nothing is there. Flags and pose of objects become tags of the picture: the
numbers of its marks, boxes first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from training.data.dataset import listed
from training.data.marks import Raster
from training.errors import BadData
from training.formats.backgrounds import Backgrounds, drawn_classes
from training.formats.base import ReadOptions
from training.formats.copying import Copies, refuse_unfit_split
from training.formats.item import Fact, Item, Source
from training.formats.palette_png import write_indices
from training.formats.peek import begins_with, label_files
from training.formats.sizes import header_of
from training.formats.voc_masks import (
    LABELMAP,
    Edges,
    Masks,
    labelmap_text,
    paint,
    read_labelmap,
    read_masks,
)
from training.formats.voc_sets import NO_SPLIT, Sets, read_sets, write_sets
from training.formats.voc_xml import FLAGS, UNSPECIFIED, VocAnnotation, VocObject, annotation_text, read_annotation
from training.formats.walk import files_under, pictures_under

_PICTURES = ("JPEGImages", "images")
_ANNOTATIONS = ("Annotations", "annotations")
_MASKS = frozenset({"SegmentationObject", "SegmentationClass"})
# How much of a box and of a mask's frame must be the same for them to be one object: void borders make a difference.
_SAME = 0.5
_POSE = re.compile(r"(\d{1,6}):(\S+)")


class Voc:
    name = "voc"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.MANY_LABELS, Fact.BOX, Fact.MASK, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        if any((home / "ImageSets").is_dir() for home in _homes(root)):
            return True
        return root.is_dir() and any(
            begins_with(path, b"<annotation", b"<filename>", b"<size>") for path in label_files(root, ".xml")
        )

    def read(self, root: Path, options: ReadOptions) -> Source:
        homes = _homes(root) or [root]
        if len(homes) > 1:
            raise BadData(f"{root} holds {', '.join(home.name for home in homes)}; name one of them")
        home = homes[0]
        annotations, pictures = _files(home, options.images)
        said = {name: read_annotation(path) for name, path in annotations.items()}
        found = pictures.matched(annotations, said)
        sets = read_sets(home)
        _refuse_missing(sets, found)
        labelmap = read_labelmap(home)
        items, void = [], 0
        for name, path in sorted(found.items(), key=lambda pair: pictures.name(pair[1])):
            annotation = said.get(name, VocAnnotation("", ()))
            masks = read_masks(home, name, annotation, labelmap)
            items.append(_item(path, pictures.name(path), name, sets, annotation, masks))
            void += masks.void
        labels = {label for item in items for label in item.classes}
        named = tuple(labelmap.names.values())
        classes = (
            named
            if labelmap.own
            else tuple(label for label in (*named, *sorted(labels - set(named))) if label in labels)
        )
        notes = (f"void pixels of {void} pictures, of which nobody said what they are, become background",)
        return Source(root, self.name, tuple(items), classes, notes if void else ())

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        classes = drawn_classes(source)
        copies, backgrounds = Copies(folder / "JPEGImages"), Backgrounds()
        splits: dict[str, str | None] = {}
        labels: dict[str, tuple[str, ...]] = {}
        painted: list[str] = []
        covered, widened = [], []
        for item in source.items:
            parent = PurePosixPath(item.name).parent.as_posix()
            file_name = copies.add(item, "" if parent == "." else parent)
            name = _without_suffix(file_name)
            splits[name] = item.split if item.split is None else refuse_unfit_split(item.split, NO_SPLIT)
            if item.classes:
                labels[name] = item.classes
            header = header_of(item.path)
            painting = paint(item, (header.width, header.height))
            if backgrounds.keep_apart(item, [label for label, _ in painting.boxes]):
                continue
            if painting.objects.any():
                painted.append(name)
                write_indices(folder / "SegmentationObject" / f"{name}.png", painting.objects)
                numbers = np.array([0, *(classes.index(label) + 1 for label, _ in painting.boxes)], np.uint8)
                write_indices(folder / "SegmentationClass" / f"{name}.png", numbers[painting.objects])
            text = annotation_text(file_name, header, painting.boxes, _said(item), name in painted)
            target = folder / "Annotations" / f"{name}.xml"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            covered += [item.name] if painting.lost else []
            widened += [item.name] if painting.widened else []
        write_sets(folder, splits, labels, painted)
        (folder / LABELMAP).write_text(labelmap_text(classes), encoding="utf-8")
        return (
            *copies.notes(),
            *backgrounds.notes("ImageSets, without an annotation file,"),
            *_changed(covered, widened),
        )


class _Pictures:
    """The pictures below a folder, by their paths without suffix."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for path in pictures_under(base):
            name = self.name(path)
            if PurePosixPath(name).parts[0] not in _MASKS:
                self._by_name[_without_suffix(name)].append(path)
                self._by_stem[path.stem].append(path)

    def name(self, path: Path) -> str:
        return path.relative_to(self._base).as_posix()

    def matched(self, annotations: Mapping[str, Path], said: Mapping[str, VocAnnotation]) -> dict[str, Path]:
        """Annotation file or, without one, picture → picture; both without suffix.

        Raises:
            BadData: an annotation file is about no picture, or about one of several.
        """
        found: dict[str, Path] = {}
        missing = []
        # Only where the folders do not agree at all: else a missing picture's objects would go to another one.
        loose = not any(name in self._by_name for name in said)
        for name, annotation in said.items():
            called = annotation.filename.replace("\\", "/").rpartition("/")[2]
            alike = self._by_stem.get(PurePosixPath(called or name).stem, []) if loose else []
            paths = self._by_name.get(name) or alike
            exact = [path for path in paths if path.name == called]
            if len(exact or paths) > 1:
                raise BadData(
                    f"{annotations[name]} may be about {paths[0]} or {paths[1]}; give each the name of its own "
                    "annotation file"
                )
            if not paths:
                missing.append((annotations[name], called or name))
                continue
            found[name] = (exact or paths)[0]
        if missing:
            raise BadData(
                f"{missing[0][0]} is about {missing[0][1]}, which is not below {self._base} ({len(missing)} such: "
                f"{listed([called for _, called in missing])}); put them there, or say where they are with --images"
            )
        _refuse_twice(found, annotations)
        seen = set(found.values())
        rest = {name: path for name, paths in self._by_name.items() for path in paths if path not in seen}
        return found | {name: path for name, path in rest.items() if name not in found}


def _refuse_twice(found: Mapping[str, Path], annotations: Mapping[str, Path]) -> None:
    by_picture: dict[Path, str] = {}
    for name, path in found.items():
        known = by_picture.setdefault(path, name)
        if known != name:
            raise BadData(f"{annotations[name]} is about {path}, as {annotations[known]} is; make one of the two")


def _refuse_missing(sets: Sets, found: Mapping[str, Path]) -> None:
    missing = sorted(name for name in sets.where if name not in found)
    if missing:
        raise BadData(
            f"{sets.where[missing[0]]} lists {missing[0]}, of which there is no picture ({len(missing)} such: "
            f"{listed(missing)}); put them into JPEGImages, or take them out of the list"
        )


def _homes(root: Path) -> list[Path]:
    """The folders at or in `root` that are laid out as VOC's."""
    if not root.is_dir():
        return []
    candidates = (root, *sorted(root.glob("VOC*")), *sorted(root.glob("VOCdevkit/VOC*")))
    return [path for path in candidates if (path / "ImageSets").is_dir() or (path / "Annotations").is_dir()]


def _files(home: Path, images: Path | None) -> tuple[dict[str, Path], _Pictures]:
    """Annotation files by their paths without suffix, and the pictures."""
    beside = next((home / name for name in _ANNOTATIONS if (home / name).is_dir()), home)
    base = images or next((home / name for name in _PICTURES if (home / name).is_dir()), home)
    xml = [path for path in files_under(beside) if path.suffix.lower() == ".xml"] if beside.is_dir() else []
    return {_without_suffix(path.relative_to(beside).as_posix()): path for path in xml}, _Pictures(base)


def _without_suffix(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def _item(path: Path, file_name: str, name: str, sets: Sets, said: VocAnnotation, masks: Masks) -> Item:
    boxes = [(one, one.box) for one in said.objects if one.box is not None]
    painted: list[tuple[VocObject | None, Raster]] = []
    for instance in masks.instances:
        label = instance.raster.label
        alike = [(_shared(box.bounds, instance.bounds), pair) for pair in boxes if (box := pair[1]).label == label]
        best = max(alike, key=lambda one: one[0], default=None)
        own = best[1] if best is not None and best[0] >= _SAME else None
        boxes = [pair for pair in boxes if pair is not own]
        painted.append((own[0] if own else None, instance.raster))
    objects = [*(one for one, _ in boxes), *(one for one, _ in painted)]
    marked = {*(box.label for _, box in boxes), *(raster.label for _, raster in painted)}
    unplaced = [one.label for one in said.objects if one.box is None]
    labels = tuple(label for label in dict.fromkeys((*unplaced, *sets.labels.get(name, ()))) if label not in marked)
    shapes, rasters = tuple(box for _, box in boxes), tuple(raster for _, raster in painted)
    return Item(path, file_name, labels, shapes, rasters, sets.splits.get(name), tags=_tags(objects))


def _shared(one: Edges, other: Edges) -> float:
    """How much of two boxes is the same, from 0 to 1 (intersection over union)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both) if both else 0.0


def _tags(objects: Sequence[VocObject | None]) -> dict[str, str]:
    """`difficult`: "1 3", the marks that are; `pose`: "2:Left"."""
    there = [(number, one) for number, one in enumerate(objects, 1) if one is not None]
    tags = {flag: " ".join(str(number) for number, one in there if flag in one.flags) for flag in FLAGS}
    tags["pose"] = " ".join(f"{number}:{one.pose}" for number, one in there if one.pose != UNSPECIFIED)
    return {key: text for key, text in tags.items() if text}


def _said(item: Item) -> dict[int, tuple[frozenset[str], str]]:
    """`_tags` the other way round; tags that say something else are left out."""
    flags: dict[int, set[str]] = defaultdict(set)
    for flag in FLAGS:
        for word in item.tags.get(flag, "").split():
            if word.isdecimal():
                flags[int(word)].add(flag)
    poses = dict(_POSE.findall(item.tags.get("pose", "")))
    numbers = {*flags, *(int(number) for number in poses)}
    return {number: (frozenset(flags[number]), poses.get(str(number), UNSPECIFIED)) for number in numbers}


def _changed(covered: list[str], widened: list[str]) -> tuple[str, ...]:
    said = (
        (covered, "masks overlap, and a pixel is of one object only: the later one covers the earlier in"),
        (widened, "boxes end within a pixel and are widened to hold it in"),
    )
    return tuple(f"{what} {listed(names, len(names))}" for names, what in said if names)
