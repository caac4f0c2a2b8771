"""The tasks in an export of Label Studio, JSON or JSON-MIN, and which annotation of each counts.

Skipped ones (`was_cancelled`), drafts and predictions never count. Of the others the one starred as ground truth does,
else the latest; but where annotators name different classes and none is starred, nobody knows which is right: such
tasks are refused, for the latest may be the one that saw no defect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from models.picture_file import SUFFIXES
from training.errors import BadData
from training.formats.hostile import read_json
from training.formats.label_studio_results import Result, classes_of
from training.formats.lookup import path_in, shown
from training.formats.rows import Entry, entry
from training.formats.tally import Tally

_MOST_LISTED = 5
_MIN_KEYS = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"})
_PICTURE = "image"


class Annotation(Entry):
    result: tuple[Result, ...] = ()
    skipped: bool = Field(False, alias="was_cancelled")
    starred: bool = Field(False, alias="ground_truth")
    created: str = Field("", alias="created_at")
    updated: str = Field("", alias="updated_at")

    @property
    def time(self) -> str:
        return self.updated or self.created


class Task(Entry):
    data: Mapping[str, object]
    annotations: tuple[Annotation, ...] = ()
    # As Label Studio called them before 1.0.
    completions: tuple[Annotation, ...] = ()
    predictions: tuple[object, ...] = ()
    drafts: tuple[object, ...] = ()


class Quarrels:
    """Tasks on which annotators disagree."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, where: str, kinds: Iterable[frozenset[str]]) -> None:
        """`kinds`: the classes that each annotation names."""
        said = " or ".join(", ".join(sorted(kind)) or "nothing" for kind in kinds)
        self._found.append(f"{where} ({said[:200]})")

    def refuse(self) -> None:
        """Raises BadData: there are any."""
        if self._found:
            listed = "; ".join(self._found[:_MOST_LISTED])
            raise BadData(
                f"in {len(self._found)} tasks the annotators disagree: {listed}; star the right annotation of each as "
                "ground truth in Label Studio, and export again"
            )


def read_tasks(path: Path) -> Iterator[tuple[str, Task]]:
    """(where, task) in the order of the file.

    Raises:
        NotThere, BadData: the file is no export of Label Studio; which task is wrong, and how.
    """
    document = read_json(path)
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise BadData(f"{path} is no list of tasks; export it from Label Studio as JSON")
    if document and not any("data" in row for row in document):
        document = _unfolded(document)
    for number, row in enumerate(document, 1):
        where = f"{path}, task {str(row.get('id', number))[:20]}"
        yield where, entry(Task, row, where)


def counted(task: Task, where: str, quarrels: Quarrels, tally: Tally) -> Annotation | None:
    """The annotation that counts; None where there is none."""
    given = (*task.annotations, *task.completions)
    tally.add("predictions", "are no labels; they were left out", where, len(task.predictions))
    tally.add("drafts", "were never submitted; they were left out", where, len(task.drafts))
    kept = [one for one in given if not one.skipped]
    tally.add("annotations", "were skipped by their annotator; they do not count", where, len(given) - len(kept))
    starred = [one for one in kept if one.starred]
    kinds = list(dict.fromkeys(classes_of(one.result) for one in kept))
    if len(kinds) > 1 and not starred:
        quarrels.add(where, kinds)
    several = len(kept) > 1
    tally.add("pictures", "have several annotations; that of the ground truth, or the latest, counts", where, several)
    # Among equals the last in the file.
    return max(enumerate(starred or kept), key=lambda one: (one[1].time, one[0]), default=(0, None))[1]


def picture_in(task: Task, where: str) -> tuple[str, str]:
    """(key, what the task calls its picture).

    Raises:
        BadData: it has none, or several, or the picture itself.
    """
    named = {key: value for key, value in task.data.items() if isinstance(value, str) and _is_picture(value)}
    keys = [_PICTURE] if isinstance(task.data.get(_PICTURE), str) else list(named)
    if len(keys) != 1:
        many = f"{len(keys)} pictures ({', '.join(keys[:_MOST_LISTED])})" if keys else "no picture"
        raise BadData(f"{where} has {many} in its data; okng reads tasks of one picture each")
    value = str(task.data[keys[0]])
    if value.startswith("data:"):
        raise BadData(f"{where} holds its picture inside ({shown(value[:30])}); save the picture as a file")
    return keys[0], value


def _is_picture(value: str) -> bool:
    name = path_in(value).split("?")[-1].rsplit("/", 1)[-1].lower()
    return any(name.endswith(suffix) for suffix in SUFFIXES) or value.startswith("data:image/")


def _unfolded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON-MIN, a row an annotation with the answers beside the data, as tasks.

    Only answers that cannot be mistaken for data or text are taken: lists of regions, and what was chosen.
    """
    tasks: dict[str, dict[str, Any]] = {}
    annotations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, row in enumerate(rows):
        key = str(row.get("id", f"row {number}"))
        results, data = [], {}
        for name, value in row.items():
            answers = list(_answers(name, value))
            if answers:
                results += answers
            elif name not in _MIN_KEYS:
                data[name] = value
        tasks.setdefault(key, {"id": row.get("id", number + 1), "data": data})
        times: dict[str, Any] = {name: row[name] for name in ("created_at", "updated_at") if name in row}
        annotations[key].append({"result": results, **times})
    return [{**task, "annotations": annotations[key]} for key, task in tasks.items()]


def _answers(name: str, value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict) and "choices" in value:
        yield {"type": "choices", "value": value}
    elif name in ("choice", "choices") and isinstance(value, str):
        yield {"type": "choices", "value": {"choices": [value]}}
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                size = {key: one[key] for key in ("original_width", "original_height") if key in one}
                yield {"value": one} | size
