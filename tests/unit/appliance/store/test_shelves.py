"""What goes when room is short: never what matters more before what matters less, and never more than it takes."""

from __future__ import annotations

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.store.shelves import Allowance, Item, Kind, Shelves, Store, StoreRoom
from tests.fakes.evidence import make_shelves

TODAY = date(2026, 1, 31)


class Disk:
    """Shelves whose items are numbers; `gone` tells what was let go, and what of the same store was left then."""

    def __init__(
        self,
        quota: int = 10**9,
        free: int = 10**12,
        least: dict[Store, int] | None = None,
        allowances: dict[Kind, Allowance] | None = None,
    ) -> None:
        self.free = free
        self.there: list[Item] = []
        self.gone: list[tuple[Item, tuple[Item, ...]]] = []
        least = least or dict.fromkeys(Store, 0)
        rooms = {store: StoreRoom(quota, least[store]) for store in Store}
        self.shelves = Shelves(rooms, allowances or {}, free_bytes=lambda: self.free, delete=self._delete)

    def _delete(self, item: Item) -> None:
        self.there.remove(item)
        self.free += item.size
        self.gone.append((item, tuple(self.there)))

    def bring(self, kind: Kind, size: int = 10, day: date = TODAY) -> bool:
        """One more item; whether there was room for it."""
        room = self.shelves.make_room(kind, size, day)
        if room:
            item = Item(kind, (Path(str(len(self.there) + len(self.gone))),), size, day)
            self.there.append(item)
            self.free -= size
            self.shelves.add(item)
        return room

    @property
    def kinds_gone(self) -> list[Kind]:
        return [item.kind for item, _ in self.gone]


KINDS = st.sampled_from(list(Kind))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(KINDS, st.integers(1, 60)), max_size=60), st.integers(50, 300))
def test_nothing_goes_for_a_quota_while_something_less_worth_is_left(
    brought: list[tuple[Kind, int]], quota: int
) -> None:
    disk = Disk(quota)
    for kind, size in brought:
        disk.bring(kind, size)
        for store in Store:
            held = sum(item.size for item in disk.there if item.kind.store is store)
            assert disk.shelves.bytes_of(store) == held <= quota
    for item, left in disk.gone:
        assert all(other.kind >= item.kind for other in left if other.kind.store is item.kind.store)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(KINDS, st.integers(1, 60)), max_size=40), KINDS)
def test_a_full_disk_takes_what_is_least_worth_of_all_and_adds_nothing(
    brought: list[tuple[Kind, int]], last: Kind
) -> None:
    disk = Disk(least=dict.fromkeys(Store, 1000), free=100_000)
    for kind, size in brought:
        disk.bring(kind, size)
    before = list(disk.there)
    disk.free = 999
    assert not disk.bring(last)
    assert disk.there == [], "all of it together is less than what is given at once"
    assert disk.kinds_gone == sorted(item.kind for item in before)


def test_the_order_is_pictures_of_good_parts_first_and_the_audit_last() -> None:
    assert [kind.name for kind in Kind] == [
        "OK_PICTURE",
        "NO_PART_PICTURE",
        "ERROR_PICTURE",
        "RECHECK_PICTURE",
        "ERROR_EVIDENCE",
        "RECHECK_EVIDENCE",
        "NG_PICTURE",
        "NG_EVIDENCE",
        "AUDITED_EVIDENCE",
    ]


def test_of_one_class_the_oldest_goes() -> None:
    disk = Disk(quota=30)
    for _ in range(4):
        disk.bring(Kind.NG_PICTURE)
    assert [item.files[0].name for item in disk.there] == ["1", "2", "3"]


def test_a_flood_of_what_is_little_worth_costs_one_item_that_is_worth_more() -> None:
    disk = Disk(quota=100)
    for _ in range(10):
        disk.bring(Kind.NG_PICTURE)
    for _ in range(50):
        assert disk.bring(Kind.OK_PICTURE)
    assert disk.kinds_gone.count(Kind.NG_PICTURE) == 1


def test_while_the_disk_is_nearly_full_pictures_go_and_evidence_stays() -> None:
    disk = Disk(least={Store.PICTURES: 1000, Store.EVIDENCE: 200}, free=10_000)
    for kind in (Kind.NG_PICTURE, Kind.ERROR_EVIDENCE, Kind.OK_PICTURE):
        disk.bring(kind)
    disk.free = 500
    assert not disk.bring(Kind.NG_PICTURE)
    assert disk.bring(Kind.ERROR_EVIDENCE)
    assert [item.kind for item in disk.there] == [Kind.ERROR_EVIDENCE, Kind.ERROR_EVIDENCE]
    disk.free = 100
    assert not disk.bring(Kind.AUDITED_EVIDENCE)
    assert disk.there == []


