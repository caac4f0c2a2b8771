"""One round of suggestions: candidates of a data set → what to label next, and the record of the random share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.decision import Limits
from models.origin import without_origin
from models.package import open_package
from training.data.dataset import GOOD, open_dataset
from training.errors import BadData, NotThere
from training.formats.walk import pictures_under
from training.progress import Progress
from training.suggestion.audit import Round, read_audits, record_round
from training.suggestion.choose import Suggestion, Why, shares_of, suggest
from training.suggestion.seen import Candidate, Eye


@dataclass(frozen=True, slots=True)
class Asked:
    """`labelled`: a data set whose labelled pictures are known already, where `data` is a plain folder of pictures.

    `when`: "YYYY-MM-DDThh:mm:ssZ", for the record.
    """

    data: Path
    package: Path
    labelled: Path | None
    count: int
    shares: Mapping[Why, float]
    seed: int
    when: str
    record: bool


@dataclass(frozen=True, slots=True)
class Suggested:
    """`candidates`: how many could be chosen from; `broken`: a sentence about each picture that cannot be read.

    `round`: the record of the audit; None where none was kept. `waiting`: pictures of earlier rounds without a label.
    """

    candidates: int
    chosen: tuple[Suggestion, ...]
    limits: Limits
    broken: tuple[str, ...]
    round: Round | None
    waiting: int


def suggest_next(asked: Asked, progress: Progress) -> Suggested:
    """Choose, and record the audit's draw.

    Raises:
        TrainingError: there is nothing to choose from, or a data set cannot be used.
        ModelError: the package cannot be used.
        OSError: the record cannot be written; nothing is suggested then.
    """
    open_package(asked.package)  # a wrong path is said before a large data set is read
    own = (asked.data / GOOD).is_dir()
    candidates, labelled = _of_data_set(asked.data) if own else (_of_folder(asked.data), [])
    if asked.labelled is not None:
        labelled = labelled + _of_data_set(asked.labelled)[1]
    if not candidates:
        where = "unlabelled/ of it" if own else "it"
        raise BadData(f"{asked.data} has no picture without a label; put pictures that nobody labelled into {where}")
    with Eye(asked.package) as eye:
        seen, broken = eye.see(candidates, progress)
        if not seen:
            raise BadData(f"none of the {len(candidates)} pictures can be read: {broken[0]}")
        looks = eye.looks(labelled, progress)
        chosen = suggest(seen, looks, eye.limits, shares_of(asked.count, asked.shares), asked.seed)
        before = read_audits(asked.data) if own else ()
        waiting = _waiting(before, candidates)
        drawn = [_content(one.seen.candidate.path) for one in chosen if one.why is Why.AUDIT]
        kept = None
        if own and asked.record and drawn:
            kept = record_round(asked.data, eye.package_hash, asked.seed, len(seen), drawn, asked.when)
        return Suggested(len(seen), tuple(chosen), eye.limits, tuple(broken), kept, waiting)


def _of_data_set(root: Path) -> tuple[list[Candidate], list[Path]]:
    data = open_dataset(root, min_good=0, one_size=False)
    return [Candidate(one.path, one.name) for one in data.unlabelled], [one.path for one in data.pictures]


def _of_folder(root: Path) -> list[Candidate]:
    if not root.is_dir():
        raise NotThere(f"there is no folder {root}; name a data set or a folder of pictures")
    return [Candidate(path, path.relative_to(root).as_posix()) for path in pictures_under(root)]


def _content(path: Path) -> str:
    return hashlib.sha256(without_origin(path.read_bytes())).hexdigest()


def _waiting(rounds: Sequence[Round], candidates: Sequence[Candidate]) -> int:
    """How many pictures of earlier rounds still have no label."""
    drawn = {picture for one in rounds for picture in one.pictures}
    return sum(_content(candidate.path) in drawn for candidate in candidates) if drawn else 0
