"""All formats of data sets, the way to the right one, and what every one of them has to hold to."""

from __future__ import annotations

from pathlib import Path

from training.errors import BadData, NotThere
from training.formats.base import Format, ReadOptions
from training.formats.classes import told
from training.formats.coco import Coco
from training.formats.cvat import Cvat
from training.formats.flat import Flat
from training.formats.folders import Folders
from training.formats.item import Item, Source
from training.formats.label_studio import LabelStudio
from training.formats.labelme import LabelMe
from training.formats.manifest import Manifest
from training.formats.mvtec import Mvtec
from training.formats.okng import Okng
from training.formats.rois import Rois
from training.formats.table import Table, overlaid
from training.formats.tile_masks import TileMasks
from training.formats.voc import Voc
from training.formats.yolo import Yolo

# The first that recognises a data set reads it: the more a format asks for, the earlier it stands.
FORMATS: tuple[Format, ...] = (
    Rois(),
    Okng(),
    LabelStudio(),
    Coco(),
    Yolo(),
    Voc(),
    LabelMe(),
    Cvat(),
    Manifest(),
    Table(),
    Mvtec(),
    TileMasks(),
    Folders(),
    Flat(),
)


def by_name(name: str) -> Format:
    """Raises BadData: there is none of that name; the message lists all."""
    for one in FORMATS:
        if one.name == name:
            return one
    raise BadData(f"there is no format {name!r}; choose one of {', '.join(one.name for one in FORMATS)}")


def recognise(root: Path) -> Format:
    """The format that a folder or label file is in.

    Raises:
        NotThere: there is nothing at `root`.
        BadData: none recognises it.
    """
    if not root.exists():
        raise NotThere(f"there is no data set at {root}; check its name")
    for one in FORMATS:
        if one.recognises(root):
            return one
    names = ", ".join(one.name for one in FORMATS)
    raise BadData(f"{root} looks like no format that okng knows; say which one it is with --format: {names}")


def read_source(path: Path, format_name: str | None, options: ReadOptions) -> Source:
    """A data set in the format that is named, or in the one it looks like.

    Raises:
        NotThere, BadData: as `recognise`, the format's `read` and `told`; or it holds no picture, or one name twice.
    """
    if not path.exists():
        raise NotThere(f"there is no data set at {path}; check its name")
    found = by_name(format_name) if format_name else recognise(path)
    source = found.read(path, options)
    if options.table is not None and found.name != Table.name:
        source = overlaid(source, options.table, options.images)
    _check(source)
    return told(source, options)


def _check(source: Source) -> None:
    if not source.items:
        raise BadData(
            f"{source.root} holds no picture, read as {source.format}; name the folder above, or another --format"
        )
    seen: set[str] = set()
    for item in source.items:
        _refuse_unwritable(item)
        if item.name in seen:
            raise BadData(f"{source.root} names {item.name} twice, read as {source.format}; correct it there")
        seen.add(item.name)


def _refuse_unwritable(item: Item) -> None:
    """JSON and XML can spell halves of letters, which no file can hold."""
    said = (*item.classes, item.split, item.group, *item.regions.values(), *item.tags, *item.tags.values())
    try:
        "".join(text for text in said if text).encode()
    except UnicodeEncodeError as error:
        raise BadData(f"{item.name} has a label or remark that is no Unicode text; export it again") from error
