"""The cache's measurement runs, and its exit code says whether each picture was decoded once and then never."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import bench_cache
from training.data.pictures import Pictures


def test_it_prints_its_figures_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_cache.main(["--pictures", "12", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for part in ("epoch 1: 12 in", "decoded 12,", "epoch 2: 12 in", "decoded 0,", "times as fast", "mapped files"):
        assert part in said
    assert not list(tmp_path.iterdir())


def test_a_second_decoding_fails_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pictures, "_decode", lambda self, picture: _twice(self, picture, decode))
    decode = bench_cache.decode_known
    assert bench_cache.main(["--pictures", "12", "--folder", str(tmp_path)]) == 1


def _twice(pictures: Pictures, picture: object, decode: object) -> object:
    assert callable(decode)
    pictures.decoded += 2
    return decode(picture)
