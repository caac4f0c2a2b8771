"""The libraries that only label files need; they come with `okng[data]` and are imported when a file asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import NotThere


@contextmanager
def data_extra() -> Iterator[None]:
    """Import inside: what is not installed becomes a sentence.

    Raises:
        NotThere: naming the library.
    """
    try:
        yield
    except ImportError as error:
        raise NotThere(f"these label files need the library {error.name}; install okng[data]") from error
