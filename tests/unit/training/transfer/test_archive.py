"""Archives by anybody: what comes out, and every way in which one may lead out, blow up or deceive."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from training.errors import BadData
from training.transfer import archive
from training.transfer.archive import is_archive, top_of, unpack


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            file.addfile(info, io.BytesIO(content))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _unpacked(path: Path, limit_gb: float = 1.0) -> dict[str, bytes]:
    into = path.parent / "into"
    unpack(path, into, limit_gb)
    return {file.relative_to(into).as_posix(): file.read_bytes() for file in into.rglob("*") if file.is_file()}


def test_zip_and_tar_come_out_whole(tmp_path: Path) -> None:
    files = {"good/1.png": b"one", "划痕/2.png": b"two" * 1000}
    assert _unpacked(_zip(tmp_path / "a.zip", **files)) == files
    folder = tmp_path / "tar"
    folder.mkdir()
    members = [(_member(name), content) for name, content in files.items()]
    assert _unpacked(_tar(folder / "a.tar.gz", (_member("good", tarfile.DIRTYPE), b""), *members)) == files


def test_only_files_that_are_called_so_are_archives(tmp_path: Path) -> None:
    _zip(tmp_path / "A.ZIP")
    (tmp_path / "x.zip").mkdir()
    assert is_archive(tmp_path / "A.ZIP")
    assert not is_archive(tmp_path / "x.zip")
    assert not is_archive(tmp_path / "none.zip")


@pytest.mark.parametrize(
    "name", ["/etc/okng.png", "../out.png", "a/../../out.png", "..\\out.png", "C:\\out.png", "a\n.png"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadData, match=r"a\.zip names"):
        _unpacked(_zip(tmp_path / "a.zip", **{name: b"x"}))
    with pytest.raises(BadData, match=r"a\.tgz names"):
        _unpacked(_tar(tmp_path / "a.tgz", (_member(name), b"x")))
    assert {path.name for path in tmp_path.iterdir()} <= {"a.zip", "a.tgz", "into"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(BadData, match="a link or device"):
        _unpacked(_tar(tmp_path / "a.tar.gz", (_member("good/1.png", kind, "/etc/passwd"), b"")))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("good/1.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(BadData, match="a link or device"):
        _unpacked(tmp_path / "a.zip")


def test_what_says_that_it_is_too_large_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", **{"1.json": b"\0" * 3_000_000})
    with pytest.raises(BadData, match=r"more than 0\.002 GB; allow more with --limit-gb"):
        _unpacked(path, 0.002)
    assert not (tmp_path / "into").exists()


def test_what_lies_about_its_size_ends_at_the_limit(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", **{"1.json": b"\0" * 3_000_000})
    content = path.read_bytes()
    # Both headers say 100 bytes; zipfile itself stops reading there and finds the checksum wrong.
    path.write_bytes(content.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 100)))
    with pytest.raises(BadData, match="no whole zip"):
        _unpacked(path, 0.002)
    tar = _tar(tmp_path / "b.tgz", (_member("1.json"), b"\0" * 3_000_000))
    with pytest.raises(BadData, match=r"more than 0\.002 GB"):
        unpack(tar, tmp_path / "tar", 0.002)
    assert (tmp_path / "tar/1.json").stat().st_size <= 2_000_000


def test_what_grows_beyond_reason_is_refused_below_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_GROWTH_FROM", 1_000_000)
    path = _zip(tmp_path / "bomb.zip", **{f"{n}.json": b"\0" * 2_000_000 for n in range(3)})
    with pytest.raises(BadData, match="grows to more than 200 times its size"):
        _unpacked(path)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST_FILES", 10)
    with pytest.raises(BadData, match="more than 10 files"):
        _unpacked(_zip(tmp_path / "a.zip", **{f"{n}.png": b"" for n in range(11)}))


def test_an_archive_inside_is_refused(tmp_path: Path) -> None:
    inner = _zip(tmp_path / "inner.zip", a=b"x").read_bytes()
    with pytest.raises(BadData, match=r"holds another archive, data/inner\.zip"):
        _unpacked(_zip(tmp_path / "a.zip", **{"data/inner.zip": inner}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("1.png", "a")
        file.writestr("./1.png", "b")
    with pytest.raises(BadData, match=r"holds 1\.png twice"):
        _unpacked(tmp_path / "a.zip")


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="as a file and as a folder"):
        _unpacked(_zip(tmp_path / "a.zip", **{"a": b"x", "a/b": b"y"}))


@pytest.mark.parametrize(
    "hurt",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"PK\3\4" + bytes(100),
        lambda data: b"Rar!\x1a",
    ],
)
@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.rar"])
def test_what_is_no_whole_archive_is_refused(tmp_path: Path, name: str, hurt: Callable[[bytes], bytes]) -> None:
    make = (
        _tar(tmp_path / "x", (_member("1.png"), bytes(range(256)) * 99))
        if "tar" in name
        else _zip(tmp_path / "x", **{"1.png": bytes(range(256)) * 99})
    )
    (tmp_path / name).write_bytes(hurt(make.read_bytes()))
    with pytest.raises(BadData, match=r"no (whole )?zip or tar"):
        _unpacked(tmp_path / name)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_noise_in_an_archive_is_never_more_than_a_sentence(tmp_path: Path, mode: str) -> None:
    chance = random.Random(mode)
    content = chance.randbytes(3000)
    with tarfile.open(tmp_path / "whole.tar", mode) as file:  # type: ignore[call-overload]
        for name in ("a.png", "b/c.png"):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    plain = _zip(tmp_path / "whole.zip", **{"a.png": content, "b/c.png": content})
    for whole in (tmp_path / "whole.tar", plain):
        for number in range(40):
            hurt = bytearray(whole.read_bytes())
            for _ in range(chance.randrange(1, 4)):
                hurt[chance.randrange(len(hurt))] = chance.randrange(256)
            path = tmp_path / f"{number}{whole.suffix}"
            path.write_bytes(hurt)
            into = tmp_path / f"{mode[2:]}{whole.suffix}{number}"
            try:
                unpack(path, into, 0.01)
            except BadData as error:
                assert str(path) in str(error)


def test_a_byte_that_flipped_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        file.writestr("1.png", b"picture" * 100)
    path.write_bytes(path.read_bytes().replace(b"picture", b"picturE", 1))
    with pytest.raises(BadData, match="no whole zip or tar archive"):
        _unpacked(path)


def test_an_encrypted_one_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", **{"1.png": b"x" * 100})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(BadData, match="is encrypted"):
        _unpacked(path)


def test_an_empty_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="is empty"):
        _unpacked(_zip(tmp_path / "a.zip"))


def test_names_in_gbk_as_chinese_windows_packs_them(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", **{"XXXX/1.png": b"x"})
    path.write_bytes(path.read_bytes().replace(b"XXXX", "良品".encode("gb18030")))
    assert _unpacked(path) == {"良品/1.png": b"x"}


def test_the_data_set_is_found_below_lonely_folders(tmp_path: Path) -> None:
    (tmp_path / "a/parts/good").mkdir(parents=True)
    (tmp_path / "a/parts/crack").mkdir()
    (tmp_path / "a/__MACOSX").mkdir()
    assert top_of(tmp_path) == tmp_path / "a/parts"


def test_a_lonely_folder_with_a_label_file_is_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/pictures.csv").write_bytes(b"")
    (tmp_path / "parts/1.png").write_bytes(b"")
    assert top_of(tmp_path) == tmp_path / "parts"


def test_a_lonely_class_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "crack").mkdir()
    (tmp_path / "crack/1.png").write_bytes(b"")
    assert top_of(tmp_path) == tmp_path
