"""A checkpoint beside a package: kept for the same run alone, and gone with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import BadData
from training.resuming import checkpoint_folder, checkpoint_for, forget


def test_a_stopped_run_is_never_thrown_away_unasked(tmp_path: Path) -> None:
    package = tmp_path / "a.okng"
    first = checkpoint_for(package, "data", "config", "names", resume=False)
    first.save({"done": 1})
    with pytest.raises(BadData, match=r"go on with --resume, or delete .*a.okng.checkpoint"):
        checkpoint_for(package, "data", "config", "names", resume=False)
    assert checkpoint_for(package, "data", "config", "names", resume=True).load() == {"done": 1}


@pytest.mark.parametrize("other", [("x", "config", "names"), ("data", "x", "names"), ("data", "config", "x")])
def test_one_of_other_pictures_or_settings_is_refused(tmp_path: Path, other: tuple[str, str, str]) -> None:
    package = tmp_path / "a.okng"
    checkpoint_for(package, "data", "config", "names", resume=False).save({"done": 1})
    with pytest.raises(BadData, match="is of other pictures, settings or code"):
        checkpoint_for(package, *other, resume=True).load()


def test_it_is_removed_with_the_package_and_nothing_else_is(tmp_path: Path) -> None:
    package = tmp_path / "a.okng"
    forget(package)
    checkpoint_for(package, "data", "config", "names", resume=False).save({})
    (checkpoint_folder(package) / "notes.txt").write_text("mine")
    forget(package)
    assert [path.name for path in checkpoint_folder(package).iterdir()] == ["notes.txt"]
    (checkpoint_folder(package) / "notes.txt").unlink()
    forget(package)
    assert not list(tmp_path.iterdir())
