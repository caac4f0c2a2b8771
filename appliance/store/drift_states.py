"""What the drift charts must not forget over a restart.

<state_dir>/drift/<hash>.json    the charts of one recipe with its packages, sealed
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from appliance.domain.drift import Chart, Direction, Drifted, DriftState, Trait
from appliance.store.sealed_files import SealBroken, read_sealed, write_sealed
from appliance.store.station_key import StationKey
from models.entry import Entry, Finite

_PURPOSE = "okng drift"


class DriftedEntry(Entry):
    trait: Trait
    chart: Chart
    direction: Direction
    after_parts: int
    at_utc: str


class DriftEntry(Entry):
    schema_version: Literal["okng-drift/1"] = "okng-drift/1"
    bound_to: str
    seen: int
    average: dict[Trait, Finite]
    rise: dict[Trait, Finite]
    fall: dict[Trait, Finite]
    drifted: tuple[DriftedEntry, ...]
    resetting: bool


class DriftStates:
    """Sealed by the station's key. A file that cannot be believed is said to be so, never taken for none."""

    def __init__(self, folder: Path, key: StationKey) -> None:
        self._folder = folder
        self._key = key

    def read(self, bound_to: str) -> DriftState | None:
        """The state of the charts of `bound_to`; None: they never ran.

        Raises:
            SealBroken: there is one that cannot be believed.
        """
        try:
            entry = read_sealed(self._path(bound_to), DriftEntry, self._key, _PURPOSE)
        except FileNotFoundError:
            return None
        if entry.bound_to != bound_to:
            raise SealBroken(f"{self._path(bound_to)} is of another recipe")
        drifted = tuple(
            Drifted(one.trait, one.chart, one.direction, one.after_parts, one.at_utc) for one in entry.drifted
        )
        return DriftState(entry.seen, entry.average, entry.rise, entry.fall, drifted, entry.resetting)

    def write(self, bound_to: str, state: DriftState) -> None:
        """Raises OSError."""
        entry = DriftEntry(
            bound_to=bound_to,
            seen=state.seen,
            average=dict(state.average),
            rise=dict(state.rise),
            fall=dict(state.fall),
            drifted=tuple(
                DriftedEntry(
                    trait=one.trait,
                    chart=one.chart,
                    direction=one.direction,
                    after_parts=one.after_parts,
                    at_utc=one.at_utc,
                )
                for one in state.drifted
            ),
            resetting=state.resetting,
        )
        write_sealed(self._path(bound_to), entry, self._key, _PURPOSE)

    def _path(self, bound_to: str) -> Path:
        return self._folder / f"{hashlib.sha256(bound_to.encode()).hexdigest()}.json"
