"""`okng cache` shows what is kept and clears it; and the options of other commands say where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes.discs import write_discs
from training.cli import train
from training.commands.cache import Caching, cache
from training.data.cache import Cache, Memory
from training.data.dataset import open_dataset
from training.data.pictures import Pictures


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cache, list(arguments))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A cache with twelve pictures."""
    data = open_dataset(write_discs(tmp_path / "discs", good=12, scratches=0, stains=0))
    pictures = Pictures(Cache(tmp_path / "cache", print, 10**9), data.good)
    for picture in data.good:
        pictures.read(picture)
    return tmp_path / "cache"


def test_it_shows_place_size_limit_entries_and_age(place: Path) -> None:
    done = call("--cache", str(place), "--cache-gb", "2")
    assert done.exit_code == 0 and f"{place}: 0 MB of 2.0 GB" in done.stdout
    assert "picture 96x96" in done.stdout and "12 pictures" in done.stdout and "seconds ago" in done.stdout


def test_as_json(place: Path) -> None:
    shown = json.loads(call("--cache", str(place), "--json").stdout)
    assert shown["place"] == str(place) and shown["bytes"] > 12 * 96 * 96 and shown["limit_bytes"] > 0
    assert [(kind["kind"], kind["rows"]) for kind in shown["kinds"]] == [("picture 96x96", 12)]


def test_clearing_removes_all_and_says_so(place: Path) -> None:
    done = call("clear", "--cache", str(place), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["kinds"] == [] and "removed" in done.stderr
    assert not list(place.glob("*/*.rows"))


def test_where_no_cache_is_nothing_is_removed_or_made(tmp_path: Path) -> None:
    (tmp_path / "0123456789abcdef").mkdir()
    mine = tmp_path / "0123456789abcdef" / "0123456789abcdef.rows"
    mine.write_bytes(b"mine")
    done = call("clear", "--cache", str(tmp_path))
    assert done.exit_code == 0 and "there is no cache at" in done.stdout and mine.exists()
    assert call("--cache", str(tmp_path / "no")).exit_code == 0 and not (tmp_path / "no").exists()


def test_options_say_which_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(Caching(None, None, off=True).store(), Memory)
    store = Caching(tmp_path / "c", 0.5, off=False).store()
    assert isinstance(store, Cache) and (store.root, store.limit_bytes) == (tmp_path / "c", 500_000_000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    usual = Caching(None, None, off=False).store()
    assert isinstance(usual, Cache) and usual.root == tmp_path / "xdg" / "okng"


def test_a_training_refuses_a_place_that_holds_other_things(tmp_path: Path) -> None:
    data = write_discs(tmp_path / "discs")
    done = CliRunner().invoke(train, [str(data), "--out", str(tmp_path / "a.okng"), "--cache", str(data)])
    assert done.exit_code == 2 and "holds other things than okng's cache" in done.stderr
    assert not (data / "CACHEDIR.TAG").exists()
