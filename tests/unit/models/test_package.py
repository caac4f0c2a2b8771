"""Every way in which a package on disk may be wrong is refused before its content is parsed."""

from __future__ import annotations

import json
import os
import socket
import stat
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from models import package as package_module
from models.durable import write_atomically
from models.errors import PackageError, PackageMissing
from models.package import MANIFEST, open_package, write_package
from tests.fakes.packages import parsed, small_files, small_manifest, write_small_package


def as_directory(folder: Path) -> Path:
    """The small package as a directory."""
    files = small_files() | {MANIFEST: parsed(small_manifest(small_files())).to_bytes()}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zip_with(path: Path, edit: Callable[[zipfile.ZipFile], None], leave_out: frozenset[str] = frozenset()) -> Path:
    """The small package as a zip, with more members added by `edit`."""
    files = small_files() | {MANIFEST: parsed(small_manifest(small_files())).to_bytes()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            if name not in leave_out:
                archive.writestr(name, data)
        edit(archive)
    return path


def test_directory_and_zip_are_the_same_package(tmp_path: Path) -> None:
    in_folder = open_package(as_directory(tmp_path / "blocks"))
    in_zip = open_package(write_small_package(tmp_path / "blocks.okng"))
    assert in_folder == in_zip and in_zip.files == small_files()


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_small_package(tmp_path / name).read_bytes() for name in ("a.okng", "b.okng"))
    assert first == second


@pytest.mark.parametrize("name", ["model.onnx", "scorer/mean.npy", "golden/00.png"])
def test_a_changed_byte_is_refused(tmp_path: Path, name: str) -> None:
    folder = as_directory(tmp_path / "blocks")
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(PackageError, match=r"sha256"):
        open_package(folder)


def test_a_longer_file_is_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(PackageError, match=r"not what the manifest says"):
        open_package(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    (folder / "model.onnx").unlink()
    with pytest.raises(PackageError, match=r"model.onnx is missing"):
        open_package(folder)
    with pytest.raises(PackageError, match=r"model.onnx is missing"):
        open_package(zip_with(tmp_path / "a.okng", lambda _: None, frozenset({"model.onnx"})))


def test_an_unlisted_file_is_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    (folder / "model.onnx.data").write_bytes(b"weights from elsewhere")
    with pytest.raises(PackageError, match=r"not in its manifest"):
        open_package(folder)
    with pytest.raises(PackageError, match=r"not in its manifest"):
        open_package(zip_with(tmp_path / "a.okng", lambda archive: archive.writestr("extra.bin", b"")))


def test_a_package_without_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackageError, match=r"no manifest.json"):
        open_package(tmp_path / "empty")


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "a/../../evil", "a//b", "C:/evil", "a\\..\\evil", "./a", "a/./b", ".hidden", "a\nb", "é"],
)
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    bad = zip_with(tmp_path / "a.okng", lambda archive: archive.writestr(name, b"x"))
    with pytest.raises(PackageError, match=r"unsafe name|regular file"):
        open_package(bad)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.okng"]


