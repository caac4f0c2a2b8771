"""One line of a Ground Truth manifest as a picture with what was said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import Field

from training.data.marks import Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.classes import GOOD_NAMES
from training.formats.item import Item
from training.formats.lookup import Lookup
from training.formats.manifest_masks import BACKGROUND, Colours, mask_of, read_classes
from training.formats.rows import Entry, Label, Side, entry, fitting_size
from training.formats.tally import Tally

PICTURE = "source-ref"
METADATA = "-metadata"
MASK_ENDING = "-ref"
KIND = "groundtruth/"
CLASS, CLASSES = "image-classification", "image-classification-multilabel"
BOXES, MASK = "object-detection", "semantic-segmentation"
_VERIFIED = "label-verification"
_ANOMALY = "anomaly"
_BAD = "bad"


class _Metadata(Entry):
    kind: str = Field(alias="type")
    class_name: Label | None = Field(None, alias="class-name")
    class_map: Mapping[str, Label] = Field(default_factory=dict, alias="class-map")
    human: str = Field("yes", alias="human-annotated")
    adjusted: str | None = Field(None, alias="adjustment-status")
    created: str = Field("", alias="creation-date")
    colours: Mapping[int, _Colour] = Field(default_factory=dict, alias="internal-color-map")


class _Colour(Entry):
    name: Label = Field(alias="class-name")
    colour: str = Field(alias="hex-color", pattern="^#[0-9a-fA-F]{6}$")


class _Box(Entry):
    class_id: int
    left: float
    top: float
    width: float
    height: float


class _Size(Entry):
    width: Side
    height: Side


class _Boxes(Entry):
    annotations: tuple[_Box, ...]
    image_size: tuple[_Size, ...] = ()


class _Numbers(Entry):
    value: tuple[int, ...]


class _Reference(Entry):
    value: str


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    value: object
    metadata: _Metadata

    @property
    def kind(self) -> str:
        return self.metadata.kind.removeprefix(KIND)


class Lines:
    """Reads the lines of one manifest. `pictures` and `masks` find what they name."""

    def __init__(self, pictures: Lookup, masks: Lookup, tally: Tally) -> None:
        self._pictures, self._masks, self._tally = pictures, masks, tally

    def item(self, document: object, where: str) -> Item:
        """The picture that a line is about.

        Raises:
            BadData: naming the line and what is wrong in it.
        """
        if not isinstance(document, dict) or not isinstance(document.get(PICTURE), str):
            raise BadData(f"{where}: it needs {PICTURE}, the place of a picture; correct it there")
        path, name = self._pictures.claim(document[PICTURE], where)
        said = self._current(list(self._attributes(document, where)), where)
        labels = [label for one in said for label in self._labels(one, where)]
        shapes = tuple(shape for one in said if one.kind == BOXES for shape in _boxes(one, path, where))
        good_only = all(label.casefold() in GOOD_NAMES for label in labels)
        rasters = tuple(
            raster for one in said if one.kind == MASK for raster in self._rasters(one, path, not good_only, where)
        )
        named = {*labels, *(shape.label for shape in shapes), *(raster.label for raster in rasters)}
        if len({label for label in named if label.casefold() not in GOOD_NAMES}) > 1:
            labels = [label for label in labels if label.casefold() != _ANOMALY]
        tags = self._tags(document, where)
        split, group = tags.pop("split", None), tags.pop("group", None)
        return Item(path, name, tuple(dict.fromkeys(labels)), shapes, rasters, split, group, tags=tags)

    def _attributes(self, document: Mapping[str, object], where: str) -> Iterator[_Attribute]:
        for name, value in document.items():
            about = metadata_of(name, document)
            if about is None:
                continue
            found = entry(_Metadata, about, f"{where}, {name}{METADATA}")
            if found.kind.removeprefix(KIND) not in (CLASS, CLASSES, BOXES, MASK, _VERIFIED):
                raise BadData(
                    f"{where}: {name} is of the type {found.kind!r}, which says nothing of a still picture's "
                    "defects; export the data set of an image labelling job"
                )
            self._tally.add("labels", "were given by a machine (human-annotated: no)", where, found.human == "no")
            yield _Attribute(name, value, found)
        failed = [name for name in document if name.endswith(METADATA) and not _described(name, document)]
        self._tally.add("labelling jobs", "failed and gave no label", where, len(failed))

    def _current(self, said: list[_Attribute], where: str) -> list[_Attribute]:
        """Of several attributes of one kind the one that was adjusted last, where any was."""
        kept = []
        for kind in dict.fromkeys(one.kind for one in said):
            of_kind = [one for one in said if one.kind == kind]
            adjusted = [one for one in of_kind if one.metadata.adjusted is not None]
            if adjusted and len(of_kind) > 1:
                self._tally.add("labels", "were adjusted by a later job, whose answer counts", where)
                of_kind = [max(adjusted, key=lambda one: one.metadata.created)]
            kept += of_kind
        return kept

    def _labels(self, said: _Attribute, where: str) -> list[str]:
        if said.kind == CLASS:
            if said.metadata.class_name is None:
                raise BadData(f"{where}: {said.name}{METADATA} needs a class-name; correct it there")
            return [said.metadata.class_name]
        if said.kind == CLASSES:
            numbers = entry(_Numbers, {"value": said.value}, f"{where}, {said.name}").value
            return [_class(said, number, where) for number in numbers]
        bad = said.kind == _VERIFIED and (said.metadata.class_name or "").casefold() == _BAD
        self._tally.add("pictures", "have labels that a verification job called bad", where, bad)
        return []

    def _rasters(self, said: _Attribute, picture: Path, has_defect: bool, where: str) -> Iterator[Raster]:
        colours: Colours = {
            number: (int(one.colour[1:], 16), one.name) for number, one in said.metadata.colours.items()
        }
        names = list(dict.fromkeys(name for _, name in colours.values() if name.upper() != BACKGROUND))
        if not names:
            # The dummy mask of a good picture, of any size.
            return
        reference = entry(_Reference, {"value": said.value}, f"{where}, {said.name}").value
        mask = self._masks.base / self._masks.find(reference, where)
        # The colour map may list classes of other pictures; only where it cannot the mask is left closed for now.
        shown = names if len(names) == 1 and has_defect else list(read_classes(mask, colours, where))
        size = fitting_size(picture, (None, None), where)
        for name in shown:
            yield Raster(name, partial(mask_of, mask, colours, name, size, where))

    def _tags(self, document: Mapping[str, object], where: str) -> dict[str, str]:
        tags = {}
        for name, value in document.items():
            if name == PICTURE or name.endswith(METADATA) or metadata_of(name, document) is not None:
                continue
            if isinstance(value, str):
                tags[name] = value
            else:
                self._tally.add(f"entries {name!r}", "have no metadata and are no text; they were left out", where)
        return tags


def metadata_of(name: str, document: Mapping[str, object]) -> object | None:
    """What describes the attribute: `<name>-metadata`, and of `<name>-ref` in older exports too."""
    if name == PICTURE or name.endswith(METADATA):
        return None
    return document.get(name + METADATA, document.get(name.removesuffix(MASK_ENDING) + METADATA))


def _described(metadata: str, document: Mapping[str, object]) -> bool:
    name = metadata.removesuffix(METADATA)
    return name in document or name + MASK_ENDING in document


def _class(said: _Attribute, number: int, where: str) -> str:
    name = said.metadata.class_map.get(str(number))
    if name is None:
        raise BadData(
            f"{where}: {said.name} uses the class {number}, which its class-map does not name; correct it there"
        )
    return name


def _boxes(said: _Attribute, picture: Path, where: str) -> Iterator[Shape]:
    boxes = entry(_Boxes, said.value, f"{where}, {said.name}")
    sizes: list[tuple[int | None, int | None]] = [(size.width, size.height) for size in boxes.image_size]
    for size in (sizes or [(None, None)]) if boxes.annotations else ():
        fitting_size(picture, size, where)
    for number, box in enumerate(boxes.annotations, 1):
        corners = ((box.left, box.top), (box.left + box.width, box.top + box.height))
        try:
            yield Shape(_class(said, box.class_id, where), ShapeKind.BOX, corners)
        except ValueError as error:
            raise BadData(f"{where}: {said.name}, box {number}: {error}; correct it there") from error
