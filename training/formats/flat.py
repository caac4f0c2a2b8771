"""Pictures in any folder whose file names say all: `crack_lot7_0012.png`, by a pattern with named groups.

    --format flat --pattern '(?P<label>[a-z]+)_(?P<group>lot\\d+)_'

`label`, `group` and `split` mean what they say, any other group is a remark. A name that does not fit has no label.
Without a pattern: what stands before the first two underscores, as `write` names them: `crack__0012.png`.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.classes import UNLABELLED
from training.formats.copying import Copies, refuse_unfit_folder
from training.formats.item import Fact, Item, Source
from training.formats.patterns import NamePattern
from training.formats.walk import name_under, pictures_under

OWN_PATTERN = r"^(?P<label>.+?)__"


class Flat:
    name = "flat"
    holds = frozenset({Fact.GOOD, Fact.LABEL})

    def recognises(self, root: Path) -> bool:
        """Never: only a person knows what the names mean."""
        return False

    def read(self, root: Path, options: ReadOptions) -> Source:
        pattern = NamePattern(options.pattern or OWN_PATTERN)
        found = [_item(root, path, pattern) for path in pictures_under(root)]
        items = [item for item, _ in found]
        bare = [item.name for item, fits in found if not fits]
        if bare and len(bare) == len(items):
            raise BadData(f"the pattern fits none of {len(items)} names in {root}, such as {bare[0]}; see docs/data.md")
        notes = (f"{len(bare)} names do not fit the pattern, such as {bare[0]}",) if bare else ()
        classes = tuple(sorted({label for item in items for label in item.labels}))
        return Source(root, self.name, tuple(items), classes, notes)

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies = Copies(folder)
        for label in {label for item in source.items for label in item.classes[:1]}:
            refuse_unfit_folder(label)
            if "__" in label or label.endswith("_") or label == UNLABELLED:
                raise BadData(f"the class {label!r} cannot stand before __ in a name; rename it with --rename")
        for item in source.items:
            label = item.classes[0] if item.classes else UNLABELLED
            copies.add(item, prefix=f"{label}__")
        return copies.notes()


def _item(root: Path, path: Path, pattern: NamePattern) -> tuple[Item, bool]:
    """The picture, and whether its name fits."""
    name = name_under(root, path)
    said = pattern.said(PurePosixPath(name).stem)
    tags = dict(said or {})
    label, split, group = (tags.pop(key, None) for key in ("label", "split", "group"))
    labels = (label,) if label and label != UNLABELLED else ()
    return Item(path, name, labels, split=split, group=group, tags=tags), said is not None