@pytest.mark.parametrize("name", ["model.onnx", "MODEL.onnx"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match=r"holds \S+ twice;"):
        open_package(zip_with(tmp_path / "a.okng", lambda archive: archive.writestr(name, b"other")))


def test_links_are_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    (folder / "model.onnx").rename(tmp_path / "outside.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "outside.onnx")
    with pytest.raises(PackageError, match=r"symbolic link"):
        open_package(folder)
    (tmp_path / "link.okng").symlink_to(write_small_package(tmp_path / "a.okng"))
    with pytest.raises(PackageError, match=r"symbolic link"):
        open_package(tmp_path / "link.okng")


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    (folder / "scorer").rename(tmp_path / "elsewhere")
    (folder / "scorer").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PackageError, match=r"symbolic link"):
        open_package(folder)


@pytest.mark.parametrize(
    ("kind", "says"),
    [(stat.S_IFLNK, "is a symbolic link;"), (stat.S_IFIFO, "no regular file"), (stat.S_IFCHR, "no regular file")],
)
def test_special_members_of_a_zip_are_refused(tmp_path: Path, kind: int, says: str) -> None:
    member = zipfile.ZipInfo("scorer/special.npy")
    member.external_attr = (kind | 0o777) << 16
    with pytest.raises(PackageError, match=says):
        open_package(zip_with(tmp_path / "a.okng", lambda archive: archive.writestr(member, b"/etc/passwd")))


def test_pipes_and_sockets_in_a_directory_are_refused_without_waiting(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    os.mkfifo(folder / "pipe")
    with pytest.raises(PackageError, match=r"no regular file"):
        open_package(folder)
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        with pytest.raises(PackageError, match=r"no regular file"):
            open_package(folder)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module, "MAX_FILE_BYTES", 1 << 20)
    bomb = zip_with(
        tmp_path / "bomb.okng",
        lambda archive: archive.writestr("model.data", bytes(2 << 20), zipfile.ZIP_DEFLATED),
    )
    with pytest.raises(PackageError, match=r"too large"):
        open_package(bomb)


def test_many_files_under_the_limit_cannot_exceed_the_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module, "MAX_TOTAL_BYTES", 3000)
    with pytest.raises(PackageError, match=r"too large"):
        open_package(as_directory(tmp_path / "blocks"))


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    path = write_small_package(tmp_path / "a.okng")
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"model.onnx"))
    data[entry + 24 : entry + 28] = (5).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(PackageError):
        open_package(path)


def test_a_listed_size_that_is_wrong_is_refused(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    data = json.loads((folder / MANIFEST).read_text())
    data["files"]["model.onnx"]["size"] += 1
    (folder / MANIFEST).write_text(json.dumps(data))
    with pytest.raises(PackageError, match=r"model.onnx .* not what the manifest says"):
        open_package(folder)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_small_package(tmp_path / "a.okng")
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"model.onnx"))
    data[entry + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(PackageError, match=r"does not read"):
        open_package(path)


@pytest.mark.parametrize("keep", [0, 10, 500, -30])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = write_small_package(tmp_path / "a.okng")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(PackageError, match=r"copy"):
        open_package(path)


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "nothing.okng", tmp_path / "no-folder" / "a.okng", tmp_path / "file" / "a.okng"):
        with pytest.raises(PackageMissing, match=r"no model package at .*okng train.*\[model\] package") as caught:
            open_package(path)
        assert str(path) in str(caught.value)


def test_a_path_that_cannot_be_followed_is_refused_not_missing(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(PackageError, match=r"cannot be read") as caught:
        open_package(tmp_path / "loop" / "a.okng")
    assert type(caught.value) is PackageError


def test_an_unknown_schema_is_refused_before_anything_else(tmp_path: Path) -> None:
    folder = as_directory(tmp_path / "blocks")
    data = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**data, "schema_version": "okng-package/2", "later": 1}))
    with pytest.raises(PackageError, match=r"okng-package/2"):
        open_package(folder)


def test_a_failed_write_leaves_the_old_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small_package(tmp_path / "a.okng")
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"half")
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["a.okng"]


def test_a_manifest_that_describes_other_files_is_never_written(tmp_path: Path) -> None:
    manifest = parsed(small_manifest(small_files()))
    with pytest.raises(ValueError, match="file table"):
        write_package(tmp_path / "a.okng", manifest, small_files() | {"model.onnx": b"other"})
    assert not list(tmp_path.iterdir())


def test_the_package_hash_is_that_of_the_manifest(tmp_path: Path) -> None:
    import hashlib

    path = write_small_package(tmp_path / "a.okng")
    with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
        expected = hashlib.sha256(archive.read(MANIFEST)).hexdigest()
    assert open_package(path).hash == f"sha256:{expected}"
