"""Which parts become evidence: the bad ones always, and a share of all whatever becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.domain.audit_share import AuditShare
from appliance.domain.parts import RecipeKey
from appliance.exhibits import KeptExhibits, NoExhibits, Setting
from appliance.pipeline.record import Conclusion
from appliance.store.evidence import find_evidence, read_evidence
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import KEY, make_shelves, make_store
from tests.fakes.kits import kit_of, model_info, plain_recipe
from tests.fakes.parts import make_decision, make_frame, make_ledger, make_prepared, make_trigger, make_verdict
from tests.fakes.world import Inspected


class Desk:
    def __init__(self, folder: Path, share: float = 0.0, quota_bytes: int = 10**9) -> None:
        self.clock = FakeClock()
        self.folder = folder / "evidence"
        self.model = model_info()
        store = make_store(folder, make_shelves(folder, quota_bytes=quota_bytes))
        self.exhibits = KeptExhibits(
            store,
            AuditShare(share, b"audit"),
            setting=self.setting,
            utc=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            state=lambda: {"drifted": ("light",)},
        )
        self.count = 0

    def setting(self, key: RecipeKey) -> Setting:
        kit = kit_of(plain_recipe(), model=self.model)
        return Setting(kit.context, kit.looking.recipe)

    def conclude(self, outcome: Outcome, *, frame: bool = True, seen: bool = True) -> Conclusion:
        self.count += 1
        part = make_ledger(self.clock).admit(make_trigger(self.clock))
        assert part is not None
        part = replace(part, id=f"part-{self.count}")
        verdict = make_verdict(part, outcome, self.clock, f"019b{self.count:08}")
        look = Inspected(make_prepared(), make_decision(Outcome.NG))
        return Conclusion(verdict, make_frame(self.clock) if frame else None, look if seen else None)

    @property
    def kept(self) -> list[str]:
        return [path.stem.rpartition("-")[0] for path in find_evidence(self.folder)]


def test_ng_recheck_and_error_become_evidence_and_ok_does_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for outcome in (Outcome.OK, Outcome.NO_PART, Outcome.NG, Outcome.RECHECK, Outcome.ERROR):
        desk.exhibits.keep(desk.conclude(outcome))
    assert desk.kept == ["NG", "RECHECK", "ERROR"]
    assert desk.exhibits.lost == 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_audit_draws_the_same_parts_whatever_becomes_of_them(tmp_path: Path, outcome: Outcome) -> None:
    desk, other = Desk(tmp_path, share=0.3), AuditShare(0.3, b"audit")
    conclusions = [desk.conclude(outcome) for _ in range(40)]
    for conclusion in conclusions:
        desk.exhibits.keep(conclusion)
    drawn = {path.stem.rpartition("-")[2] for path in find_evidence(desk.folder) if path.stem.startswith("audited-")}
    assert drawn == {one.verdict.id for one in conclusions if other.draws(one.verdict.part.id)}
    assert 4 < len(drawn) < 24


def test_what_is_told_of_a_part_is_enough_to_judge_it_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, share=0.25)
    desk.exhibits.keep(desk.conclude(Outcome.NG))
    (record,) = find_evidence(desk.folder)
    told = read_evidence(record, KEY)
    (look,) = told.looks
    assert (look.judge.package, look.judge.runtime) == (desk.model.hash, desk.model.runtime)
    assert look.prepared.inputs.tobytes() == make_prepared().inputs.tobytes()
    assert told.state == {"drifted": ["light"]}
    assert (told.audit.probability, told.recipe["id"], told.station["boot_id"]) == (0.25, "flange", "0a1b2c3d")


def test_an_error_without_a_picture_leaves_nothing_and_one_that_no_model_saw_a_record(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.exhibits.keep(desk.conclude(Outcome.ERROR, frame=False))
    assert desk.kept == []
    desk.exhibits.keep(desk.conclude(Outcome.ERROR, seen=False))
    assert desk.kept == ["ERROR"]
    assert desk.exhibits.lost == 0


def test_a_station_that_collects_has_nothing_to_prove(tmp_path: Path) -> None:
    desk = Desk(tmp_path, share=1.0)
    desk.model = None
    desk.exhibits.keep(desk.conclude(Outcome.RECHECK))
    desk.exhibits.miss(desk.conclude(Outcome.RECHECK))
    assert (desk.kept, desk.exhibits.lost) == ([], 0)


def test_what_was_due_and_is_not_there_is_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, quota_bytes=10)
    desk.exhibits.keep(desk.conclude(Outcome.NG))
    assert desk.exhibits.lost == 1, "no room"
    desk.exhibits.miss(desk.conclude(Outcome.NG))
    desk.exhibits.miss(desk.conclude(Outcome.OK))
    assert desk.exhibits.lost == 2, "no time"
    desk = Desk(tmp_path)
    (tmp_path / "evidence").rmdir()
    (tmp_path / "evidence").write_text("in the way")
    desk.exhibits.keep(desk.conclude(Outcome.NG))
    assert desk.exhibits.lost == 1, "the disk does not take it"


def test_switched_off_nothing_is_due() -> None:
    part = make_ledger(clock := FakeClock()).admit(make_trigger(clock))
    assert part is not None
    assert not NoExhibits().draw(part).drawn
