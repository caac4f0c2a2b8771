"""Packages that results still name: copies that stay when the file that was loaded is replaced or gone.

<state_dir>/packages/<hash of the manifest>.okng

A copy, never a link: `cp better.okng model.okng` writes into the very file that a hard link would share.
"""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

from appliance.errors import NotThere
from models.errors import PackageError, PackageMissing
from models.package import Package, copy_package, open_package

_NAME = re.compile(r"^[0-9a-f]{64}\.okng$")


class KeptPackages:
    """The copies in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, hash: str) -> Path:
        return self.folder / f"{hash.removeprefix('sha256:')}.okng"

    def keep(self, package: Path, hash: str) -> None:
        """Keep what was loaded from `package` under its hash; a damaged copy is replaced.

        Raises:
            PackageError: `package` is not what was loaded any more.
            NotThere: the folder cannot be written.
        """
        if self._is_whole(hash):
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = copy_package(package, self.path(hash))
            if found != hash:
                self.path(hash).unlink()
        except OSError as error:
            raise NotThere(
                f"the package cannot be kept in {self.folder} ({error.strerror}); free the disk or make it writable"
            ) from error
        if found != hash:
            raise PackageError(f"{package} was replaced while it was loaded; start the station again")

    def open(self, hash: str) -> Package:
        """The package of this hash.

        Raises:
            PackageMissing: no copy was kept, or it was pruned.
            PackageError: the copy was changed, or is another package.
        """
        try:
            opened = open_package(self.path(hash))
        except PackageMissing as error:
            raise PackageMissing(
                f"the package {hash} is not in {self.folder}; bring it back there, or judge with another: --with"
            ) from error
        if opened.hash != hash:
            raise PackageError(f"{self.path(hash)} is another package ({opened.hash}); bring back the right one")
        return opened

    def prune(self, named: Set[str]) -> tuple[str, ...]:
        """Delete every copy that is not named; returns their hashes. Raises OSError."""
        found = [path for path in self.folder.glob("*.okng") if _NAME.match(path.name)]
        pruned = [path for path in found if f"sha256:{path.stem}" not in named]
        for path in pruned:
            path.unlink(missing_ok=True)
        return tuple(sorted(f"sha256:{path.stem}" for path in pruned))

    def _is_whole(self, hash: str) -> bool:
        try:
            return self.open(hash).hash == hash
        except PackageError:
            return False
