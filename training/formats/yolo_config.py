"""Where the pictures of a YOLO data set are and what its classes are called.

    data.yaml                              Ultralytics
        path: .                            optional: where the folders below start
        train: images/train                a folder, a text file with a picture a line, or a list of these
        val: [images/val, more/val.txt]
        test:                              optional
        names: {0: crack, 1: scratch}      or a list
        kpt_shape: [17, 3]                 pose: so many key points of so many numbers follow each box
        okng: [{folder: images/train, split: train}, …]      what was written here: the one truth about splits
    obj.data, obj.names                    Darknet; CVAT's "YOLO 1.1"
    classes.txt                            LabelImg, Label Studio: every picture below, without splits

Paths are those of another computer as often as not. They are looked for below `path`, below the folder of the file,
and without a leading `../` (as Roboflow writes) or `data/` (CVAT); nothing outside the data set is ever looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.errors import BadData
from training.formats.extras import data_extra
from training.formats.hostile import read_text, safe_name
from training.formats.walk import is_picture

KEYS = ("train", "val", "test")
_NAMES_KEY = re.compile(r"^(names|nc)\s*:", re.MULTILINE)
_PART_KEY = re.compile(r"^(train|val|test|okng)\s*:", re.MULTILINE)
_CONFIG_MB = 1
_LIST_MB = 64
_LABELLED_BY_NAME = ("obj.data", "obj.names", "classes.txt")


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures of one split; `folder` is what their names begin with and data sets do not mean."""

    split: str | None
    folder: str
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """`path`: the file that says it. `ours`: okng wrote it. `keypoints`: numbers of key points behind a box."""

    path: Path
    names: Mapping[int, str]
    parts: tuple[Part, ...]
    keypoints: int = 0
    ours: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a data set, as paths below its root."""

    root: Path
    files: frozenset[str]

    def below(self, folder: str) -> tuple[str, ...]:
        """The pictures in a folder, at any depth."""
        prefix = f"{folder}/" if folder else ""
        return tuple(sorted(name for name in self.files if name.startswith(prefix) and is_picture(Path(name))))


def config_file(root: Path) -> Path | None:
    """The file that describes the data set at `root`; None where there is none.

    Raises:
        BadData: there are several.
    """
    if root.is_file():
        return root if root.name in _LABELLED_BY_NAME or _is_config(root) else None
    if not root.is_dir():
        return None
    found = [path for path in sorted(root.iterdir()) if path.suffix in (".yaml", ".yml") and _is_config(path)]
    if len(found) > 1:
        raise BadData(f"{root} has {', '.join(path.name for path in found)}; name the one to read")
    named = [root / name for name in _LABELLED_BY_NAME if (root / name).is_file()]
    if not found and [path.name for path in named] == ["classes.txt"] and not _has_labels(root):
        return None
    return next(iter(found or named), None)


def read_config(path: Path, listing: Listing, pictures: Listing | None = None) -> Config:
    """What the file says; only its classes where the pictures lie elsewhere, in `pictures`.

    Raises:
        NotThere, BadData: it says nonsense; what, and in which file.
    """
    elsewhere = (Part(None, "", pictures.below("")),) if pictures is not None else None
    if path.name in _LABELLED_BY_NAME:
        return _by_names(path, listing, elsewhere)
    content = _mapping(path)
    names = _names(content.get("names"), path)
    keypoints = _keypoints(content.get("kpt_shape"), path)
    if elsewhere is not None:
        return Config(path, names, elsewhere, keypoints, ours="okng" in content)
    base = content.get("path") or ""
    places = _Places(path, listing, base if isinstance(base, str) else "")
    if "okng" in content:
        return Config(path, names, tuple(_own_parts(content["okng"], places)), keypoints, ours=True)
    notes: list[str] = []
    said: dict[str, list[Part]] = {}
    for key in KEYS:
        values = _values(content.get(key), key, path)
        if key == "test" and not all(map(places.find, values)):
            # Programs name one that they did not write.
            notes.append(f"{path.name} names a test folder that is not there; it is left out")
            continue
        said[key] = [places.part(key, value) for value in values]
    return Config(path, names, tuple(_told_apart(said, path, notes)), keypoints, notes=tuple(notes))


class _Places:
    """Finds what a configuration names."""

    def __init__(self, path: Path, listing: Listing, base: str) -> None:
        self.path = path
        self._listing = listing
        here = path.parent.relative_to(listing.root).as_posix()
        bases = (posixpath.join(here, base.replace("\\", "/")), here)
        self._bases = [posixpath.normpath(one) for one in bases if not posixpath.isabs(one)]
        self._folders = {parent for name in listing.files for parent in _parents(name)} | {"."}

    def find(self, value: str) -> str | None:
        """A folder or file below the root."""
        text = value.strip().replace("\\", "/").rstrip("/")
        for base in self._bases:
            for name in (text, text.removeprefix("../")):
                found = posixpath.normpath(posixpath.join(base, name))
                if found in self._folders or found in self._listing.files:
                    return found
        return None

    def part(self, split: str | None, value: str) -> Part:
        found = self.find(value)
        if found is None:
            raise BadData(
                f"{self.path} names {value[:200]!r}, which is not in {self._listing.root}; write it relative to the "
                "folder of this file"
            )
        if found in self._listing.files:
            return Part(split, f"images/{posixpath.basename(found).removesuffix('.txt')}", tuple(self._listed(found)))
        folder = "" if found == "." else found
        return Part(split, folder, self._listing.below(folder))

    def _listed(self, name: str) -> Iterator[str]:
        """The pictures that a text file lists."""
        path = self._listing.root / name
        for number, line in enumerate(read_text(path, _LIST_MB).split("\n"), 1):
            if not line.strip():
                continue
            picture = safe_name(line, f"{path}, line {number}")
            beside = [posixpath.join(base, picture) for base in (posixpath.dirname(name), *self._bases)]
            names = [posixpath.normpath(one) for one in (*beside, picture.removeprefix("data/"))]
            found = next((one for one in names if one in self._listing.files), None)
            if found is None:
                raise BadData(f"{path}, line {number}: there is no {picture}; put the picture there, or take it out")
            yield found


def _is_config(path: Path) -> bool:
    if path.suffix not in (".yaml", ".yml") or not path.is_file() or path.stat().st_size > _CONFIG_MB * 1_000_000:
        return False
    text = path.read_bytes().decode("utf-8", errors="replace")
    return bool(_NAMES_KEY.search(text) and _PART_KEY.search(text))


def _has_labels(root: Path) -> bool:
    return (root / "labels").is_dir() or any(path.name != "classes.txt" for path in root.glob("*.txt"))


def _mapping(path: Path) -> Mapping[object, object]:
    text = read_text(path, _CONFIG_MB)
    with data_extra():
        import yaml
    try:
        # All scalars as text, nothing constructed: a class may be called `no`, and no tag makes an object.
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadData(f"{path}{line}: this is no YAML ({error.problem}); correct it there") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadData(f"{path} is no YAML that describes a data set; correct it there") from error
    if not isinstance(content, dict):
        raise BadData(f"{path} is no YAML that describes a data set; it needs train, val and names")
    return content


def _names(said: object, path: Path) -> dict[int, str]:
    rows = list(enumerate(said)) if isinstance(said, list) else list(said.items()) if isinstance(said, dict) else []
    names: dict[int, str] = {}
    for key, name in rows:
        if not str(key).isdecimal() or len(str(key)) > 9 or not isinstance(name, str) or not name.strip():
            raise BadData(f"{path}: names gives no number and name for each class; write names: {{0: crack, 1: pit}}")
        names[int(key)] = name
    if not names:
        raise BadData(f"{path} has no names; write names: {{0: crack, 1: pit}}")
    return names


def _keypoints(said: object, path: Path) -> int:
    if not said:
        return 0
    if not isinstance(said, list) or len(said) != 2 or not all(str(one).isdecimal() and len(one) < 5 for one in said):
        raise BadData(f"{path}: kpt_shape needs two whole numbers, such as [17, 3]; correct it there")
    return int(said[0]) * int(said[1])


def _values(said: object, key: str, path: Path) -> list[str]:
    values = said if isinstance(said, list) else [said] if said else []
    found = [value for value in values if isinstance(value, str)]
    if len(found) < len(values):
        raise BadData(f"{path}: {key} is no folder, text file or list of these; correct it there")
    return [value for value in found if value.strip()]


def _own_parts(said: object, places: _Places) -> Iterator[Part]:
    rows = said if isinstance(said, list) else []
    for row in rows:
        folder = row.get("folder") if isinstance(row, dict) else None
        if not isinstance(folder, str) or not isinstance(row.get("split", ""), str):
            raise BadData(f"{places.path}: okng needs a list of folder and split; export the data set again")
        yield places.part(row.get("split") or None, safe_name(folder, places.path))


def _told_apart(said: Mapping[str, Sequence[Part]], path: Path, notes: list[str]) -> Iterator[Part]:
    """Each part once; what is named for training and for testing alike has no split."""
    keys_of: dict[frozenset[str], list[str]] = {}
    for key, parts in said.items():
        keys_of.setdefault(frozenset(name for part in parts for name in part.pictures), []).append(key)
    for pictures, keys in keys_of.items():
        split: str | None = keys[0]
        if len(keys) > 1 and pictures:
            split = None if "train" in keys else keys[0]
            notes.append(
                f"{path.name} names the same pictures as {' and '.join(keys)}; they are read "
                + (f"as {split}" if split else "without a split")
            )
        yield from (replace(part, split=split) for part in said[keys[0]])


def _by_names(path: Path, listing: Listing, elsewhere: tuple[Part, ...] | None) -> Config:
    """Darknet's and LabelImg's way."""
    said = dict(_assignments(path)) if path.name == "obj.data" else {}
    named = path.with_name(Path(said.get("names", "obj.names")).name) if said else path
    names = dict(enumerate(line.strip() for line in read_text(named, _CONFIG_MB).strip().split("\n")))
    if not all(names.values()):
        raise BadData(f"{named} has an empty line among its classes; give each a name")
    places = _Places(path, listing, "")
    keys = [key for key in ("train", "valid", "val", "test") if said.get(key) and elsewhere is None]
    parts = elsewhere or tuple(_named_part(places, key, said[key]) for key in keys)
    return Config(path, names, parts or (Part(None, "", listing.below("")),))


def _named_part(places: _Places, key: str, value: str) -> Part:
    part = places.part(key, value if places.find(value) else value.removeprefix("data/"))
    return Part(part.split, "", part.pictures)


def _assignments(path: Path) -> Iterator[tuple[str, str]]:
    for line in read_text(path, _CONFIG_MB).split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip(), value.strip()


def _parents(name: str) -> Iterable[str]:
    parent = posixpath.dirname(name)
    while parent:
        yield parent
        parent = posixpath.dirname(parent)
