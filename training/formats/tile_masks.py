"""Masks beside their pictures, one folder a class, as the magnetic tiles of Huang et al. are published.

    ROOT/<class>/Imgs/exp1_num_108719.jpg
    ROOT/<class>/Imgs/exp1_num_108719.png        its mask: the defect is where it is above 127
    ROOT/<class>/a.png   ROOT/<class>/a_mask.png the same for pictures that are no JPEG
    ROOT/train/10301.png ROOT/train/10301_GT.png without a class, as KolektorSDD2: `defect` where it is white

A mask without a white pixel stays: it says that the place was not marked, and the class remains that of the folder.
Source: github.com/abin24/Magnetic-tile-defect-datasets. (README)
"""

from __future__ import annotations

from pathlib import Path

from training.data.marks import Raster
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.folders import class_of, writable_folders
from training.formats.item import Fact, Item, Source
from training.formats.pixels import class_pixels, further_classes, painted_reader, write_mask
from training.formats.walk import name_under, pictures_under

_ABOVE = 127
_SUFFIXES = ("_mask", "_GT")
_NO_CLASS = "defect"  # what pixels are of where no folder says it
_JPEG = (".jpg", ".jpeg")


class TileMasks:
    name = "tile_masks"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.MASK, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        """A picture with its mask beside it, and no PNG beside a JPEG that is anything else."""
        if not root.is_dir():
            return False
        pictures = pictures_under(root)
        masks = _masks(pictures)
        jpegs = {path.parent / path.stem for path in pictures if path.suffix.lower() in _JPEG}
        named = any(mask.stem.endswith(_SUFFIXES) for mask in masks.values())
        alone = any(path.suffix.lower() == ".png" and path.parent / path.stem not in jpegs for path in pictures)
        return bool(masks) and (named or not alone)

    def read(self, root: Path, options: ReadOptions) -> Source:
        pictures = pictures_under(root)
        masks = _masks(pictures)
        own = set(masks.values())
        items = tuple(_item(root, path, masks.get(path)) for path in pictures if path not in own)
        bare = sum(1 for item in items if item.labels and not item.rasters)
        notes = (f"{bare} of {len(items)} pictures have no mask beside them",) if bare else ()
        return Source(root, self.name, items, tuple(sorted({label for item in items for label in item.classes})), notes)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies = Copies(folder)
        place, odd = writable_folders(source)
        for item in source.items:
            name = copies.add(item, place(item))
            pixels = class_pixels(item, item.classes[0]) if item.classes else None
            if pixels is not None:
                picture = folder / name
                stem = picture.stem if picture.suffix.lower() in _JPEG else f"{picture.stem}_mask"
                write_mask(picture.with_name(f"{stem}.png"), pixels)
        return (*copies.notes(), *odd, *further_classes(source.items))


def _masks(pictures: list[Path]) -> dict[Path, Path]:
    """Picture → the mask beside it."""
    by_stem: dict[Path, list[Path]] = {}
    for path in pictures:
        by_stem.setdefault(path.parent / path.stem, []).append(path)
    found: dict[Path, Path] = {}
    for stem, paths in by_stem.items():
        masks = [path for path in paths if path.suffix.lower() == ".png"]
        for suffix in _SUFFIXES if masks else ():
            if stem.name.endswith(suffix):
                pictures_of = by_stem.get(stem.with_name(stem.name.removesuffix(suffix)), ())
                found.update(dict.fromkeys(pictures_of, masks[0]))
        for picture in paths:
            if picture.suffix.lower() in _JPEG and masks:
                found[picture] = masks[0]
    return found


def _item(root: Path, path: Path, mask: Path | None) -> Item:
    name = name_under(root, path)
    label, split = class_of(name)
    labels = (label,) if label is not None else ()
    rasters = (Raster(label or _NO_CLASS, painted_reader(mask, _ABOVE)),) if mask is not None else ()
    return Item(path, name, labels, rasters=rasters, split=split)
