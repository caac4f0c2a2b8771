"""Label Studio: a JSON of tasks as it exports and imports them, its pictures in `images/` beside it.

    [{"id": 7, "data": {"image": "/data/upload/3/1a2b3c4d-001.jpg", "split": "train", "group": "lot 7"},
      "annotations": [{"was_cancelled": false, "ground_truth": false, "result": [
        {"type": "rectanglelabels", "original_width": 1600, "original_height": 1200, "image_rotation": 0,
         "value": {"x": 50.8, "y": 5.9, "width": 12.4, "height": 10.5, "rotation": 0, "rectanglelabels": ["crack"]}},
        {"type": "choices", "value": {"choices": ["reject"]}}]}]}]

https://labelstud.io/guide/task_format. A picture is found by the end of its path; the eight digits that an upload puts
before its name, and what it takes out of the name, are seen through. Further texts in `data` are remarks.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.item import Fact, Item, Source
from training.formats.label_studio_names import Names
from training.formats.label_studio_results import Said, gathered
from training.formats.label_studio_tasks import Quarrels, Task, counted, picture_in, read_tasks
from training.formats.label_studio_writing import GROUP, SPLIT, write_config, write_tasks
from training.formats.lookup import IMAGES, Lookup, picture_folder
from training.formats.peek import begins_with, label_files
from training.formats.tally import Tally
from training.formats.walk import files_under

# Brush strokes may fill the beginning of a file before `data`.
_TASKS = (
    (b'"data"', b'"annotations"'),
    (b'"annotations"', b'"completed_by"'),
    (b'"annotation_id"', b'"annotator"'),
    (b'"data"', b'"completions"'),
)


class LabelStudio:
    name = "label_studio"
    holds = frozenset(Fact) - {Fact.REGIONS}

    def recognises(self, root: Path) -> bool:
        return any(_looks_right(path) for path in label_files(root, ".json"))

    def read(self, root: Path, options: ReadOptions) -> Source:
        lookup, tally, quarrels = Lookup(picture_folder(root, options)), Tally(), Quarrels()
        names = Names(lookup)
        items = [
            _item(task, where, names, tally, quarrels)
            for path in _label_files(root)
            for where, task in read_tasks(path)
        ]
        quarrels.refuse()
        items.sort(key=lambda item: item.name)
        classes = sorted({label for item in items for label in item.classes})
        return Source(root, self.name, tuple(items), tuple(classes), (*tally.sentences(), *lookup.left_out()))

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies, tally = Copies(folder / IMAGES), Tally()
        placed = []
        for item in source.items:
            parent = PurePosixPath(item.name).parent.as_posix()
            placed.append((item, f"{IMAGES}/{copies.add(item, '' if parent == '.' else parent)}"))
        write_tasks(placed, folder, tally)
        write_config(source, folder)
        return (*copies.notes(), *tally.sentences())


def _label_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return [path for path in files_under(root) if path.suffix.lower() == ".json" and _looks_right(path)]


def _looks_right(path: Path) -> bool:
    return begins_with(path, start=b"[") and any(begins_with(path, *words) for words in _TASKS)


def _item(task: Task, where: str, names: Names, tally: Tally, quarrels: Quarrels) -> Item:
    key, value = picture_in(task, where)
    path, name = names.claim(value, where)
    annotation = counted(task, where, quarrels, tally)
    said = Said() if annotation is None else gathered(annotation.result, path, where, tally)
    nothing = annotation is not None and not (said.labels or said.shapes or said.rasters)
    tally.add("pictures", "were submitted without a mark, which says no more than none at all", where, nothing)
    tags = {}
    for other, remark in task.data.items():
        if other != key and isinstance(remark, str):
            tags[other] = remark
        else:
            tally.add(f"entries {other!r}", "in data are no text; they were left out", where, other != key)
    split, group = tags.pop(SPLIT, None), tags.pop(GROUP, None)
    labels = tuple(dict.fromkeys(said.labels))
    return Item(path, name, labels, tuple(said.shapes), tuple(said.rasters), split, group, tags=tags)
