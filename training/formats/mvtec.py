"""Folders as MVTec AD has them: training on good parts, tests with good and defective ones, a mask for each defect.

    ROOT/train/good/000.png
    ROOT/test/good/000.png      ROOT/test/<defect>/000.png      ROOT/validation/good/000.png
    ROOT/ground_truth/<defect>/000_mask.png                     white where the defect is

Source: P. Bergmann et al., MVTec AD, CVPR 2019; the layout stands in the readme.txt of its archive.
"""

from __future__ import annotations

from pathlib import Path

from training.data.marks import Raster
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.classes import MASKS, UNLABELLED
from training.formats.copying import Copies, refuse_same_folders, refuse_unfit_folder
from training.formats.item import GOOD, Fact, Item, Source
from training.formats.pixels import class_pixels, further_classes, painted_reader, write_mask
from training.formats.walk import pictures_under

_TRAIN, _TEST = "train", "test"
_SPLITS = (_TRAIN, _TEST, "validation")


class Mvtec:
    name = "mvtec"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.MASK, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        if not ((root / _TRAIN / GOOD).is_dir() and (root / _TEST).is_dir()):
            return False
        folders = {entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
        return folders <= {*_SPLITS, MASKS}

    def read(self, root: Path, options: ReadOptions) -> Source:
        """Folders as above; the class of test/<defect> is that folder's name, and nothing else is read."""
        masks = _masks(root)
        items: list[Item] = []
        used: set[Path] = set()
        for split in _SPLITS:
            for path in pictures_under(root / split) if (root / split).is_dir() else ():
                parts = path.relative_to(root).parts
                if len(parts) != 3:
                    raise BadData(f"{path} lies in no folder of a class; move it to {root / split}/<class>/")
                label = parts[1]
                mask = masks.get((label, path.stem))
                rasters = (Raster(label, painted_reader(mask)),) if mask is not None else ()
                used.update((mask,) if mask is not None else ())
                labels = (label,) if label != UNLABELLED else ()
                items.append(Item(path, "/".join(parts), labels, rasters=rasters, split=split))
        notes = tuple(f"the mask {mask} belongs to no picture" for mask in masks.values() if mask not in used)
        items.sort(key=lambda item: item.name)
        return Source(
            root, self.name, tuple(items), tuple(sorted({one for item in items for one in item.labels})), notes
        )

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies = Copies(folder)
        labels = sorted({label for item in source.items for label in item.classes[:1]})
        refuse_same_folders(labels)
        for label in labels:
            refuse_unfit_folder(label)
            if label == UNLABELLED:
                raise BadData(f"a class called {UNLABELLED!r} cannot be told from pictures without one; rename it")
        (folder / _TRAIN / GOOD).mkdir(parents=True)
        (folder / _TEST).mkdir()
        for item in source.items:
            label = item.classes[0] if item.classes else UNLABELLED
            split = item.split if item.split in _SPLITS else _TRAIN if label == GOOD else _TEST
            name = copies.add(item, f"{split}/{label}", among=label)
            pixels = class_pixels(item, label)
            if pixels is not None:
                write_mask(folder / MASKS / label / f"{Path(name).stem}_mask.png", pixels)
        odd = sorted({item.split for item in source.items if item.split and item.split not in _SPLITS})
        return (
            *copies.notes(),
            *(
                f"the split {name!r} is none of {', '.join(_SPLITS)}; its good parts are in train, others in test"
                for name in odd
            ),
            *further_classes(source.items),
        )


def _masks(root: Path) -> dict[tuple[str, str], Path]:
    """(class, stem of the picture) → mask."""
    found: dict[tuple[str, str], Path] = {}
    for path in pictures_under(root / MASKS) if (root / MASKS).is_dir() else ():
        found[path.parent.name, path.stem.removesuffix("_mask")] = path
    return found
