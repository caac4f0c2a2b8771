"""Copies of packages: the very bytes that judged, as long as somebody may want them again."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from appliance.store.kept_packages import KeptPackages
from models.errors import PackageError, PackageMissing
from models.package import open_package
from tests.fakes.packages import write_small_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_small_package(tmp_path / "a.okng")


@pytest.fixture
def kept(tmp_path: Path) -> KeptPackages:
    return KeptPackages(tmp_path / "packages")


def test_the_copy_stays_when_the_file_is_overwritten_in_place(package: Path, kept: KeptPackages) -> None:
    hash = open_package(package).hash
    kept.keep(package, hash)
    package.write_bytes(b"better")
    assert kept.open(hash).hash == hash


def test_a_package_whose_manifest_this_version_would_write_otherwise_keeps_its_hash(
    tmp_path: Path, package: Path, kept: KeptPackages
) -> None:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n\n")
    hash = open_package(folder).hash
    assert hash != open_package(package).hash
    kept.keep(folder, hash)
    assert kept.open(hash).hash == hash


def test_a_package_that_was_replaced_while_it_was_loaded_is_not_kept(package: Path, kept: KeptPackages) -> None:
    with pytest.raises(PackageError, match="was replaced"):
        kept.keep(package, "sha256:" + "0" * 64)
    assert list(kept.folder.iterdir()) == []


def test_another_package_under_the_hash_is_found(tmp_path: Path, package: Path, kept: KeptPackages) -> None:
    hash = open_package(package).hash
    kept.folder.mkdir()
    shutil.copy(package, kept.path("sha256:" + "0" * 64))
    with pytest.raises(PackageError, match="is another package"):
        kept.open("sha256:" + "0" * 64)
    with pytest.raises(PackageMissing, match="judge with another"):
        kept.open(hash)


def test_a_damaged_copy_is_made_anew(package: Path, kept: KeptPackages) -> None:
    hash = open_package(package).hash
    kept.keep(package, hash)
    kept.path(hash).write_bytes(b"torn")
    kept.keep(package, hash)
    assert kept.open(hash).hash == hash


def test_only_what_nobody_names_is_pruned(package: Path, kept: KeptPackages) -> None:
    hash = open_package(package).hash
    kept.keep(package, hash)
    (kept.folder / "notes.okng").touch()
    assert kept.prune({hash, "sha256:" + "1" * 64}) == ()
    assert kept.prune({"sha256:" + "1" * 64}) == (hash,)
    assert [path.name for path in kept.folder.iterdir()] == ["notes.okng"]
