"""The recipe store: versions that never change, and a record of what is in force that is whole or known lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.recipes import store as store_module
from appliance.recipes.catalogue import Catalogue
from appliance.recipes.problem import NoSuchRecipe, RecipeEdited, RecipeProblem, RecipeUnreadable
from appliance.recipes.records import Pointer
from tests.fakes.recipes import recipe_of, recipe_text, save, store_at


def test_what_was_saved_comes_back_to_the_last_byte(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    found = store_at(tmp_path).read("bracket", "1")
    assert found.text == recipe_text()
    assert found.recipe == recipe_of()
    assert found.recipe.models[0].package.is_absolute()


def test_a_version_is_never_written_twice(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    with pytest.raises(RecipeProblem, match="another version"):
        save(store, number=13)
    assert store.read("bracket").recipe.number == 12


def test_the_highest_version_counts_as_people_count(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    for version in ("9", "10", "1.9", "1.10", "2"):
        save(store, version=version)
    assert store.read("bracket").recipe.version == "10"
    assert [version for _, version in store.versions()] == ["1.9", "1.10", "2", "9", "10"]


def test_an_edited_version_is_refused_and_stays(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    path = tmp_path / "bracket" / "1.toml"
    path.write_bytes(path.read_bytes().replace(b"number = 12", b"number = 13"))
    with pytest.raises(RecipeEdited, match="changed on disk"):
        store.read("bracket", "1")
    assert path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 4096, b"id = 'bracket'\n", b'#okng {"sha256": 1}\nid = "bracket"\n']
)
def test_what_is_no_recipe_any_more_is_unreadable_and_can_be_set_aside(tmp_path: Path, content: bytes) -> None:
    store = store_at(tmp_path)
    save(store)
    (tmp_path / "bracket" / "1.toml").write_bytes(content)
    with pytest.raises(RecipeUnreadable, match="import it again"):
        store.read("bracket", "1")
    aside = store.quarantine("bracket", "1")
    assert aside.read_bytes() == content
    save(store)
    assert [deed.act for deed in store.history()] == ["save", "quarantine", "save"]


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    save(store, id="flange", number=7)
    (tmp_path / "bracket" / "1.toml").write_bytes(b"garbage")
    shelf = store.shelf()
    assert [stored.recipe.id for stored in shelf.stored] == ["flange"]
    assert len(shelf.problems) == 1


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    (tmp_path / "bracket" / "1.toml").rename(tmp_path / "bracket" / "2.toml")
    with pytest.raises(RecipeEdited):
        store.read("bracket", "2")


@pytest.mark.parametrize(("id_", "version"), [("none", None), ("bracket", "2"), ("../bracket", "1"), ("", None)])
def test_what_is_not_there_is_said_so(tmp_path: Path, id_: str, version: str | None) -> None:
    store = store_at(tmp_path)
    save(store)
    with pytest.raises(NoSuchRecipe):
        store.read(id_, version)


def test_the_active_record_says_what_it_took_over_from(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    first, second = save(store).pointer, save(store, version="2").pointer
    assert store.active() is None
    store.activate(first, "ada", "shift start")
    store.activate(second, "plc", "")
    active = store_at(tmp_path).active()
    assert active is not None
    assert (active.recipe, active.before, active.by) == (second, first, "plc")
    last = store.history()[-1]
    assert (last.act, last.after, last.before) == ("activate", second.sha256, f"bracket 1 {first.sha256}")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 64, b'{"recipe": {}}'])
def test_a_damaged_active_record_is_not_none(tmp_path: Path, content: bytes) -> None:
    store = store_at(tmp_path)
    pointer = save(store).pointer
    store.activate(pointer, "ada", "")
    (tmp_path / "active").write_bytes(content)
    with pytest.raises(RecipeUnreadable, match="okng recipe activate"):
        store.active()
    store.activate(pointer, "ada", "mended")
    active = store.active()
    assert active is not None and active.before is None


def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_at(tmp_path)
    first = save(store).pointer
    store.activate(first, "ada", "")

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_atomically", full)
    with pytest.raises(RecipeProblem, match="No space left"):
        store.activate(Pointer(origin="station.toml", id="default", version="1", sha256=""), "ada", "")
    with pytest.raises(RecipeProblem, match="No space left"):
        save(store, version="2")
    active = store.active()
    assert active is not None and active.recipe == first
    assert store.versions() == [("bracket", "1")]


def test_a_torn_line_does_not_hide_the_history(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    save(store)
    with (tmp_path / "history.jsonl").open("ab") as file:
        file.write(b'{"utc": "2026-')
    assert [deed.id for deed in store.history()] == ["bracket"]


def catalogue_at(root: Path) -> Catalogue:
    return Catalogue(store_at(root), recipe_of(id="default", number=1, more='codes = ["INLINE"]'))


def test_number_and_code_choose_the_highest_version(tmp_path: Path) -> None:
    catalogue = catalogue_at(tmp_path)
    save(catalogue.store, more='codes = ["4006381333931"]')
    save(catalogue.store, version="2", more='codes = ["4006381333931"]')
    assert catalogue.by_number(12).recipe.version == "2"
    assert catalogue.by_code("4006381333931").recipe.version == "2"
    assert catalogue.by_number(1).pointer.origin == "station.toml"
    assert catalogue.by_code("INLINE").recipe.id == "default"


@pytest.mark.parametrize("code", ["4006381333930", "400638133393", "inline", ""])
def test_a_code_fits_to_the_last_character_or_not_at_all(tmp_path: Path, code: str) -> None:
    catalogue = catalogue_at(tmp_path)
    save(catalogue.store, more='codes = ["4006381333931"]')
    with pytest.raises(NoSuchRecipe):
        catalogue.by_code(code)


@pytest.mark.parametrize(
    ("number", "codes", "named"),
    [(12, "[]", "number 12"), (1, "[]", "number 1"), (13, '["A"]', "code A"), (13, '["INLINE"]', "code INLINE")],
)
def test_a_number_or_code_of_another_recipe_is_refused(tmp_path: Path, number: int, codes: str, named: str) -> None:
    catalogue = catalogue_at(tmp_path)
    save(catalogue.store, more='codes = ["A"]')
    with pytest.raises(RecipeProblem, match=named):
        catalogue.check_unique(recipe_of(id="other", number=number, more=f"codes = {codes}"))


def test_an_older_version_whose_number_went_to_another_recipe_is_refused(tmp_path: Path) -> None:
    catalogue = catalogue_at(tmp_path)
    save(catalogue.store)
    save(catalogue.store, version="2", number=13)
    save(catalogue.store, id="other", number=12)
    assert catalogue.by_id("bracket").recipe.version == "2"
    with pytest.raises(RecipeProblem, match="number 12"):
        catalogue.by_id("bracket", "1")


def test_a_number_that_two_files_claim_chooses_neither(tmp_path: Path) -> None:
    catalogue = catalogue_at(tmp_path)
    save(catalogue.store)
    save(catalogue.store, id="other")
    with pytest.raises(RecipeProblem, match="several"):
        catalogue.by_number(12)
