"""Lists of pictures in `ImageSets/Main` of Pascal VOC: one a split, and one a class and split.

    train.txt            2007_000027            one picture a line, without its suffix
    crack_train.txt      2007_000027 -1         1: it shows the class, -1: it does not, 0: only in what is difficult
                         2007_000032  1

`trainval.txt` and other lists that hold all of another one are no split of their own. Who is 1 in no list of a class
was not called good by anybody; good pictures have a list of the class `good`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.errors import BadData
from training.formats.copying import refuse_unfit_folder
from training.formats.hostile import read_text, safe_name

NO_SPLIT = "default"
UNLABELLED = "Unlabelled"
_FOLDERS = ("Main", "Segmentation")
_FLAGGED = re.compile(r"(.*\S)\s+(-1|0|1)")
_LIST_MB = 64


@dataclass(frozen=True, slots=True)
class Sets:
    """Picture (without suffix) → its split, and the classes that lists say it shows. `where`: the entry of each."""

    splits: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]]
    where: Mapping[str, str] = field(default_factory=dict)


def read_sets(home: Path) -> Sets:
    """Raises BadData: a list says nonsense, or two splits share a picture."""
    folder = next((home / "ImageSets" / name for name in _FOLDERS if any(_lists(home / "ImageSets" / name))), None)
    texts = {path: _lines(path) for path in _lists(folder)} if folder is not None else {}
    stems = {path.stem for path in texts}
    by_class = {path: _class_of(path.stem, stems) for path, lines in texts.items() if _is_flagged(lines)}
    by_class = {path: label for path, label in by_class.items() if label}
    plain = {path: lines for path, lines in texts.items() if path not in by_class}
    plain |= {path: _lines(path) for path in _lists(home / "ImageSets" / UNLABELLED)}
    where = {
        _name(line, path, number): f"{path}, line {number}"
        for path, lines in texts.items()
        for number, line in lines
        if path in plain
    }
    labels: dict[str, dict[str, None]] = {}
    for path, label in by_class.items():
        for number, line in texts[path]:
            said = _FLAGGED.fullmatch(line)
            if said is not None and said[2] != "-1":
                labels.setdefault(_name(said[1], path, number), {})[label] = None
    return Sets(_splits(plain), {name: tuple(found) for name, found in labels.items()}, where)


def write_sets(
    home: Path, splits: Mapping[str, str | None], labels: Mapping[str, Sequence[str]], painted: Iterable[str]
) -> None:
    """`splits`: picture → split; `labels`: labelled picture → its classes; `painted`: those that have masks.

    Raises:
        BadData: a class's name cannot be a part of a file's.
        OSError: from the disk.
    """
    in_masks = set(painted)
    by_split: dict[str, list[str]] = {}
    for name, split in splits.items():
        by_split.setdefault(split or NO_SPLIT, []).append(name)
    classes = sorted({label for found in labels.values() for label in found})
    for label in classes:
        refuse_unfit_folder(label)
    for split, names in by_split.items():
        labelled = [name for name in names if name in labels]
        _write(home / "ImageSets" / "Main" / f"{split}.txt", labelled)
        _write(home / "ImageSets" / "Segmentation" / f"{split}.txt", [name for name in names if name in in_masks])
        _write(home / "ImageSets" / UNLABELLED / f"{split}.txt", [name for name in names if name not in labels])
        for label in classes:
            flagged = [f"{name} {' 1' if label in labels[name] else '-1'}" for name in labelled]
            _write(home / "ImageSets" / "Main" / f"{label}_{split}.txt", flagged)


def _write(path: Path, lines: Sequence[str]) -> None:
    if lines:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _lists(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))


def _lines(path: Path) -> list[tuple[int, str]]:
    return [
        (number, line.strip()) for number, line in enumerate(read_text(path, _LIST_MB).split("\n"), 1) if line.strip()
    ]


def _is_flagged(lines: Sequence[tuple[int, str]]) -> bool:
    return bool(lines) and all(_FLAGGED.fullmatch(line) for _, line in lines)


def _class_of(stem: str, stems: Iterable[str]) -> str:
    """`crack` of `crack_train` where there is a list `train`; empty where there is none."""
    ends = [f"_{other}" for other in stems if stem.endswith(f"_{other}")]
    return stem.removesuffix(max(ends, key=len)) if ends else ""


def _name(line: str, path: Path, number: int) -> str:
    return safe_name(line, f"{path}, line {number}")


def _splits(plain: Mapping[Path, Sequence[tuple[int, str]]]) -> dict[str, str]:
    lists = {path: {_name(line, path, number) for number, line in lines} for path, lines in plain.items()}
    own = {
        path: names
        for path, names in lists.items()
        if not any(other < names and other for twin, other in lists.items() if twin != path)
    }
    # Pictures that only such a list has keep it as their split.
    rest = {path: names for path, names in lists.items() if path not in own}
    splits: dict[str, tuple[str, Path]] = {}
    for path, names in own.items():
        for name in sorted(names):
            known, by = splits.setdefault(name, (path.stem, path))
            if known != path.stem:
                raise BadData(f"{path} and {by} both have {name}; leave each picture in one split")
    for path, names in rest.items():
        for name in names:
            splits.setdefault(name, (path.stem, path))
    return {name: split for name, (split, _) in splits.items() if split != NO_SPLIT}
