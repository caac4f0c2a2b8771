"""CVAT, "CVAT for images 1.1": one XML a task, its pictures in `images/` beside it, in folders by subset.

    <annotations><version>1.1</version><meta>…<labels><label><name>crack</name>…</meta>
      <image id="0" name="line 2/001.jpg" subset="train" width="1600" height="1200">
        <box label="crack" xtl="797.33" ytl="870.92" xbr="965.52" ybr="928.94" rotation="30"/>
        <polygon label="crack" points="561.30,916.23;561.30,842.77;554.72,761.63"/>
        <mask label="crack" rle="3, 5, 7" left="707" top="888" width="5" height="3"/>
        <tag label="good"/>
      </image></annotations>

Tags are labels of the picture. What has no area (polylines, points, skeletons, cuboids) is left out, but its class
stays as a label. Run lengths count pixels row by row in their box: out, in, out, ….
https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, SubElement, tostring

from training.data.marks import Mask, Raster, Shape, ShapeKind
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.cvat_shapes import KINDS, MASK, TAG, counts_of, mark_of
from training.formats.item import Fact, Item, Source
from training.formats.lookup import IMAGES, Lookup, picture_folder
from training.formats.patches import cropped
from training.formats.peek import begins_with, label_files
from training.formats.rows import Entry, Side, entry, fitting_size
from training.formats.sizes import size_of
from training.formats.tally import Tally
from training.formats.walk import files_under
from training.formats.xml_entries import entries, writable

_FILE = "annotations.xml"
_ROOT = b"<annotations"
_NO_SUBSET = "default"


class _Image(Entry):
    name: str
    subset: str = ""
    width: Side
    height: Side


class Cvat:
    name = "cvat"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.MANY_LABELS, Fact.BOX, Fact.POLYGON, Fact.MASK, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        return any(begins_with(path, _ROOT) for path in label_files(root, ".xml"))

    def read(self, root: Path, options: ReadOptions) -> Source:
        lookup, tally = Lookup(picture_folder(root, options)), Tally()
        classes: dict[str, None] = {}
        items = []
        for path in _label_files(root):
            for element in entries(path, "annotations"):
                if element.tag == "track":
                    raise BadData(f"{path} is of a video; export the task from CVAT as CVAT for images 1.1")
                if element.tag == "meta":
                    classes |= dict.fromkeys(_labels(element))
                if element.tag == "image":
                    items.append(_item(element, root, path, lookup, tally))
        items.sort(key=lambda item: item.name)
        used = sorted({label for item in items for label in item.classes})
        return Source(
            root,
            self.name,
            tuple(items),
            tuple(dict.fromkeys([*classes, *used])),
            (*tally.sentences(), *lookup.left_out()),
        )

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies, tally = Copies(folder / IMAGES), Tally()
        used = (label for item in source.items for label in item.classes)
        with (folder / _FILE).open("w", encoding="utf-8") as file:
            file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n')
            file.write(_meta(list(dict.fromkeys([*source.classes, *used])), len(source.items)))
            for number, item in enumerate(source.items):
                parent = PurePosixPath(item.name).parent.as_posix()
                new = copies.add(item, "" if parent == "." else parent)
                file.write(_image(item, number, new, tally))
            file.write("</annotations>\n")
        return (*copies.notes(), *tally.sentences())


def _label_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    found = [path for path in files_under(root) if path.suffix.lower() == ".xml" and begins_with(path, _ROOT)]
    if not found:
        raise NotThere(f"there is no XML of CVAT below {root}; name the file")
    return found


def _labels(meta: Element) -> Iterator[str]:
    """The classes of a task, project or job; parts of a skeleton are none."""
    for label in meta.iter("label"):
        name = label.findtext("name")
        if name and label.find("parent") is None:
            yield name


def _item(element: Element, root: Path, path: Path, lookup: Lookup, tally: Tally) -> Item:
    image = entry(_Image, element.attrib, f"{path}, image {element.get('id', '?')[:20]}")
    where = f"{path}, image {image.name[:100]!r}"
    folder = path.parent.relative_to(root if root.is_dir() else root.parent)
    # Of several tasks each has pictures of its own; of several subsets CVAT makes folders.
    picture, name = lookup.claim(f"{folder}/{IMAGES}/{image.subset}/{image.name}", where)
    marks = [child for child in element if child.tag in KINDS]
    strange = [str(child.tag) for child in element if child.tag not in KINDS]
    if strange:
        raise BadData(f"{where}: <{strange[0][:40]}> is unknown; take it out, and export it again")
    size = fitting_size(picture, (image.width, image.height), where) if marks else (image.width, image.height)
    found = [mark_of(mark, size, f"{where}, {mark.tag} {number}", tally) for number, mark in enumerate(marks, 1)]
    return Item(
        picture,
        name,
        tuple(dict.fromkeys(mark for mark in found if isinstance(mark, str))),
        tuple(mark for mark in found if isinstance(mark, Shape)),
        tuple(mark for mark in found if isinstance(mark, Raster)),
        image.subset if image.subset.lower() not in ("", _NO_SUBSET) else None,
    )


def _meta(classes: list[str], number: int) -> str:
    meta = Element("meta")
    task = SubElement(meta, "task")
    for tag, text in (("name", "okng"), ("size", str(number)), ("mode", "annotation")):
        SubElement(task, tag).text = text
    labels = SubElement(task, "labels")
    for name in classes:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = writable(name, "the class")
        SubElement(label, "type").text = "any"
        SubElement(label, "attributes")
    return _text(meta)


def _image(item: Item, number: int, name: str, tally: Tally) -> str:
    width, height = size_of(item.path)
    about = {"id": str(number), "name": name, "width": str(width), "height": str(height)}
    if item.split is not None:
        about["subset"] = writable(item.split, "the split")
    image = Element("image", about)
    labels = list(item.labels)
    for shape in item.shapes:
        SubElement(image, shape.kind.value, _corners(shape))
    for raster in item.rasters:
        said = _runs(raster.read())
        if said is None:
            labels.append(raster.label)
            tally.add("empty masks", "became a label of the whole picture", item.name)
        else:
            SubElement(image, MASK, {"label": raster.label, "source": "manual", "occluded": "0", **said})
    for label in dict.fromkeys(labels):
        SubElement(image, TAG, {"label": label, "source": "manual"})
    return _text(image)


def _corners(shape: Shape) -> dict[str, str]:
    about = {"label": shape.label, "source": "manual", "occluded": "0", "z_order": "0"}
    if shape.kind is ShapeKind.BOX:
        sides = (str(float(side)) for side in shape.bounds)
        return about | dict(zip(("xtl", "ytl", "xbr", "ybr"), sides, strict=True))
    return about | {"points": ";".join(f"{float(x)},{float(y)}" for x, y in shape.points)}


def _runs(mask: Mask) -> dict[str, str] | None:
    """None for a mask without a pixel."""
    found = cropped(mask)
    if found is None:
        return None
    left, top, patch = found
    sides = {"left": left, "top": top, "width": patch.shape[1], "height": patch.shape[0], "z_order": 0}
    return {"rle": ", ".join(map(str, counts_of(patch))), **{name: str(side) for name, side in sides.items()}}


def _text(element: Element) -> str:
    return tostring(element, encoding="unicode") + "\n"
