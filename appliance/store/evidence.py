"""Evidence: what a verdict was made of, without loss, for whoever wants to see it made again.

<state_dir>/evidence/<day>/NG-<id>.json            all that is known of the part, its verdict and its judges
<state_dir>/evidence/<day>/NG-<id>.0.png …         the network's inputs, bit by bit
<state_dir>/evidence/<day>/audited-OK-<id>.json    drawn for the audit, whatever its outcome

The pictures are written first and the record last, whole or not at all: without a record there is no evidence. A record
holds the hash of every picture, its own hash, and a seal of the station's secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.domain.verdict import Verdict
from appliance.store.exact import from_plain, to_plain
from appliance.store.shelves import Item, Kind, Shelves
from models.decision import Decision, DefectClass, Outcome, Scores
from models.durable import write_atomically
from models.prepared import Prepared

SCHEMA = "okng-evidence/1"
PURPOSE = "okng evidence 1"
_TOLD = ("verdict", "taken", "audit", "station", "recipe", "state")
_COMPRESSION = (cv2.IMWRITE_PNG_COMPRESSION, 1)
_NO_INPUTS = np.empty((0, 0, 0, 3), np.uint8)
_STEM = re.compile(r"^(audited-)?(OK|NG|RECHECK|NO_PART|ERROR)-([0-9A-Za-z-]{1,64})$")
_KINDS = {Outcome.NG: Kind.NG_EVIDENCE, Outcome.RECHECK: Kind.RECHECK_EVIDENCE, Outcome.ERROR: Kind.ERROR_EVIDENCE}


@dataclass(frozen=True, slots=True)
class Judge:
    """Which model judged, on what. `package` is "sha256:<hex>"; `classes` are the defects' names then in force."""

    id: str
    package: str
    runtime: str
    instruction_set: str
    machine: str
    classes: tuple[DefectClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What one model saw and made of it. `map_sha256` is of the score map's float32 values."""

    judge: Judge
    prepared: Prepared
    decision: Decision | None = None
    score: float | None = None
    raw: float | None = None
    map_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Whether the part belongs to the audit's random share, and how probable that was for it."""

    drawn: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The camera's picture, without its pixels; see `appliance.domain.parts.Frame`."""

    camera: str
    seq: int
    captured_ns: int
    source: str
    repeats: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """One part. `recipe` is the whole recipe as it was in force; `station` says who judged, when, by which software.

    `looks` is empty where no model saw the picture; `state` holds what the station knew beside the picture.
    """

    verdict: Verdict
    taken: Taken
    audit: Drawn
    station: Mapping[str, str]
    recipe: Mapping[str, Any]
    looks: tuple[Look, ...]
    state: Mapping[str, Any]

    @property
    def stem(self) -> str:
        return f"{'audited-' if self.audit.drawn else ''}{self.verdict.outcome}-{self.verdict.id}"

    @property
    def kind(self) -> Kind:
        return Kind.AUDITED_EVIDENCE if self.audit.drawn else _KINDS.get(self.verdict.outcome, Kind.ERROR_EVIDENCE)


class EvidenceBroken(Exception):
    """What lies there is not what the station wrote; the message says where."""


def scored(judge: Judge, prepared: Prepared, scores: Scores | None, decision: Decision | None) -> Look:
    """One model's look, with its scores as evidence keeps them."""
    if scores is None:
        return Look(judge, prepared, decision)
    digest = hashlib.sha256(np.ascontiguousarray(scores.map).tobytes()).hexdigest()
    return Look(judge, prepared, decision, scores.image, scores.raw, digest)


class EvidenceStore:
    """Written by one thread. `key` seals the records."""

    def __init__(self, folder: Path, shelves: Shelves, key: bytes) -> None:
        self._folder, self._shelves, self._key = folder, shelves, key

    def keep(self, evidence: Evidence, today: date) -> bool:
        """Write it; False where there is no room. Blocks for encoding and for the disk.

        Raises:
            OSError: the disk does not take it; what was begun is gone again.
        """
        pictures = [_encoded(one) for look in evidence.looks for one in look.prepared.inputs]
        record = _record(evidence, pictures, self._key)
        size = len(record) + sum(len(picture) for picture in pictures)
        if not self._shelves.make_room(evidence.kind, size, today):
            return False
        folder = self._folder / today.isoformat()
        files = tuple(_files(folder, evidence.stem, len(pictures)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file, picture in zip(files[1:], pictures, strict=True):
                _write_synced(file, picture)
            _mark_packages(folder, evidence)
            write_atomically(files[0], record)
        except OSError:
            for file in files:
                file.unlink(missing_ok=True)
            raise
        self._shelves.add(Item(evidence.kind, files, size, today))
        return True


def find_evidence(folder: Path) -> Iterator[Path]:
    """Records of all evidence, oldest first."""
    found = (path for path in folder.glob("*/*.json") if _STEM.match(path.stem))
    return iter(sorted(found, key=lambda path: (path.parent.name, id_of(path))))  # ids are in the order of time


def id_of(record: Path) -> str:
    """The id of the verdict that a record is about."""
    found = _STEM.match(record.stem)
    return found[3] if found else ""


def read_evidence(record: Path, key: bytes | None) -> Evidence:
    """The evidence with its pictures. `key` None: whoever has no secret of the station checks hashes alone.

    Raises:
        EvidenceBroken: changed, incomplete, or of another version.
    """
    told = _read_record(record, key)
    try:
        looks = told["looks"]
        counts = [len(look["inputs"]) for look in looks]
        pictures = iter(_read_pictures(record, [one for look in looks for one in look["inputs"]]))
        evidence = from_plain(
            Evidence, {name: told[name] for name in _TOLD} | {"looks": [look["look"] for look in looks]}
        )
        filled = tuple(
            replace(look, prepared=replace(look.prepared, inputs=_stacked([next(pictures) for _ in range(count)])))
            for look, count in zip(evidence.looks, counts, strict=True)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceBroken(f"{record.name} is of another version of okng ({error})") from error
    evidence = replace(evidence, looks=filled)
    if evidence.stem != record.stem:
        raise EvidenceBroken(f"{record.name} is the record of {evidence.stem}: somebody renamed it")
    return evidence


def packages_named(folder: Path) -> set[str]:
    """Hashes of the packages that evidence still names, by the marks in its folders."""
    return {"sha256:" + path.name.removeprefix(".package-") for path in folder.glob("*/.package-*")}


def _record(evidence: Evidence, pictures: list[bytes], key: bytes) -> bytes:
    at = iter(range(len(pictures)))
    told: dict[str, Any] = {
        "schema_version": SCHEMA,
        "verdict": to_plain(evidence.verdict),
        "taken": to_plain(evidence.taken),
        "audit": to_plain(evidence.audit),
        "station": to_plain(evidence.station),
        "recipe": to_plain(evidence.recipe),
        "state": to_plain(evidence.state),
        "looks": [
            {
                "look": to_plain(replace(look, prepared=replace(look.prepared, inputs=_NO_INPUTS))),
                "inputs": [_described(evidence.stem, next(at), one, pictures) for one in look.prepared.inputs],
            }
            for look in evidence.looks
        ],
    }
    digest = _digest(told)
    seal = hmac.digest(key, digest.encode(), "sha256").hex()
    return _canonical(told | {"sha256": digest, "seal": seal}, indent=1)


def _described(stem: str, number: int, pixels: NDArray[np.uint8], pictures: list[bytes]) -> dict[str, str]:
    return {
        "file": f"{stem}.{number}.png",
        "sha256": hashlib.sha256(pictures[number]).hexdigest(),
        "pixels_sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(),
    }


def _read_record(record: Path, key: bytes | None) -> dict[str, Any]:
    try:
        told = json.loads(record.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceBroken(f"{record.name} cannot be read ({error})") from error
    if not isinstance(told, dict) or told.get("schema_version") != SCHEMA:
        raise EvidenceBroken(f"{record.name} is no record of the form {SCHEMA}")
    digest, seal = str(told.pop("sha256", "")), str(told.pop("seal", ""))
    if _digest(told) != digest:
        raise EvidenceBroken(f"{record.name} was changed: it does not have the hash that it names")
    if key is not None and not hmac.compare_digest(seal, hmac.digest(key, digest.encode(), "sha256").hex()):
        raise EvidenceBroken(f"{record.name} was changed, or written by another station: its seal does not fit")
    return told


def _read_pictures(record: Path, described: list[dict[str, str]]) -> Iterator[NDArray[np.uint8]]:
    for one in described:
        name = one["file"]
        try:
            content = record.with_name(Path(name).name).read_bytes()
        except OSError as error:
            raise EvidenceBroken(f"{name} cannot be read ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != one["sha256"]:
            raise EvidenceBroken(f"{name} is not the picture that was stored")
        pixels = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
        if hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest() != one["pixels_sha256"]:
            raise EvidenceBroken(f"{name} does not decode to the pixels that were judged")
        yield pixels


def _stacked(views: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    inputs = np.stack(views) if views else _NO_INPUTS.copy()
    inputs.setflags(write=False)
    return inputs


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", pixels, _COMPRESSION)[1].tobytes()


def _files(folder: Path, stem: str, pictures: int) -> Iterator[Path]:
    yield folder / f"{stem}.json"
    yield from (folder / f"{stem}.{number}.png" for number in range(pictures))


def _write_synced(path: Path, content: bytes) -> None:
    """Its name is on disk with the record's: both are in one folder."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _mark_packages(folder: Path, evidence: Evidence) -> None:
    """Empty files that say which packages the folder's evidence needs, so that nobody has to read all of it."""
    for look in evidence.looks:
        (folder / f".package-{look.judge.package.removeprefix('sha256:')}").touch()


def _digest(told: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(told)).hexdigest()


def _canonical(told: dict[str, Any], indent: int | None = None) -> bytes:
    return json.dumps(told, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=indent).encode()
