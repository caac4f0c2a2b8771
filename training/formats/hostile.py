"""Reads label files that anybody may have written: bounded in size and depth, with no name that leads out.

`where` is what a message names: a file, with the line or entry if there is one.
"""

from __future__ import annotations

import json
import math
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from training.errors import BadData, NotThere

LABEL_FILE_MB = 512
_LONGEST_NAME = 4096
_LONGEST_NUMBER = 400
_CONTROL = re.compile(r"[\0-\x1f\x7f\u2028\u2029]")
_DRIVE_OR_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def safe_name(text: object, where: object = "the label file") -> str:
    r"""The name of a file inside the data set as a relative path with /; `.\a\b.png` becomes `a/b.png`.

    Raises:
        BadData: it is no text, empty, absolute (also `C:\`, `s3://`), leads out with .., or holds what no name holds.
    """
    if not isinstance(text, str) or not text.strip():
        raise BadData(f"{where} gives no file name where one is needed; correct it there")
    shown = repr(text if len(text) <= 100 else text[:100] + "…")
    if len(text) > _LONGEST_NAME or _CONTROL.search(text) or not _is_unicode(text):
        raise BadData(f"{where} names {shown}, which cannot be a file's name; correct it there")
    path = PurePosixPath(text.strip().replace("\\", "/"))
    if path.is_absolute() or _DRIVE_OR_SCHEME.match(path.parts[0] if path.parts else ""):
        raise BadData(f"{where} names {shown}, a place outside the data set; write it relative to the pictures' folder")
    if ".." in path.parts or not path.parts:
        raise BadData(f"{where} names {shown}, which leads out of the data set; write it without ..")
    return path.as_posix()


def _is_unicode(text: str) -> bool:
    """JSON can spell half a surrogate pair, which no file name and no output holds."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def read_text(path: Path, limit_mb: float = LABEL_FILE_MB) -> str:
    """The whole of a UTF-8 file, with or without a byte order mark.

    Raises:
        NotThere: there is no such file.
        BadData: it is no ordinary file, larger than `limit_mb`, not UTF-8, or binary.
    """
    return decoded(read_bytes(path, limit_mb), path)


def read_bytes(path: Path, limit_mb: float = LABEL_FILE_MB) -> bytes:
    """The whole of an ordinary file.

    Raises:
        NotThere: there is no such file.
        BadData: it is no ordinary file, or larger than `limit_mb`.
    """
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThere(f"there is no file {path}; check its name") from error
    if not stat.S_ISREG(state.st_mode):
        raise BadData(f"{path} is no ordinary file; name a file")
    limit = int(limit_mb * 1_000_000)
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadData(f"{path} is larger than {limit_mb:g} MB; split it")
    return content


def decoded(content: bytes, where: object) -> str:
    """UTF-8 with or without a byte order mark.

    Raises:
        BadData: it is not UTF-8, or binary.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadData(f"{where}, line {line}: this is not UTF-8; save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadData(f"{where}, line {line}: this is no text; copy the file again, or save it as UTF-8")
    return text


def read_json(path: Path, limit_mb: float = LABEL_FILE_MB) -> object:
    """A JSON document; numbers are finite.

    Raises:
        NotThere, BadData: as `read_text`; or it is no JSON, too deep, or holds NaN, an infinite or an endless number.
    """
    return parse_json(read_text(path, limit_mb), path)


def read_json_lines(path: Path, limit_mb: float = LABEL_FILE_MB) -> Iterator[tuple[str, object]]:
    """One JSON document a line; (where, document) each, blank lines left out.

    Raises:
        NotThere, BadData: as `read_json`.
    """
    for number, line in enumerate(read_text(path, limit_mb).split("\n"), 1):
        if line.strip():
            where = f"{path}, line {number}"
            yield where, parse_json(line, where)


def parse_json(text: str, where: object) -> object:
    """A JSON document.

    Raises:
        BadData: as `read_json`.
    """
    try:
        return json.loads(text, parse_constant=_constant, parse_float=_finite, parse_int=_whole)
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}" if "\n" in text.strip() else str(where)
        raise BadData(f"{place}: this is no JSON ({error.msg}); correct it there, or export it again") from error
    except ValueError as error:
        raise BadData(f"{where}: {error}; correct it there") from error
    except RecursionError as error:
        raise BadData(f"{where} is nested too deeply to be a label file; export it again") from error


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number of a label file")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"the number {text[:40]}… is too large")
    return int(text)
