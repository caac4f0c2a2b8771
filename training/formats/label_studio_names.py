"""The pictures that tasks of Label Studio name, whatever it made of their names."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from training.formats.lookup import Lookup, path_in

LOCAL = "/data/local-files/"
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)", re.DOTALL)
# What Django's storage takes out of the name of an uploaded file.
_TAKEN_OUT = re.compile(r"[^-\w.]")


class Names:
    """Finds pictures by `/data/upload/…`, `/data/local-files/?d=…`, URLs of buckets and of web servers."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._stored: dict[str, list[str]] = defaultdict(list)
        for name in lookup.names():
            self._stored[_stored_name(name)].append(name)

    def claim(self, value: str, where: str) -> tuple[Path, str]:
        """(path, name) of the picture. Raises BadData: as `Lookup.claim`."""
        reference = _local(value) or path_in(value)
        folder, _, name = reference.rpartition("/")
        return self._lookup.claim(f"{folder}/{self._here(name)}", where)

    def _here(self, name: str) -> str:
        plain = unquote(name)
        uploaded = [found[1] for found in map(_UPLOADED.fullmatch, (name, plain)) if found]
        for candidate in (name, plain, *uploaded):
            if self._lookup.holds(candidate):
                return candidate
        alike = self._stored.get(_stored_name(uploaded[-1]), []) if uploaded else []
        return alike[0] if len(alike) == 1 else name


def _local(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        inside = parse_qs(parts.query).get("d", []) if parts.path.endswith(LOCAL) else []
    except ValueError:
        return None
    return inside[0].replace("\\", "/") if inside else None


def _stored_name(name: str) -> str:
    return _TAKEN_OUT.sub("", name.strip().replace(" ", "_"))
