"""A training shows its network no view of a good part that the part's answers or the user's file do not allow."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from models.geometry_entry import GeometrySpec
from tests.fakes.discs import write_discs
from tests.fakes.screws import labelled_screws, write_screws
from training.cli import train
from training.data.cache import Memory
from training.data.dataset import open_dataset
from training.data.part import Part, limited
from training.data.pictures import Pictures
from training.declared import AugmentSpec
from training.features import Inputs
from training.framing import geometry_for, settle
from training.progress import Progress
from training.sights import Sights
from training.tensors import Tensors, calibration_frames, read_tensors


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_discs(tmp_path_factory.mktemp("discs"))


def read(root: Path, augment: AugmentSpec) -> Tensors:
    data = open_dataset(root)
    geometry, store = geometry_for(settle(GeometrySpec(), data), (64, 64)), Memory()
    inputs = Inputs(Sights(geometry, data, None, Pictures(store, data.good), store), augment)
    return read_tensors(data, inputs, 0, Progress(io.StringIO()))


def test_a_part_that_always_lies_alike_has_no_turned_views(root: Path) -> None:
    tensors = read(root, limited(AugmentSpec(), Part(rotation="none")))
    assert set(tensors.views) == {"shifted", "none"}
    assert len(calibration_frames(tensors)) > len(tensors.good)


def test_views_follow_what_is_declared(root: Path) -> None:
    usual, other = read(root, AugmentSpec(flip=False)), read(root, AugmentSpec(flip=False, shift=0.15))
    assert set(usual.views) == {"turned", "shifted", "none"}

    def frames(tensors: Tensors, kind: str) -> np.ndarray:
        return np.concatenate([shot.inputs for shots in tensors.views[kind] for shot in shots])

    assert np.array_equal(frames(usual, "turned"), frames(other, "turned"))
    assert not np.array_equal(frames(usual, "shifted"), frames(other, "shifted"))


def test_a_wrong_file_stops_a_training_before_it_reads_pictures(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[augment]\nflp = true\n")
    done = CliRunner().invoke(
        train, [str(tmp_path), "--out", str(tmp_path / "a.okng"), "--config", str(tmp_path / "c.toml")]
    )
    assert done.exit_code == 2 and "augment.flp is unknown, did you mean flip?" in done.stderr


def test_named_regions_take_no_such_file(tmp_path: Path) -> None:
    write_screws(tmp_path / "screws", labelled_screws()[:4])
    (tmp_path / "c.toml").write_text("[augment]\nshift = 0.1\n")
    options = ["--out", str(tmp_path / "a.okng"), "--config", str(tmp_path / "c.toml")]
    done = CliRunner().invoke(train, [str(tmp_path / "screws"), *options])
    assert done.exit_code == 2 and "leave --config out" in done.stderr and not (tmp_path / "a.okng").exists()
