"""The mark of a picture that was made, not taken: inside its PNG file, so that it goes wherever the picture goes.

JSON as the text of the keyword `okng-synthetic` (see `models.png_text`): what was made, with which seed, from which
picture. Whoever reads pictures to set limits or to test asks `is_synthetic` first, or lets `refuse_synthetic` refuse.
A program that saves the picture anew takes the mark out; docs/synthesize.md says so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from models.errors import BadPicture
from models.png_text import text_of, with_text

SYNTHETIC = "synthetic"
_KEYWORD = "okng-synthetic"


@dataclass(frozen=True, slots=True)
class SyntheticMark:
    """`made_from`: sha256 of the good picture's file; `kind` how it was made, `label` the class it stands for."""

    kind: str
    label: str
    seed: int
    made_from: str


def with_mark(png: bytes, mark: SyntheticMark) -> bytes:
    """The same picture, marked; `png` is a whole PNG file without a mark."""
    return with_text(png, _KEYWORD, json.dumps(asdict(mark), ensure_ascii=False))


def is_synthetic(content: bytes) -> bool:
    """Whether a picture file is marked; also by a mark that says nothing readable."""
    return text_of(content, _KEYWORD) is not None


def refuse_synthetic(name: str, content: bytes) -> None:
    """Let only pictures pass that a camera took.

    Raises:
        BadPicture: the file is marked.
    """
    if is_synthetic(content):
        raise BadPicture(
            f"{name} is a synthetic picture, which may set no limit and pass no test; move it to {SYNTHETIC}/"
        )
