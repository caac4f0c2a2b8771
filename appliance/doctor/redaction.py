"""Keeping secrets out of what leaves the house.

Three nets, one behind the other: keys of the configuration that name a secret, places in any text where one is written
(user and password of an address, `password=…`), and every secret that is known by its value, wherever it turns up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

HIDDEN = "***"
_SECRET_KEY = re.compile(r"(pass(word|wd|phrase)?|pwd|secret|token|credential|user(name)?|login|api_?key|key)$", re.I)
_SECRET_VARIABLE = re.compile(r"PASS|_PWD$|SECRET|TOKEN|CREDENTIAL|KEY", re.I)
# To the last @ of the word: a password may hold a slash that nobody escaped.
_USER_INFO = re.compile(r"(?<=://)[^\s\"'<>]*@")
_QUERY = re.compile(r"(?<=[?&])([A-Za-z0-9_.-]+)=[^&\s\"'<>]+")
_ASSIGNED = re.compile(
    r"(?i)\b((?:user(?:name)?|login|pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|authorization)"
    r"[\"']?\s*[=:]\s*)(?!\*\*\*)(\"[^\"]*\"|'[^']*'|\S+)"
)
# A shorter one stands by chance in many words: it is taken out only where it stands alone.
_SHORT = 4


class Redaction:
    """`secrets`: values that must not appear, whatever else is hidden."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {way for secret in secrets if secret.strip() for way in _spellings(secret.strip())}
        # The longest first, so that none leaves its tail behind.
        self._patterns = [_pattern(text) for text in sorted(spellings, key=len, reverse=True)]

    def text(self, text: str) -> str:
        """The text without secrets."""
        text = _USER_INFO.sub(f"{HIDDEN}@", text)
        text = _QUERY.sub(rf"\1={HIDDEN}", text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        for pattern in self._patterns:
            text = pattern.sub(HIDDEN, text)
        return text

    def configuration(self, value: object) -> object:
        """The data of a configuration without secrets, and without the whole value of keys that name one."""
        return self.data(_without_secret_keys(value))

    def data(self, value: object) -> object:
        """The same for JSON data: strings anywhere, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))


def _without_secret_keys(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if _SECRET_KEY.search(str(key)) else _without_secret_keys(item) for key, item in value.items()
        }
    return [_without_secret_keys(item) for item in value] if isinstance(value, list) else value


def secrets_in(table: Mapping[str, object]) -> Iterator[str]:
    """Values of a configuration that are secret: under telling keys, in addresses, in the files it names for them."""
    for key, value in table.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield from secrets_in(item)
            elif isinstance(item, str):
                yield from ([item] if _SECRET_KEY.search(key) else [])
                yield from _of_address(item)


def _of_address(text: str) -> Iterator[str]:
    """User and password of an address, as written and as meant."""
    for user_info in _USER_INFO.findall(text):
        for part in (user_info[:-1], *user_info[:-1].split(":", 1)):
            yield from (part, unquote(part))


def secrets_of_files(paths: Iterable[Path]) -> Iterator[str]:
    """Lines of password files that can be read."""
    for path in paths:
        try:
            yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue  # what we cannot read we cannot give away


def secrets_of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    return (value for name, value in environment.items() if _SECRET_VARIABLE.search(name) and len(value) >= _SHORT)


def _spellings(secret: str) -> tuple[str, ...]:
    """How a secret may be written: as it is, in JSON, in Python, in an address."""
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        quote(secret),
    )


def _pattern(text: str) -> re.Pattern[str]:
    if len(text) >= _SHORT:
        return re.compile(re.escape(text))
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(text)}(?![A-Za-z0-9_])")