def test_a_class_has_its_own_days_and_bytes() -> None:
    allowances = {Kind.NG_PICTURE: Allowance(days=30), Kind.NG_EVIDENCE: Allowance(max_bytes=25)}
    disk = Disk(allowances=allowances)
    disk.bring(Kind.NG_PICTURE, day=TODAY - timedelta(days=31))
    disk.bring(Kind.NG_PICTURE, day=TODAY - timedelta(days=30))
    disk.bring(Kind.OK_PICTURE, day=TODAY - timedelta(days=300))
    for _ in range(3):
        disk.bring(Kind.NG_EVIDENCE)
    assert [item.kind for item in disk.there] == [Kind.NG_PICTURE, Kind.OK_PICTURE, Kind.NG_EVIDENCE, Kind.NG_EVIDENCE]
    assert not disk.bring(Kind.NG_EVIDENCE, size=26)


class TestStart:
    def fill(self, root: Path, names: dict[str, int]) -> None:
        for name, size in names.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes(size))

    def test_what_lies_there_is_counted_and_goes_in_order(self, tmp_path: Path) -> None:
        self.fill(
            tmp_path,
            {
                "pictures/2026-01-01/NG-019b0001.jpg": 10,
                "pictures/2026-01-02/OK-019b0002.jpg": 10,
                "pictures/2026-01-02/what is this.txt": 10,
                "evidence/2026-01-01/NG-019b0001.json": 5,
                "evidence/2026-01-01/NG-019b0001.0.png": 20,
                "evidence/2026-01-01/NG-019b0001.1.png": 20,
                "evidence/2026-01-02/audited-OK-019b0002.json": 5,
                "evidence/2026-01-02/audited-OK-019b0002.0.png": 20,
            },
        )
        shelves = make_shelves(tmp_path, quota_bytes=80)
        assert (shelves.bytes_of(Store.PICTURES), shelves.bytes_of(Store.EVIDENCE)) == (20, 70)
        assert (shelves.count_of(Store.PICTURES), shelves.count_of(Store.EVIDENCE)) == (2, 2)
        assert shelves.make_room(Kind.RECHECK_EVIDENCE, 20, date(2026, 1, 3))
        left = sorted(path.name for path in (tmp_path / "evidence").glob("*/*"))
        assert left == ["audited-OK-019b0002.0.png", "audited-OK-019b0002.json"]
        assert not (tmp_path / "evidence" / "2026-01-01").exists()

    def test_what_a_kill_left_half_written_is_swept_away(self, tmp_path: Path) -> None:
        self.fill(
            tmp_path,
            {
                "evidence/2026-01-01/NG-019b0001.0.png": 20,
                "evidence/2026-01-01/.package-aa": 0,
                "evidence/2026-01-02/NG-019b0002.json": 5,
                "evidence/2026-01-02/.NG-019b0003.json.17.part": 3,
                "evidence/2026-01-02/.package-bb": 0,
            },
        )
        make_shelves(tmp_path)
        left = sorted(path.name for path in (tmp_path / "evidence").glob("*/*"))
        assert left == [".package-bb", "NG-019b0002.json"]

    def test_a_hundred_thousand_files_take_seconds(self, tmp_path: Path) -> None:
        memory = Path("/dev/shm")  # only that making them takes seconds too, not minutes
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
            for day in range(10):
                pictures = Path(folder, "pictures", f"2026-01-{day + 1:02}")
                pictures.mkdir(parents=True)
                for number in range(10_000):
                    (pictures / f"NG-019b{number:08}.jpg").touch()
            began = time.monotonic()
            shelves = make_shelves(Path(folder))
            assert shelves.count_of(Store.PICTURES) == 100_000
            assert time.monotonic() - began < 30

    def test_no_part_waits_for_a_look_at_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shelves = make_shelves(tmp_path)
        monkeypatch.setattr("os.scandir", lambda *_: pytest.fail("the disk was scanned for a part"))
        assert shelves.make_room(Kind.NG_PICTURE, 10, TODAY)
