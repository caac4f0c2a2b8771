"""Reads XML label files entry by entry: no DTD, no entities, bounded in size and depth."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from training.errors import BadData
from training.formats.extras import data_extra
from training.formats.hostile import read_bytes

_DEEPEST = 50
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def entries(path: Path, root_tag: str) -> Iterator[Element]:
    """Each child of the root, one after the other; what was yielded is emptied before the next.

    Raises:
        NotThere: there is no such file, or defusedxml is not installed.
        BadData: it is no XML with that root, has a DTD, or is nested too deeply.
    """
    with data_extra():
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import iterparse
    depth = 0
    try:
        for event, element in iterparse(io.BytesIO(read_bytes(path)), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > _DEEPEST:
                raise BadData(f"{path} is nested too deeply to be a label file; export it again")
            if event == "start" and depth == 1 and element.tag != root_tag:
                raise BadData(
                    f"{path} has the root <{element.tag[:40]}> where <{root_tag}> is needed; name another file"
                )
            if event == "end" and depth == 1:
                yield element
                element.clear()
    except ParseError as error:
        raise BadData(f"{path}, line {error.position[0]}: this is no XML ({error}); export it again") from error
    except DefusedXmlException as error:
        raise BadData(f"{path} has a DTD or entities, which no labelling tool writes; export it again") from error
    except (LookupError, ValueError) as error:
        raise BadData(f"{path} is in no encoding that can be read; save it as UTF-8") from error


def writable(text: str, what: str) -> str:
    """The text as it is.

    Raises:
        BadData: it holds a character that XML cannot.
    """
    if _NOT_IN_XML.search(text):
        raise BadData(f"{what} {text[:100]!r} cannot be written into XML; rename it with --rename")
    return text
