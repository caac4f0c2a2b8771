"""Shelves, stores and evidence with as little in them as a test needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from appliance.store.evidence import Drawn, Evidence, EvidenceStore, Judge, Taken, scored
from appliance.store.shelves import Allowance, Kind, Shelves, Store, StoreRoom
from appliance.store.stock import stock
from models.decision import Outcome, Scores
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_decision, make_ledger, make_prepared, make_trigger, make_verdict

KEY = b"k" * 32
PACKAGE = "sha256:" + "a" * 64


def make_shelves(
    folder: Path,
    *,
    quota_bytes: int = 10**9,
    min_free_bytes: int = 0,
    free_bytes: int = 10**12,
    allowances: Mapping[Kind, Allowance] | None = None,
) -> Shelves:
    """What lies in `<folder>/pictures` and `<folder>/evidence`."""
    room = StoreRoom(quota_bytes, min_free_bytes)
    shelves = Shelves(dict.fromkeys(Store, room), allowances or {}, free_bytes=lambda: free_bytes)
    for name in ("pictures", "evidence"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    stock(shelves, folder / "pictures", folder / "evidence")
    return shelves


def make_evidence(
    id: str = "019b0001", outcome: Outcome = Outcome.NG, *, drawn: bool = False, views: int = 1
) -> Evidence:
    """Evidence of one part whose network input is noise."""
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    inputs = np.random.default_rng(views).integers(0, 255, (views, 16, 24, 3), np.uint8)
    prepared = replace(make_prepared(), inputs=inputs)
    scores = Scores(image=0.1 + 0.2, raw=1 / 3, map=np.array([[0.1, 0.9]], np.float32))
    judge = Judge("flange", PACKAGE, "openvino-cpu 2026.1", "avx2", "a machine")
    return Evidence(
        verdict=make_verdict(part, outcome, clock, id),
        taken=Taken("fake", 7, 12345, "picture 7", 0),
        audit=Drawn(drawn, 0.02),
        station={"software": "0.1.0"},
        recipe={"id": "flange"},
        looks=(scored(judge, prepared, scores, make_decision(Outcome.NG)),),
        state={},
    )


def make_store(folder: Path, shelves: Shelves | None = None) -> EvidenceStore:
    return EvidenceStore(folder / "evidence", shelves or make_shelves(folder), KEY)
