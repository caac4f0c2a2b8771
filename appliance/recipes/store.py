"""The recipes of a station, versioned: what was saved stays as it was saved.

    <root>/<id>/<version>.toml    #okng {"sha256":…,"folder":…,"utc":…,"by":…}   the seal, then the text as it came
    <root>/active                 which one is in force, since when, by whom, why, and what it took over from
    <root>/history.jsonl          every save and activation, one a line, only ever added to
    <root>/lock                   held while something is written

A version is written once. Every write is a rename of a file that is on disk, so that a power cut leaves the old state
or the new one. The history's line is written before it: nothing comes into force untold, and a power cut between the
two leaves a line about something that did not happen.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from appliance.recipes.problem import NoSuchRecipe, RecipeEdited, RecipeProblem, RecipeUnreadable
from appliance.recipes.records import Active, Deed, Pointer, Seal
from appliance.recipes.schema import Recipe
from appliance.recipes.text import parse_recipe
from models.durable import append_durably, sync_folder, write_atomically

_MARK = b"#okng "
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it was saved; `text` is what was imported, to the last byte."""

    recipe: Recipe
    seal: Seal
    text: bytes

    @property
    def pointer(self) -> Pointer:
        return Pointer(origin="store", id=self.recipe.id, version=self.recipe.version, sha256=self.seal.sha256)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that is stored: what can be used, by id and rising version, and why the rest cannot."""

    stored: tuple[Stored, ...]
    problems: tuple[RecipeProblem, ...]


class RecipeStore:
    """Any process may read; whoever writes takes the lock."""

    def __init__(self, root: Path, utc: Callable[[], datetime]) -> None:
        self.root = root
        self._utc = utc
        self._active = root / "active"
        self._history = root / "history.jsonl"

    def versions(self) -> list[tuple[str, str]]:
        """Every (id, version) that has a file, by id and rising version."""
        found = []
        for path in self.root.glob("*/*.toml"):
            if _ID.fullmatch(path.parent.name) and _VERSION.fullmatch(path.stem):
                found.append((path.parent.name, path.stem))
        return sorted(found, key=lambda name: (name[0], _rank(name[1])))

    def shelf(self) -> Shelf:
        """Everything that is stored, read and checked."""
        stored, problems = [], []
        for id_, version in self.versions():
            try:
                stored.append(self.read(id_, version))
            except RecipeProblem as problem:
                problems.append(problem)
        return Shelf(tuple(stored), tuple(problems))

    def read(self, id_: str, version: str | None = None) -> Stored:
        """One version, or without `version` the highest.

        Raises:
            NoSuchRecipe: nothing is stored under this name.
            RecipeUnreadable, RecipeEdited: what is stored is not what was saved.
        """
        known = [found for name, found in self.versions() if name == id_]
        if not known or version not in (None, *known):
            shown = id_ if version is None or not known else f"{id_} {version}"
            raise NoSuchRecipe(
                f"no recipe {shown} is stored; see what is with: okng recipe list",
                f"没有存储配方 {shown}；请查看配方列表",
            )
        wanted = known[-1] if version is None else version
        return _opened(self._path(id_, wanted), id_, wanted)

    def save(self, text: bytes, recipe: Recipe, folder: Path, by: str, why: str) -> Stored:
        """Add a version. `recipe` is what `text` says; `folder` is where its relative paths start.

        Raises:
            RecipeProblem: this version exists already, or the store cannot be written.
        """
        sha256 = "sha256:" + hashlib.sha256(text).hexdigest()
        seal = Seal(sha256=sha256, folder=str(folder), utc=self._utc(), by=by)
        path = self._path(recipe.id, recipe.version)
        with self._locked():
            before = self._highest_sha256(recipe.id)
            if path.exists():
                raise RecipeProblem(
                    f"recipe {recipe.id} {recipe.version} is stored already and a stored version never changes; give "
                    "this one another version",
                    f"配方 {recipe.id} {recipe.version} 已存在，已存储的版本不可更改；请使用新的版本号",
                )
            deed = Deed(
                utc=seal.utc,
                by=by,
                act="save",
                id=recipe.id,
                version=recipe.version,
                before=before,
                after=sha256,
                why=why,
            )
            append_durably(self._history, deed.to_line())
            write_atomically(path, _MARK + seal.to_line() + text)
        return Stored(recipe, seal, text)

    def active(self) -> Active | None:
        """What is in force, or None where nothing was ever activated.

        Raises:
            RecipeUnreadable: the record is there and cannot be read; nobody knows then what is to be judged.
        """
        try:
            content = self._active.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _record_unreadable(self._active, str(error.strerror)) from error
        try:
            return Active.model_validate_json(content)
        except ValidationError as error:
            raise _record_unreadable(self._active, "it is damaged") from error

    def activate(self, recipe: Pointer, by: str, why: str) -> None:
        """From now on, and after every start, this one is in force; on disk when this returns.

        Raises:
            RecipeProblem: the store cannot be written; what was in force stays.
        """
        with self._locked():
            try:
                active = self.active()
                before = active.recipe if active else None
            except RecipeUnreadable:
                before = None
            now = Active(recipe=recipe, since=self._utc(), by=by, why=why, before=before)
            deed = Deed(
                utc=now.since,
                by=by,
                act="activate",
                id=recipe.id,
                version=recipe.version,
                before=f"{before.id} {before.version} {before.sha256}".strip() if before else "",
                after=recipe.sha256,
                why=why,
            )
            append_durably(self._history, deed.to_line())
            write_atomically(self._active, now.to_line())

    def quarantine(self, id_: str, version: str) -> Path:
        """Put a file that is no recipe any more aside, so that the version can be imported again; returns where to."""
        path = self._path(id_, version)
        aside = path.with_name(f"{path.name}.unreadable-{time.time_ns()}")
        with self._locked():
            path.rename(aside)
            sync_folder(path.parent)
            deed = Deed(
                utc=self._utc(),
                by="station",
                act="quarantine",
                id=id_,
                version=version,
                before="",
                after=aside.name,
                why="",
            )
            append_durably(self._history, deed.to_line())
        return aside

    def history(self) -> tuple[Deed, ...]:
        """Every save and activation, oldest first; a line that a power cut tore is left out."""
        try:
            lines = self._history.read_bytes().splitlines()
        except FileNotFoundError:
            return ()
        deeds = []
        for line in lines:
            with contextlib.suppress(ValidationError):
                deeds.append(Deed.model_validate_json(line))
        return tuple(deeds)

    def _path(self, id_: str, version: str) -> Path:
        return self.root / id_ / f"{version}.toml"

    def _highest_sha256(self, id_: str) -> str:
        try:
            return self.read(id_).seal.sha256
        except RecipeProblem:
            return ""

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise RecipeProblem(
                f"the recipes below {self.root} cannot be written ({error.strerror}); free the disk, or make the "
                "folder writable",
                f"无法写入配方目录 {self.root}（{error.strerror}）；请检查磁盘和权限",
            ) from error


def _opened(path: Path, id_: str, version: str) -> Stored:
    shown = f"recipe {id_} {version}"
    try:
        first, _, text = path.read_bytes().partition(b"\n")
        if not first.startswith(_MARK):
            raise ValueError("its seal is missing")
        seal = Seal.model_validate(json.loads(first.removeprefix(_MARK)))
    except (OSError, ValueError) as error:
        raise RecipeUnreadable(
            f"{shown} is unreadable: {path}; import it again from a copy",
            f"配方 {id_} {version} 已损坏；请从备份重新导入",
        ) from error
    if "sha256:" + hashlib.sha256(text).hexdigest() != seal.sha256:
        raise RecipeEdited(
            f"{shown} is not what was saved: {path} was changed on disk; undo that, or import it as another version",
            f"配方 {id_} {version} 的文件被改动，与保存时不符；请恢复，或以新版本导入",
        )
    recipe = parse_recipe(text, shown, Path(seal.folder))
    if (recipe.id, recipe.version) != (id_, version):
        raise RecipeEdited(
            f"{path} holds recipe {recipe.id} {recipe.version}; give the file its name back",
            f"{path} 中的配方是 {recipe.id} {recipe.version}；请恢复文件名",
        )
    return Stored(recipe, seal, text)


def _record_unreadable(path: Path, why: str) -> RecipeUnreadable:
    return RecipeUnreadable(
        f"which recipe is active cannot be read ({why}): {path}; choose one with: okng recipe activate",
        "无法读取当前配方记录；请重新选择配方",
    )


def _rank(version: str) -> list[tuple[int, int, str]]:
    """ "10" comes after "9", and "1.10" after "1.9"."""
    pieces = _DIGITS.split(version)
    return [(1, int(piece), "") if piece.isdigit() else (0, 0, piece) for piece in pieces if piece]
