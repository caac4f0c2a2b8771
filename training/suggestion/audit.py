"""`audits.jsonl` of a data set: which pictures were drawn at random before anybody had labelled them.

    {"round": 1, "package": "sha256:<of its manifest>", "seed": 0, "of": 1840, "drawn": 40,
     "when": "2026-01-31T08:00:00Z", "pictures": ["<sha256 of the content>", …]}

One line a round; lines are only ever added. Pictures are known by their content, so that they may be moved into the
folder of what they turned out to show. A round counts for the package that it was drawn with and for no other: only
of that one is it certain that it had never seen their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.durable import append_durably
from training.data.dataset import DataSet, Picture
from training.errors import BadData

AUDITS = "audits.jsonl"


class Round(BaseModel):
    """One draw. `pictures`: sha256 of each, as `Picture.sha256`; `of`: how many candidates there were."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    round: int = Field(ge=1)
    package: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    seed: int = Field(ge=0)
    of: int = Field(ge=1)
    drawn: int = Field(ge=1)
    when: str
    pictures: tuple[str, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Round:
        if len(set(self.pictures)) != self.drawn or self.drawn > self.of:
            raise ValueError(f"{len(set(self.pictures))} pictures are named, {self.drawn} of {self.of} were drawn")
        return self


def read_audits(root: Path) -> tuple[Round, ...]:
    """All rounds; none where there is no file.

    Raises:
        BadData: a line is none; which, and what is wrong.
    """
    path = root / AUDITS
    if not path.is_file():
        return ()
    rounds: list[Round] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        try:
            rounds.append(Round.model_validate_json(line))
        except ValidationError as error:
            raise BadData(f"{path}, line {number}: {error.errors()[0]['msg']}; restore the file") from error
        if rounds[-1].round != len(rounds):
            raise BadData(
                f"{path}, line {number}: round {rounds[-1].round} stands where {len(rounds)} belongs; restore it"
            )
    return tuple(rounds)


def drawn_with(root: Path, data: DataSet, package: str) -> tuple[Picture, ...]:
    """The labelled pictures of all rounds that were drawn with this package.

    Raises:
        BadData: there is no such round, or not every picture of one has a label, or the record cannot be read.
    """
    rounds = [one for one in read_audits(root) if one.package == package]
    if not rounds:
        raise BadData(f"no audit round was drawn with this package in {root}; draw one with okng suggest")
    labelled = {picture.sha256: picture for picture in (*data.pictures, *data.empty)}
    for one in rounds:
        left = sum(picture not in labelled for picture in one.pictures)
        if left:
            raise BadData(
                f"{left} of the {one.drawn} pictures of audit round {one.round} have no label; move each into the "
                "folder of what it shows, because without the hard ones the sample would flatter the model"
            )
    return tuple(labelled[picture] for picture in sorted({picture for one in rounds for picture in one.pictures}))


def record_round(root: Path, package: str, seed: int, of: int, pictures: Sequence[str], when: str) -> Round:
    """Add a round to the file; on disk when this returns.

    Raises:
        BadData: the file there cannot be read.
        OSError: it cannot be written.
    """
    number = len(read_audits(root)) + 1
    one = Round(
        round=number, package=package, seed=seed, of=of, drawn=len(pictures), when=when, pictures=tuple(pictures)
    )
    append_durably(root / AUDITS, (one.model_dump_json() + "\n").encode())
    return one
