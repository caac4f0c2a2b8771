"""Writes a data set in another format: what that cannot say is listed, and it is there whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.losses import losses
from training.formats.registry import by_name, read_source
from training.progress import Progress
from training.transfer.looking import without_blank_masks
from training.transfer.staging import DATA, refuse_little_room, refuse_nested, refuse_taken, staged
from training.transfer.summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """`source_format`: None where the data set is to be recognised."""

    source: Path
    dest: Path
    format: str
    source_format: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    dry_run: bool = False
    force: bool = False


def export_data(request: ExportRequest, progress: Progress) -> Summary:
    """Write the data set at `request.dest`.

    Raises:
        NotThere, BadData: what is wrong and what to do; then nothing was written.
        OSError: a file cannot be read.
    """
    into = by_name(request.format)
    refuse_nested(request.source, request.dest)
    refuse_taken(request.dest, request.force)
    source = read_source(request.source, request.source_format, request.options)
    items = progress.each("reading labels", source.items, len(source.items))
    source = replace(source, items=tuple(without_blank_masks(item) for item in items))
    lost, notes = losses(source, into), tuple[str, ...]()
    if not request.dry_run:
        refuse_little_room(request.dest, sum(item.path.stat().st_size for item in source.items))
        with staged(request.dest, request.force) as stage:
            (stage / DATA).mkdir()
            notes = into.write(source, stage / DATA)
            if not any((stage / DATA).iterdir()):
                raise BadData(f"{request.source} cannot be written as {request.format}; choose another format")
    return summarize(source, None if request.dry_run else str(request.dest), notes, lost)
