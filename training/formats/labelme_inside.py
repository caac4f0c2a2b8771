"""Pictures that LabelMe keeps inside its label files (`imageData`), as files until the program ends."""

from __future__ import annotations

import atexit
import base64
import binascii
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from training.errors import BadData

# LabelMe stores what is neither as one of them.
_SUFFIXES = {b"\x89PNG": (".png",), b"\xff\xd8\xff": (".jpg", ".jpeg")}


class Inside:
    """Unpacks pictures into one folder outside the data set, which goes when the program does."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def unpack(self, data: str, name: str, where: object) -> tuple[Path, str]:
        """(path, `name` with the suffix of what it is); `name` is relative, with / and without `..`. Raises OSError.

        Raises:
            BadData: it is no PNG or JPEG in base64.
        """
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        suffixes = next((found for start, found in _SUFFIXES.items() if content.startswith(start)), None)
        if suffixes is None:
            raise BadData(f"{where}: its imageData is no PNG or JPEG in base64; put the picture beside it")
        stored = PurePosixPath(name)
        if stored.suffix.lower() not in suffixes:
            stored = stored.with_suffix(suffixes[0])
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="okng-labelme-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / stored
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path, stored.as_posix()
