"""Lines of a CSV file that anybody may have written, each with its place for messages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from training.errors import BadData


def csv_lines(path: Path, delimiter: str = ",", text: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """(where, cells) of each line that is not blank, the names of the columns first; no spaces around cells.

    `text`: the file's content where it was read already. Every line has as many cells as the first.

    Raises:
        BadData: it is not UTF-8 or no CSV, or a line has more or fewer cells; naming the line.
    """
    rows = csv.reader(io.StringIO(_text(path) if text is None else text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    try:
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            count = count or len(cells)
            if len(cells) != count:
                raise BadData(f"{where} has {len(cells)} cells, the first line {count}; correct it")
            yield where, cells
    except csv.Error as error:
        raise BadData(f"{path}, line {rows.line_num} is no CSV ({error}); correct it") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{path} is not written in UTF-8; save it as CSV UTF-8") from error
