"""One folder a class, at any depth: `X-SDD/datas/red iron/0001.png` is of the class `red iron`.

    ROOT/good/001.png      ROOT/<class>/…      ROOT/any/folders/<class>/images/…
    ROOT/train/<class>/…   ROOT/test/<class>/…                             with a split
    ROOT/unlabelled/…      ROOT/train/…        ROOT/001.png                pictures that nobody labelled

The class is the last folder that is called neither as a split nor as pictures are (images, imgs, …).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.classes import MASKS, UNLABELLED
from training.formats.copying import Copies, refuse_same_folders, refuse_unfit_folder
from training.formats.item import Fact, Item, Source
from training.formats.walk import name_under, pictures_under

SPLIT_NAMES = frozenset(
    {"train", "training", "val", "valid", "validation", "test", "testing", "calibration", "regression"}
)
_PICTURE_FOLDERS = frozenset({"images", "image", "imgs", "img", "pictures", "jpegimages"})


class Folders:
    name = "folders"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        """Any folder that holds folders; it stands last."""
        return root.is_dir() and any(entry.is_dir() and not entry.name.startswith(".") for entry in root.iterdir())

    def read(self, root: Path, options: ReadOptions) -> Source:
        pictures = [(path, name_under(root, path)) for path in pictures_under(root)]
        items = tuple(_item(path, name) for path, name in pictures if MASKS not in name.split("/"))
        masks = len(pictures) - len(items)
        notes = (f"{masks} pictures in {MASKS} are taken for masks and left out; name the --format",) if masks else ()
        return Source(root, self.name, items, tuple(sorted({label for item in items for label in item.labels})), notes)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies = Copies(folder)
        place, odd = writable_folders(source)
        for item in source.items:
            copies.add(item, place(item))
        return (*copies.notes(), *odd)


def writable_folders(source: Source) -> tuple[Callable[[Item], str], tuple[str, ...]]:
    """Where a picture goes so that `class_of` tells its class and split again; and what of the splits it cannot tell.

    Raises:
        BadData: a class cannot be the name of a folder, or would be read as something else.
    """
    labels = sorted({label for item in source.items for label in item.classes[:1]})
    refuse_same_folders(labels)
    for label in labels:
        refuse_unfit_folder(label)
        if class_of(f"{label}/picture.png")[0] is None:
            raise BadData(f"a folder called {label!r} is not read as a class; rename it with --rename {label}=NAME")

    def place(item: Item) -> str:
        split = item.split if item.split and item.split.casefold() in SPLIT_NAMES else None
        return "/".join(part for part in (split, *(item.classes[:1] or (UNLABELLED,))) if part)

    odd = sorted({item.split for item in source.items if item.split and item.split.casefold() not in SPLIT_NAMES})
    return place, tuple(f"no folder can say the split {name!r}; it is left out" for name in odd)


def class_of(name: str) -> tuple[str | None, str | None]:
    """(class, split) that a path inside a data set says."""
    folders = name.split("/")[:-1]
    split = next((part for part in folders if part.casefold() in SPLIT_NAMES), None)
    classes = [part for part in folders if part.casefold() not in SPLIT_NAMES | _PICTURE_FOLDERS]
    label = classes[-1] if classes else None
    return (None if label is not None and label.casefold() == UNLABELLED else label), split


def _item(path: Path, name: str) -> Item:
    label, split = class_of(name)
    return Item(path, name, (label,) if label is not None else (), split=split)
