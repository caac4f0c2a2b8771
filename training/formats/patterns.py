"""A user's regular expression over file names, which may be wrong and must never hang.

Matched by the library `regex`, because it takes a time limit: `(?P<label>(a+)+)$` is endless for the standard one.
"""

from __future__ import annotations

import time

from training.errors import BadData, NotThere

_LONGEST = 500
_LONGEST_NAME = 255
# Of processor time, as the library counts it; a pattern without traps takes microseconds.
_NAME_S = 0.2
_ALL_S = 30.0


class NamePattern:
    """Named groups of the first match in a file's name without its suffix."""

    def __init__(self, text: str) -> None:
        """Raises:
        BadData: it is too long, no regular expression, or without a named group.
        NotThere: the library is not installed.
        """
        try:
            import regex
        except ImportError as error:
            raise NotThere("a pattern needs the library regex; install okng[data]") from error
        if len(text) > _LONGEST:
            raise BadData(f"--pattern has {len(text)} characters, {_LONGEST} are the most; write it shorter")
        try:
            self._pattern = regex.compile(text)
        except (regex.error, OverflowError, RecursionError) as error:
            raise BadData(f"--pattern {text!r} is no regular expression ({error}); see docs/data.md") from error
        self.groups: tuple[str, ...] = tuple(self._pattern.groupindex)
        if not self.groups:
            raise BadData(f"--pattern {text!r} has no named group; write one such as (?P<label>[a-z]+)")
        self._text = text
        self._left_s = _ALL_S

    def said(self, stem: str) -> dict[str, str] | None:
        """Group → text, groups that matched nothing left out; None where the pattern does not match.

        Raises:
            BadData: it takes too long for this name, or for all of them together.
        """
        if len(stem) > _LONGEST_NAME:
            raise BadData(f"the name {stem[:60]!r}… has more than {_LONGEST_NAME} characters; rename the file")
        begin = time.monotonic()
        try:
            match = self._pattern.search(stem, timeout=min(_NAME_S, max(self._left_s, 0.001)))
        except TimeoutError as error:
            raise BadData(
                f"--pattern {self._text!r} takes too long for {stem!r}; write it without repeats inside repeats"
            ) from error
        self._left_s -= time.monotonic() - begin
        if match is None:
            return None
        return {name: value for name, value in match.groupdict().items() if value}
