"""No door to limits and tests lets a synthetic picture in, wherever it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.origin import Origin, origin_of, with_origin
from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from tests.fakes.screws import labelled_screws, write_screws
from training.cli import evaluate
from training.data.dataset import open_dataset
from training.data.synthetic_mark import SyntheticMark, is_synthetic, refuse_synthetic, with_mark
from training.errors import BadData
from training.rois.dataset import open_assembly

MARK = SyntheticMark("crack", "crack", 7, "0" * 64)
ORIGIN = Origin("2026-01-02T03:04:05+00:00", "1", "", "A", "plc", "fake", "a/b/c/d/e", "synced")
DEMO = Path(__file__).parents[3] / "models" / "packages" / "flange.okng"


def forge(path: Path, seed: int = 900) -> Path:
    """A marked picture of noise, as large as a disc's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (96, 96)).astype(np.uint8)
    path.write_bytes(with_mark(cv2.imencode(".png", noise)[1].tobytes(), MARK))
    return path


def test_a_marked_picture_stays_a_picture_and_keeps_its_mark_beside_an_origin(tmp_path: Path) -> None:
    path = forge(tmp_path / "a.png")
    content = with_origin(path.read_bytes(), ORIGIN)
    path.write_bytes(content)
    assert read_picture(path).shape == (96, 96)
    assert is_synthetic(content) and origin_of(content) == ORIGIN
    shutil.copy(path, tmp_path / "renamed.jpg")
    assert is_synthetic((tmp_path / "renamed.jpg").read_bytes())


def test_pictures_that_a_camera_took_are_not_marked() -> None:
    for suffix in (".png", ".jpg"):
        content = cv2.imencode(suffix, np.zeros((8, 8), np.uint8))[1].tobytes()
        assert not is_synthetic(content) and not is_synthetic(content[:20]) and not is_synthetic(b"")
        refuse_synthetic("a", with_origin(content, ORIGIN))


@pytest.mark.parametrize("folder", ["good", "scratch", "empty", "unlabelled", "crack"])
def test_a_marked_picture_among_those_of_a_camera_is_refused_with_a_remedy(tmp_path: Path, folder: str) -> None:
    forge(write_discs(tmp_path) / folder / "picture.png")
    with pytest.raises(BadData, match=rf"{folder}/picture\.png is a synthetic picture.*move it to synthetic/"):
        open_dataset(tmp_path)


def test_the_folder_of_synthetic_pictures_is_no_class_and_does_not_count(tmp_path: Path) -> None:
    before = open_dataset(write_discs(tmp_path))
    forge(tmp_path / "synthetic" / "crack" / "a.png")
    forge(tmp_path / "synthetic" / "b.png")
    after = open_dataset(tmp_path)
    assert after.pictures == before.pictures and after.sha256() == before.sha256()


def test_named_regions_leave_the_folder_out_and_refuse_marked_pictures_elsewhere(tmp_path: Path) -> None:
    write_screws(tmp_path, labelled_screws()[:4])
    count = len(open_assembly(tmp_path).pictures)
    picture = open_assembly(tmp_path).pictures[0].picture
    content = with_mark(cv2.imencode(".png", read_picture(picture.path))[1].tobytes(), MARK)
    (tmp_path / "synthetic" / "pit").mkdir(parents=True)
    (tmp_path / "synthetic" / "pit" / "a.png").write_bytes(content)
    assert len(open_assembly(tmp_path).pictures) == count
    picture.path.write_bytes(content)
    with pytest.raises(BadData, match="is a synthetic picture"):
        open_assembly(tmp_path)


def test_a_package_is_not_tested_on_a_synthetic_picture(tmp_path: Path) -> None:
    forge(tmp_path / "good" / "a.png")
    done = CliRunner().invoke(evaluate, [str(DEMO), str(tmp_path), "--runtime", "onnxruntime"])
    assert done.exit_code == 2 and "a.png is a synthetic picture" in done.stderr
