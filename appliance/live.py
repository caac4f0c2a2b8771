"""What the station streams to its pages: one JSON object a line on the Unix socket `<state_dir>/run/station.sock`.

On connecting, a reader gets one `LiveStatus`, the last six NG and the last verdict (oldest first, `replayed` true),
then a `LiveVerdict` for every part as it is answered, a `LiveStatus` every 500 ms or when a device changes, and a
`LiveMetrics` every second. Figures are never repeated on connecting: they would be old and look like now.
What a reader writes is a command (see `appliance.commands`); its answer comes to that reader alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from appliance.domain.device import DeviceId, DeviceLevel
from appliance.live_metrics import LiveMetrics


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LiveDefect(Message):
    """One defect; `box` is left, top, width, height in pixels of the picture. `fate`: what the recipe's rules make of
    it; `rule` names the one that filters it.
    """

    label: str
    code: int
    name_en: str
    name_zh: str
    score: float
    box: tuple[int, int, int, int]
    severity: Literal["critical", "major", "minor"] = "major"
    fate: Literal["keep", "recheck", "suppress"] = "keep"
    rule: str = ""


class LiveVerdict(Message):
    """One answered part. `picture` says whether `<state_dir>/run/live/<id>.jpg` was written (a ring of the last 64).

    `golden`: a reference part, no production. `view`: left, top, width and height of what the page shows of the
    picture; None is the whole.

    Reason texts travel with the code in both languages, so that a page needs no table of its own.
    """

    type: Literal["verdict"] = "verdict"
    replayed: bool = False
    id: str
    number: int
    inspection_id: int
    outcome: Literal["OK", "NG", "RECHECK", "NO_PART", "ERROR"]
    decided_by: str
    reason: str
    reason_en: str
    reason_zh: str
    score: float | None
    ok_below: float | None
    ng_from: float | None
    defects: tuple[LiveDefect, ...]
    picture: bool
    width_px: int
    height_px: int
    latency_ms: float
    decided_utc: str
    golden: bool = False
    view: tuple[int, int, int, int] | None = None


class LiveGoldenCounts(Message):
    """Golden parts among the settled ones."""

    ok: int
    ng: int
    recheck: int
    no_part: int
    error: int


class LiveCounters(Message):
    """One ledger snapshot: accepted == ok + ng + recheck + no_part + error + in_flight.

    `suppressed` counts the defects, on whatever part, that the recipe's rules tolerate.
    `golden` are among them and belong to no yield; None: no golden part was settled since boot.
    """

    accepted: int
    ok: int
    ng: int
    recheck: int
    no_part: int
    error: int
    in_flight: int
    missed: int
    suppressed: int = 0
    golden: LiveGoldenCounts | None = None


class LiveDevice(Message):
    """`text_*`: what is wrong and what to do; empty when state is ok."""

    id: DeviceId
    state: DeviceLevel
    text_en: str
    text_zh: str


class LiveCollecting(Message):
    """The station judges nothing: it keeps pictures as `label`. Counts of this run."""

    label: str
    kept: int
    failed: int


class LiveCertificate(Message):
    """What is certified of the limits in force, or why nothing is, in one line."""

    holds: bool
    text_en: str
    text_zh: str


class LiveScanner(Message):
    """Why the barcode scanned last was refused, or that the scanner is gone."""

    text_en: str
    text_zh: str


class LiveChange(Message):
    """A change of recipe under way. `wanted`: how it was asked for: an id, a number or a code."""

    wanted: str
    seconds: float


class LiveGoldenPart(Message):
    """One golden part of the recipe. `left`: how often it is still to be shown; `as_expected`: what came out."""

    name: str
    serial: str | None
    expected: Literal["OK", "NG", "RECHECK"]
    expected_class: str | None
    left: int
    as_expected: bool | None


class LiveGolden(Message):
    """How golden parts stand. `by_serial`: each trigger names its part; else they come in this order, `next` first.

    `valid_until` is UTC. `text_*`: what is to be done; empty when nothing is.
    """

    phase: Literal["not_asked", "due", "running", "passed", "failed"]
    cause: str | None
    text_en: str
    text_zh: str
    by_serial: bool
    next: str | None
    parts: tuple[LiveGoldenPart, ...]
    valid_until: str | None


class LiveDrift(Message):
    """What is watched, and what of it has drifted; then OK becomes RECHECK.

    `resetting`: golden parts that pass end it.
    """

    watched: tuple[str, ...]
    drifted: tuple[str, ...]
    resetting: bool
    text_en: str
    text_zh: str


class LiveStatus(Message):
    """`model_id` and `model_runtime` are empty while collecting.

    `ng_rate` holds (parts, NG) of each finished group of 50 parts since boot, the last 26, oldest first.
    `changing`: another recipe is on its way; the one named here judges on. `recipe_number` 0: none to judge by.
    `software_trigger`: whether the station takes triggers from page, API, MQTT and command line.
    """

    type: Literal["status"] = "status"
    boot_id: str
    utc: str
    name: str
    path: str
    serial: str
    software: str
    recipe_id: str = ""
    recipe_number: int = 0
    recipe_name: str
    recipe_version: str
    model_id: str
    model_runtime: str
    lot: str | None
    armed: bool
    ready: bool
    simulated: bool
    counters: LiveCounters
    drops: int
    outbox_depth: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    devices: tuple[LiveDevice, ...]
    ng_rate: tuple[tuple[int, int], ...]
    software_trigger: bool = False
    collecting: LiveCollecting | None = None
    certificate: LiveCertificate | None = None
    changing: LiveChange | None = None
    golden: LiveGolden | None = None
    drift: LiveDrift | None = None
    scanner: LiveScanner | None = None


Live = LiveVerdict | LiveStatus | LiveMetrics
live_message: TypeAdapter[Live] = TypeAdapter(Annotated[Live, Field(discriminator="type")])
