"""A model package on disk: `.okng`, a directory or a zip with the same content.

    manifest.json       what the package is, and sha256 and size of every other file
    model.onnx  scorer/*.npy  naming/*.npy  golden/*.png  report.html

`open_package` refuses before any parser but the manifest's has seen a byte: an unknown schema, a missing or unlisted
file, a wrong hash or size, an absolute or `..` name, a symlink, a doubled name, anything that unpacks to more than the
limits. Nothing is ever unpacked to disk. The package hash is the sha256 of `manifest.json`, which names all the rest.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from models.durable import write_atomically
from models.errors import PackageError, PackageMissing
from models.manifest import FileEntry, Manifest, parse_manifest

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 4 << 20
MAX_FILE_BYTES = 64 << 20
MAX_TOTAL_BYTES = 128 << 20
MAX_FILES = 500
_NAME = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Package:
    """A verified package in memory; `hash` is "sha256:<64 hex>" of its manifest."""

    manifest: Manifest
    hash: str
    files: Mapping[str, bytes]


def open_package(path: Path) -> Package:
    """Read and verify a package.

    Raises:
        PackageMissing: there is nothing at `path`.
        PackageError: the package may not be used, with the reason.
    """
    return _verify(path, _content(path))


def copy_package(path: Path, target: Path) -> str:
    """Verify a package and write the same content, to the last byte of its manifest, as a zip; returns its hash.

    Raises:
        PackageError: as `open_package`.
        OSError: the copy cannot be written.
    """
    content = _content(path)
    verified = _verify(path, dict(content))
    _write_zip(target, content)
    return verified.hash


def _content(path: Path) -> dict[str, bytes]:
    """Every file of a package by its name, read within the limits and not yet verified."""
    try:
        info = path.lstat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PackageMissing(
            f"there is no model package at {path}; train one with okng train, "
            "or correct the path (in a configuration: [model] package)"
        ) from error
    except OSError as error:
        raise PackageError(f"{path} cannot be read ({error.strerror}); check the path and its rights") from error
    if stat.S_ISLNK(info.st_mode):
        raise PackageError(f"{path} is a symbolic link; name the package itself")
    if stat.S_ISDIR(info.st_mode):
        return _read_directory(path)
    if stat.S_ISREG(info.st_mode):
        return _read_zip(path, info.st_size)
    raise PackageError(f"{path} is neither a file nor a directory; name a .okng package")


def _verify(path: Path, content: dict[str, bytes]) -> Package:
    raw = content.pop(MANIFEST, None)
    if raw is None:
        raise PackageError(f"{path} has no {MANIFEST}; it is no model package, or it is incomplete: copy it again")
    manifest = parse_manifest(raw)
    for name in sorted(set(manifest.files) - set(content)):
        raise PackageError(f"{name} is missing from {path}; copy the package again")
    for name in sorted(set(content) - set(manifest.files)):
        raise PackageError(f"{name} is in {path} but not in its manifest; the package was tampered with: get it again")
    for name, entry in sorted(manifest.files.items()):
        data = content[name]
        if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise PackageError(f"{name} in {path} is not what the manifest says (sha256); copy the package again")
    return Package(manifest, "sha256:" + hashlib.sha256(raw).hexdigest(), content)


def _check_names(path: Path, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.match(name) or len(name) > 200:
            raise PackageError(f"{path} holds a file with the unsafe name {name!r}; do not use this package")
        if name.lower() in seen:
            raise PackageError(f"{path} holds {name} twice; do not use this package")
        seen.add(name.lower())
    if len(seen) > MAX_FILES:
        raise PackageError(f"{path} holds {len(seen)} files, {MAX_FILES} are the most; do not use this package")


def _limit(path: Path, name: str, size: int, total: int) -> None:
    most = MAX_MANIFEST_BYTES if name == MANIFEST else MAX_FILE_BYTES
    if size > most or total > MAX_TOTAL_BYTES:
        raise PackageError(f"{name} in {path} is too large ({size} bytes); do not use this package")


def _read_directory(root: Path) -> dict[str, bytes]:
    names = _walk(root, root, 0)
    _check_names(root, names)
    content: dict[str, bytes] = {}
    total = 0
    for name in names:
        try:
            descriptor = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise PackageError(f"{name} in {root} cannot be read ({error.strerror}); check its rights") from error
        with os.fdopen(descriptor, "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise PackageError(f"{name} in {root} is no regular file; do not use this package")
            total += info.st_size
            _limit(root, name, info.st_size, total)
            content[name] = file.read(info.st_size + 1)
    return content


def _walk(root: Path, folder: Path, depth: int) -> list[str]:
    """Relative names of all files; refuses links and anything that is neither file nor directory."""
    names: list[str] = []
    if depth > 4:
        raise PackageError(f"{root} has folders too deep for a model package; do not use it")
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise PackageError(f"{folder} cannot be read ({error.strerror}); check its rights") from error
    for entry in found:
        name = str(Path(entry.path).relative_to(root))
        if entry.is_symlink():
            raise PackageError(f"{name} in {root} is a symbolic link; do not use this package")
        if entry.is_dir(follow_symlinks=False):
            names += _walk(root, Path(entry.path), depth + 1)
        elif entry.is_file(follow_symlinks=False):
            names.append(name)
        else:
            raise PackageError(f"{name} in {root} is no regular file; do not use this package")
        if len(names) > MAX_FILES:
            raise PackageError(f"{root} holds more than {MAX_FILES} files; do not use this package")
    return names


def _read_zip(path: Path, size: int) -> dict[str, bytes]:
    _limit(path, path.name, 0, size)
    try:
        with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
            members = archive.infolist()
            _check_names(path, [member.filename for member in members])
            total = 0
            content: dict[str, bytes] = {}
            for member in members:
                _check_member(path, member)
                total += member.file_size
                _limit(path, member.filename, member.file_size, total)
                with archive.open(member) as file:
                    content[member.filename] = file.read(member.file_size + 1)
    except OSError as error:
        raise PackageError(f"{path} cannot be read ({error.strerror or error}); copy the package again") from error
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise PackageError(f"{path} is no whole .okng package ({error}); copy it again") from error
    return content


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise PackageError(f"{member.filename} in {path} is a symbolic link; do not use this package")
    if kind not in (0, stat.S_IFREG) or member.is_dir():
        raise PackageError(f"{member.filename} in {path} is no regular file; do not use this package")
    if member.flag_bits & 0x1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PackageError(f"{member.filename} in {path} is packed in a way okng does not read; export it again")


def file_table(files: Mapping[str, bytes]) -> dict[str, FileEntry]:
    """The manifest's `files` for the given content."""
    return {
        name: FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for name, data in sorted(files.items())
    }


def write_package(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write a zip: whole or not at all, and byte for byte the same for the same content."""
    if manifest.files != file_table(files):
        raise ValueError("the manifest's file table does not describe these files")
    _write_zip(path, {MANIFEST: manifest.to_bytes(), **files})


def _write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(content.items()):
            member = zipfile.ZipInfo(name, _ZIP_TIME)
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            member.create_system = 3
            packed = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(member, data, packed, 9)
    write_atomically(path, buffer.getvalue())
