"""YOLO for detection and segmentation (https://docs.ultralytics.com/datasets/detect), also Darknet's older layout.

    ROOT/data.yaml                              classes and splits; see yolo_config.py
    ROOT/images/train/line 2/001.png            pictures
    ROOT/labels/train/line 2/001.txt            objects; see yolo_lines.py. The last folder `images` of a path becomes
                                                `labels`; without one, the label file lies beside the picture
    ROOT/unlabelled/train/002.png               what is written here and must not be trained on as it stands

To Ultralytics a picture without a label file, or with an empty one, is a *background*: nothing is in it. Whether a
person saw it or nobody did is the same there, so such pictures are read without a label, counted, and whoever imports
them has to say what they are (`--unmarked`). The other way round only good pictures are written as backgrounds, with an
empty label file; what nobody labelled, or whose defect is known by class alone, is kept where no trainer looks.
A folder a class, for classification, is the format `folders`.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from training.data.dataset import listed
from training.data.marks import Shape, ShapeKind
from training.errors import BadData
from training.formats.backgrounds import Backgrounds, drawn_classes, in_picture
from training.formats.base import ReadOptions
from training.formats.copying import Copies, refuse_unfit_split
from training.formats.extras import data_extra
from training.formats.hostile import read_text
from training.formats.item import Fact, Item, Source
from training.formats.outline import outlines
from training.formats.sizes import size_of
from training.formats.walk import files_under
from training.formats.yolo_config import Config, Listing, config_file, read_config
from training.formats.yolo_lines import Odd, Reading, label_lines, parse_labels

_LABELS_MB = 16
# What stands among label files and is none.
_NO_LABELS = frozenset({"classes.txt", "predefined_classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt"})
_LABEL_LINE = re.compile(r"\s*\d+(\.\d+)?(\s+[-+.\deE]+){4}")
_KEY_OF = {
    "train": frozenset({"train", "training"}),
    "val": frozenset({"val", "valid", "validation"}),
    "test": frozenset({"test", "testing"}),
}
_UNSPLIT = "unsplit"
_APART = "unlabelled"


class Yolo:
    name = "yolo"
    holds = frozenset({Fact.BOX, Fact.POLYGON, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        return config_file(root) is not None

    def read(self, root: Path, options: ReadOptions) -> Source:
        path = config_file(root)
        if path is None:
            raise BadData(f"{root} has no data.yaml, obj.data or classes.txt of YOLO; name a folder that has one")
        folder = path.parent
        listing = _listing(folder)
        pictures = listing if options.images is None else _listing(options.images)
        config = read_config(path, listing, None if options.images is None else pictures)
        rows = [
            _Row(part.split, part.folder, name, _label_file(name, listing, options.images is not None))
            for part in config.parts
            for name in part.pictures
        ]
        _refuse_twice(rows, config)
        if options.images is None:
            _refuse_orphans(listing, rows)
        return _source(root, config, rows, pictures.root, listing)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        numbers = {label: number for number, label in enumerate(drawn_classes(source))}
        copies, backgrounds = Copies(folder), Backgrounds()
        folders: dict[tuple[bool, str | None], str] = {}
        cut = []
        for item in source.items:
            size, shapes = size_of(item.path), _shapes(item)
            lines, changed = label_lines(shapes, size, numbers)
            seen = [shape.label for shape in shapes if lines and in_picture(shape, size)]
            apart = backgrounds.keep_apart(item, seen)
            word = _UNSPLIT if item.split is None else refuse_unfit_split(item.split, _UNSPLIT)
            place = folders[apart, item.split] = f"{_APART if apart else 'images'}/{word}"
            parent = PurePosixPath(item.name).parent.as_posix()
            name = copies.add(item, place if parent == "." else f"{place}/{parent}")
            if not apart:
                target = folder / label_name(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(lines, encoding="utf-8")
            cut += [item.name] if changed else []
        text, notes = _config_text(numbers, folders)
        (folder / "data.yaml").write_text(text, encoding="utf-8")
        if cut:
            notes += (f"marks that reach over the picture's edge are cut there, as YOLO wants it: {listed(cut, 1000)}",)
        return (*copies.notes(), *backgrounds.notes(f"{_APART}/"), *notes)


def label_name(picture: str) -> str:
    """Where the label file of a picture lies, as a path below the root."""
    path = PurePosixPath(picture)
    folders = list(path.parts[:-1])
    if "images" in folders:
        last = len(folders) - 1 - folders[::-1].index("images")
        folders[last] = "labels"
    return PurePosixPath(*folders, f"{path.stem}.txt").as_posix()


def _listing(root: Path) -> Listing:
    return Listing(root, frozenset(path.relative_to(root).as_posix() for path in files_under(root)))


@dataclass(frozen=True, slots=True)
class _Row:
    """A picture and its label file, whether there is one or not, as paths below their roots."""

    split: str | None
    folder: str
    picture: str
    label: str

    @property
    def short(self) -> str:
        """Without the folder of its split."""
        return self.picture.removeprefix(f"{self.folder}/") if self.folder else self.picture


def _label_file(picture: str, listing: Listing, elsewhere: bool) -> str:
    """`elsewhere`: the pictures lie in a folder of their own, which stands for `images`."""
    if elsewhere and (name := label_name(f"images/{picture}")) in listing.files:
        return name
    return label_name(picture)


def _refuse_twice(rows: Iterable[_Row], config: Config) -> None:
    seen: dict[str, _Row] = {}
    for row in rows:
        known = seen.setdefault(row.picture, row)
        if known is not row:
            splits = f"in {known.split} and in {row.split}" if known.split != row.split else f"twice in {row.split}"
            raise BadData(f"{config.path} has {row.picture} {splits}; leave it in one of them")


def _refuse_orphans(listing: Listing, rows: Iterable[_Row]) -> None:
    """A label file whose picture is gone would be a defect that vanished without a word."""
    wanted = {row.label for row in rows}
    folders = {posixpath.dirname(name) for name in wanted}
    orphans = [
        name
        for name in sorted(listing.files)
        if name.endswith(".txt")
        and name not in wanted
        and posixpath.dirname(name) in folders
        and posixpath.basename(name) not in _NO_LABELS
        and _LABEL_LINE.match(read_text(listing.root / name, _LABELS_MB))
    ]
    if orphans:
        raise BadData(
            f"{len(orphans)} label files in {listing.root} have no picture: {listed(orphans)}; put the pictures back, "
            "or take the label files out"
        )


def _source(root: Path, config: Config, rows: Sequence[_Row], pictures: Path, listing: Listing) -> Source:
    times = Counter(row.short for row in rows)
    reading = Reading(config.names, config.keypoints, config.ours)
    odd = Odd()
    items = []
    for row in rows:
        path = pictures / row.picture
        text = read_text(listing.root / row.label, _LABELS_MB) if row.label in listing.files else ""
        where = listing.root / row.label
        shapes = parse_labels(text, where, size_of(path), reading, odd) if text.strip() else ()
        items.append(Item(path, row.short if times[row.short] == 1 else row.picture, (), shapes, (), row.split))
    bare = [row for item, row in zip(items, rows, strict=True) if not item.shapes and not _kept_apart(row, config)]
    empty = sum(row.label in listing.files for row in bare)
    notes = (*config.notes, *_backgrounds(empty, len(bare) - empty), *_odd(odd))
    classes = tuple(dict.fromkeys(config.names[number] for number in sorted(config.names)))
    return Source(root, Yolo.name, tuple(sorted(items, key=lambda item: item.name)), classes, notes)


def _kept_apart(row: _Row, config: Config) -> bool:
    """Whether it was written where no trainer looks."""
    return config.ours and row.folder.startswith(f"{_APART}/")


def _backgrounds(empty: int, without: int) -> tuple[str, ...]:
    if not empty + without:
        return ()
    return (
        f"{empty} pictures have an empty label file and {without} have none: Ultralytics takes both for backgrounds, "
        "in which there is nothing to find, but that does not say that a person looked at them",
    )


def _odd(odd: Odd) -> tuple[str, ...]:
    said = (
        (odd.cut, "boxes reach over the picture's edge and are cut there"),
        (odd.keypoints, "objects have key points, which are left out"),
    )
    return tuple(f"{times} {what}" for times, what in said if times)


def _shapes(item: Item) -> tuple[Shape, ...]:
    """Its marks as YOLO has them: painted pixels become polygons that cover just these pixels."""
    painted = [
        Shape(raster.label, ShapeKind.POLYGON, ring) for raster in item.rasters for ring in outlines(raster.read())
    ]
    return (*item.shapes, *painted)


def _config_text(
    numbers: Mapping[str, int], folders: Mapping[tuple[bool, str | None], str]
) -> tuple[str, tuple[str, ...]]:
    """data.yaml, and what a trainer does not get to see or gets twice."""
    with data_extra():
        import yaml
    by_split = {split: place for (apart, split), place in folders.items() if not apart}
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    unseen = []
    for split, place in sorted(by_split.items(), key=lambda pair: pair[1]):
        key = next((key for key, names in _KEY_OF.items() if (split or "").casefold() in names), None)
        parts[key].append(place) if key else unseen.append(place)
    if not parts["train"] and by_split.get(None):
        parts["train"].append(by_split[None])
        unseen.remove(by_split[None])
    notes = [f"no key of data.yaml names {place}, so Ultralytics does not see its pictures" for place in unseen]
    if parts["train"] and not parts["val"]:
        parts["val"] = list(parts["train"])
        notes.append("there is no split for validation: data.yaml names the pictures of train for val too")
    content = {
        **{key: places[0] if len(places) == 1 else places for key, places in parts.items() if places},
        "names": {number: label for label, number in numbers.items()},
        "okng": [{"folder": place, "split": split or ""} for (_, split), place in folders.items()],
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False), tuple(notes)
