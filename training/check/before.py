"""What can be told of a data set before a training, from what that reads anyway; no picture is opened for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.quality import measure, reduced
from training.check.classes import check_classes
from training.check.copies import check_copies
from training.check.findings import Finding, Severity, by_severity
from training.check.groups import check_groups
from training.check.look import Look
from training.check.names import check_names
from training.check.shortcuts import check_shortcuts
from training.data.dataset import DataSet, Picture
from training.rois.dataset import AssemblyData
from training.tensors import Tensors


class Overlook:
    """Looks over the data of one run and keeps `findings` for its report, the gravest first."""

    def __init__(self) -> None:
        self.findings: tuple[Finding, ...] = ()

    def __call__(self, data: DataSet, tensors: Tensors) -> Iterator[str]:
        """A line for each error and warning, and one that says where more is told."""
        pictures = (*data.good, *data.defective)
        light = findings_of_light(pictures, (shot.inputs[0] for shot in tensors.plain))
        self.findings = by_severity((*findings_of_labels(data), *light))
        return lines(self.findings, data.root)


def look_over_regions(data: AssemblyData) -> Iterator[str]:
    """The same of named regions: their copies, groups and names."""
    looks = _looks([one.picture for one in data.pictures], data.copies, data.root)
    return lines(by_severity(_of_names(looks)), data.root)


def findings_of_labels(data: DataSet) -> tuple[Finding, ...]:
    """Copies, groups, counts, spellings and names."""
    looks = _looks((*data.pictures, *data.empty), data.copies, data.root)
    return by_severity([*_of_names(looks), *check_classes(looks)])


def _of_names(looks: Sequence[Look]) -> Iterator[Finding]:
    yield from check_copies(looks)
    yield from check_groups(looks)
    yield from check_names([look.name for look in looks])


def findings_of_light(pictures: Sequence[Picture], inputs: Iterable[NDArray[np.uint8]]) -> tuple[Finding, ...]:
    """Whether light alone tells classes apart; `inputs`: what the network sees of each, `(H, W, 3)` BGR uint8."""
    looks = (
        Look(picture.path, picture.name, picture.labels, quality=measure(reduced(seen)))
        for picture, seen in zip(pictures, inputs, strict=True)
    )
    return by_severity(check_shortcuts(list(looks)))


def lines(findings: Iterable[Finding], data: object) -> Iterator[str]:
    """A line for each error and warning, and one that says where more is told."""
    grave = [finding for finding in findings if finding.severity is not Severity.NOTE]
    yield from (finding.line for finding in grave)
    if grave:
        yield f"see okng check-data {data}"


def _looks(pictures: Sequence[Picture], copies: Iterable[tuple[str, str]], root: Path) -> list[Look]:
    """Looks without pixels; a copy is of the class of its folder, where that is one."""
    known = {picture.name: picture for picture in pictures}
    looks = [_look(picture) for picture in pictures]
    for copy, original in copies:
        if original in known:
            labels = (copy.partition("/")[0],) if known[original].label else ()
            looks.append(Look(root / copy, copy, labels, sha256=known[original].sha256))
    return looks


def _look(picture: Picture) -> Look:
    group = picture.group if picture.group != picture.name else None
    labels = tuple(label for label in picture.labels or (picture.label,) if label)
    return Look(picture.path, picture.name, labels, group=group, sha256=picture.sha256, size=picture.size)
