"""Takes a data set of any format in: read, looked at, written whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from training.data.dataset import listed
from training.errors import BadData, NotThere, TrainingError
from training.formats.base import ReadOptions
from training.formats.classes import decided, undecided
from training.formats.item import Source
from training.formats.okng import Okng
from training.formats.registry import read_source
from training.formats.walk import files_under
from training.progress import Progress
from training.transfer.archive import LIMIT_GB, is_archive, top_of, unpack
from training.transfer.looking import Looked, look
from training.transfer.staging import DATA, refuse_little_room, refuse_nested, refuse_taken, staged
from training.transfer.summary import Summary, summarize

# Pictures that okng does not read, by what cameras and phones write; they are told, so that none is lost in silence.
_OTHER_PICTURES = frozenset({".heic", ".heif", ".avif", ".gif", ".jp2", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw"})
_UNPACKED = "unpacked"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`format`: None where the data set is to be recognised."""

    source: Path
    dest: Path
    format: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    skip_broken: bool = False
    dry_run: bool = False
    force: bool = False
    limit_gb: float = LIMIT_GB


def import_data(request: ImportRequest, progress: Progress) -> Summary:
    """Write the okng data set at `request.dest`.

    Raises:
        NotThere, BadData: what is wrong and what to do; then nothing was written.
        OSError: a file cannot be read.
    """
    if not request.source.exists():
        raise NotThere(f"there is no data set at {request.source}; check its name")
    refuse_nested(request.source, request.dest)
    refuse_taken(request.dest, request.force)
    with staged(request.dest, request.force) as stage, _by_its_own_name(request.source, stage):
        root = _unpacked(request, stage)
        source, left_out, notes = _looked_at(request, read_source(root, request.format, request.options), progress)
        if not request.dry_run:
            refuse_little_room(request.dest, sum(item.path.stat().st_size for item in source.items))
            (stage / DATA).mkdir()
            notes += Okng().write(source, stage / DATA)
        notes += _others(root)
    written = None if request.dry_run else str(request.dest)
    return replace(summarize(source, written, notes, left_out=left_out), source=str(request.source))


def _unpacked(request: ImportRequest, stage: Path) -> Path:
    if not is_archive(request.source):
        return request.source
    unpack(request.source, stage / _UNPACKED, request.limit_gb)
    return top_of(stage / _UNPACKED)


@contextmanager
def _by_its_own_name(source: Path, stage: Path) -> Iterator[None]:
    """Sentences name the archive, not the folder that it was unpacked into and that is gone when they are read."""
    try:
        yield
    except TrainingError as error:
        unpacked = str(stage / _UNPACKED)
        if unpacked not in str(error):
            raise
        raise type(error)(str(error).replace(unpacked, str(source))) from error


def _looked_at(
    request: ImportRequest, source: Source, progress: Progress
) -> tuple[Source, dict[str, str], tuple[str, ...]]:
    """The pictures that are taken in, those that are not with the reason, and what else there is to say."""
    unmarked = request.options.unmarked
    _refuse_undecided(source, unmarked)
    looked = look(source.items, lambda each: progress.each("looking at pictures", each, len(source.items)))
    broken = {one.item.name: one.fault for one in looked if one.fault}
    if broken and not request.skip_broken:
        raise BadData(
            f"{len(broken)} of {len(looked)} pictures cannot be taken in: {listed(list(broken.values()))}; mend them, "
            "or leave them out with --skip-broken"
        )
    made = {one.item.name: "a synthetic picture; make such with okng synth" for one in looked if one.synthetic}
    left_out = {**broken, **made}
    items = tuple(decided(one.item, unmarked) for one in looked if one.item.name not in left_out)
    if not items:
        raise BadData(f"{source.root} holds no picture that can be taken in: {listed(list(left_out.values()))}")
    taken = replace(source, items=items)
    # Only now is it known whose masks mark nothing.
    _refuse_undecided(taken, unmarked)
    return taken, left_out, _notes(source, looked)


def _notes(source: Source, looked: list[Looked]) -> tuple[str, ...]:
    outside = sum(one.outside for one in looked)
    notes = [f"{outside} marks reach beyond their pictures and are cut off there"] if outside else []
    masks = sum(len(item.rasters) for item in source.items) - sum(len(one.item.rasters) for one in looked)
    notes += [f"{masks} masks of pictures without a defect mark nothing and are left out"] if masks else []
    return tuple(notes)


def _refuse_undecided(source: Source, unmarked: str | None) -> None:
    bare = [item.name for item in undecided(source)] if unmarked is None else []
    if bare:
        raise BadData(
            f"{len(bare)} of {len(source.items)} pictures have neither label nor mark: {listed(bare)}; say what they "
            "are with --unmarked good if every one is known to be good, or --unmarked unlabelled if nobody looked"
        )


def _others(root: Path) -> tuple[str, ...]:
    """Pictures that okng does not read."""
    if not root.is_dir():
        return ()
    suffixes = Counter(path.suffix.lower() for path in files_under(root))
    return tuple(
        f"{count} {suffix} files are left out; save them as JPEG or PNG"
        for suffix, count in sorted(suffixes.items())
        if suffix in _OTHER_PICTURES
    )
