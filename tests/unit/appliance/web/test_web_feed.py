"""What the page believes of a station that may be late, restarted, or talking garbage."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.commands.lines import LineSplitter
from appliance.live import LiveStatus, LiveVerdict
from appliance.web.feed import MAX_LINE, StationFeed
from tests.fakes.station_socket import status, verdict

JPEG = b"\xff\xd8\xff\xe0 a picture"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def line(message: LiveStatus | LiveVerdict) -> bytes:
    return message.model_dump_json().encode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(tmp_path: Path, clock: Clock) -> StationFeed:
    (tmp_path / "run" / "live").mkdir(parents=True)
    return StationFeed(tmp_path, clock)


def events(feed_events: list[bytes]) -> list[tuple[str, dict[str, object]]]:
    """(name, data) of each event."""
    found = []
    for event in feed_events:
        name, data = event.decode().removesuffix("\n\n").split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@given(st.lists(st.binary(max_size=40).filter(lambda each: b"\n" not in each), max_size=12), st.data())
def test_lines_come_whole_however_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(each + b"\n" for each in lines)
    splitter, got = LineSplitter(MAX_LINE), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        got += splitter.split(stream[:size])
        stream = stream[size:]
    assert got == lines


def test_a_half_line_is_held_back_until_its_end() -> None:
    splitter = LineSplitter(MAX_LINE)
    assert splitter.split(b'{"type":') == []
    assert splitter.split(b'"status"}\n{"ty') == [b'{"type":"status"}']


def test_an_endless_line_is_thrown_away_and_the_next_one_is_read() -> None:
    splitter = LineSplitter(MAX_LINE)
    for _ in range(8):
        assert splitter.split(b"x" * MAX_LINE) == []
    assert splitter.refused == 1
    assert splitter.split(b"still the long one\nnext\n") == [b"next"]
    assert splitter.refused == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b'{"type":"status"}',
        b'{"type":"verdict","outcome":"OK"}',
        b"[]",
        b"null",
        b'{"type":"reset"}',
        line(verdict("OK")).replace(b'"outcome":"OK"', b'"outcome":"FINE"'),
        line(verdict("OK"))[:-20],
        line(verdict("OK", id="../../etc/passwd")),
        line(verdict("OK", id=str(uuid.uuid4()).upper().replace("-", "_"))),
    ],
)
def test_garbage_is_counted_and_changes_nothing(feed: StationFeed, garbage: bytes) -> None:
    feed.take([garbage])
    assert feed.refused_lines == 1
    snapshot = feed.snapshot()
    assert (snapshot.status, snapshot.verdict, snapshot.ng, snapshot.silent_s) == (None, None, (), None)


def test_garbage_is_no_word_from_the_station(feed: StationFeed, clock: Clock) -> None:
    feed.take([line(status())])
    clock.now += 3
    feed.take([b"garbage", b"{}"])
    assert feed.silent_s == 3


def test_silence_is_measured_from_the_last_message(feed: StationFeed, clock: Clock) -> None:
    assert feed.silent_s is None
    feed.take([line(status())])
    clock.now += 2.5
    assert feed.silent_s == 2.5
    feed.take([line(verdict("OK"))])
    assert feed.silent_s == 0


def test_a_viewer_starts_from_the_whole_state_and_then_hears_each_message(feed: StationFeed) -> None:
    rejected = verdict("NG", 1)
    feed.take([line(status()), line(rejected)])
    mailbox, snapshot = feed.follow()
    assert snapshot.status == status()
    assert snapshot.verdict == rejected
    assert snapshot.ng == (rejected,)
    passed = verdict("OK", 2)
    feed.take([line(passed), line(status())])
    heard, overrun = mailbox.take(0)
    assert [name for name, _ in events(heard)] == ["verdict", "status"]
    assert events(heard)[0][1]["id"] == passed.id
    assert not overrun


def test_the_strip_holds_the_last_six_rejected_parts_newest_first(feed: StationFeed) -> None:
    parts = [verdict("NG", number) for number in range(1, 9)]
    for part in parts:
        feed.take([line(part), line(verdict("OK", part.number + 100))])
    assert [part.number for part in feed.snapshot().ng] == [8, 7, 6, 5, 4, 3]


def test_what_is_replayed_after_a_connect_is_one_repaint_and_no_part_twice(feed: StationFeed) -> None:
    rejected, passed = verdict("NG", 1), verdict("OK", 2)
    feed.take([line(status()), line(rejected), line(passed)])
    mailbox, _ = feed.follow()
    again = [each.model_copy(update={"replayed": True}) for each in (rejected, passed)]
    feed.take([line(status()), *map(line, again)])
    names = [name for name, _ in events(mailbox.take(0)[0])]
    assert names == ["status", "snapshot"]
    assert [part.id for part in feed.snapshot().ng] == [rejected.id]
    assert feed.snapshot().verdict == again[1]


def test_a_station_started_anew_empties_the_page(feed: StationFeed, tmp_path: Path) -> None:
    rejected = verdict("NG", 1)
    (tmp_path / "run" / "live" / f"{rejected.id}.jpg").write_bytes(JPEG)
    feed.take([line(status()), line(rejected)])
    mailbox, _ = feed.follow()
    feed.take([line(status(boot_id="ffffffff"))])
    [(name, data)] = events(mailbox.take(0)[0])
    assert name == "snapshot"
    assert (data["verdict"], data["ng"]) == (None, [])
    assert feed.pictures.read(rejected.id) is None


def test_a_slow_viewer_gets_the_newest_and_the_loss_is_counted(feed: StationFeed) -> None:
    mailbox, _ = feed.follow()
    for number in range(100):
        feed.take([line(verdict("OK", number))])
    heard, overrun = mailbox.take(0)
    assert overrun
    assert heard == []
    assert feed.viewers.skipped == 100
    feed.take([line(verdict("OK", 100))])
    heard, overrun = mailbox.take(0)
    assert (len(heard), overrun) == (1, False)


def test_a_viewer_that_left_is_forgotten(feed: StationFeed) -> None:
    mailbox, _ = feed.follow()
    feed.viewers.leave(mailbox)
    feed.take([line(status())])
    assert mailbox.take(0) == ([], False)


class TestPictures:
    def put(self, tmp_path: Path, part: LiveVerdict, data: bytes = JPEG) -> Path:
        path = tmp_path / "run" / "live" / f"{part.id}.jpg"
        path.write_bytes(data)
        return path

    def test_only_parts_the_station_named_are_served(self, feed: StationFeed, tmp_path: Path) -> None:
        named, unnamed = verdict("OK"), verdict("OK")
        self.put(tmp_path, named)
        self.put(tmp_path, unnamed)
        feed.take([line(named)])
        assert feed.pictures.read(named.id) == JPEG
        assert feed.pictures.read(unnamed.id) is None

    def test_a_rejected_part_outlives_the_ring_for_as_long_as_it_is_shown(
        self, feed: StationFeed, tmp_path: Path
    ) -> None:
        rejected = verdict("NG", 1)
        file = self.put(tmp_path, rejected)
        feed.take([line(rejected)])
        file.unlink()
        for number in range(2, 200):
            feed.take([line(verdict("OK", number))])
        assert feed.pictures.read(rejected.id) == JPEG
        for number in range(200, 206):
            feed.take([line(verdict("NG", number))])
        assert feed.pictures.read(rejected.id) is None

    def test_passed_parts_are_forgotten_with_the_ring(self, feed: StationFeed, tmp_path: Path) -> None:
        passed = verdict("OK", 1)
        self.put(tmp_path, passed)
        feed.take([line(passed)])
        for number in range(2, 66):
            feed.take([line(verdict("OK", number))])
        assert feed.pictures.read(passed.id) is None

    def test_a_part_without_picture_is_not_served(self, feed: StationFeed, tmp_path: Path) -> None:
        part = verdict("ERROR", picture=False)
        self.put(tmp_path, part)
        feed.take([line(part)])
        assert feed.pictures.read(part.id) is None

    @pytest.mark.parametrize("data", [b"", b"root:x:0:0", b"\x89PNG", b"\xff\xd8\xff" + bytes(9 * 1024 * 1024)])
    def test_what_is_no_preview_is_not_served(self, feed: StationFeed, tmp_path: Path, data: bytes) -> None:
        part = verdict("OK")
        self.put(tmp_path, part, data)
        feed.take([line(part)])
        assert feed.pictures.read(part.id) is None

    def test_a_folder_of_that_name_is_not_served(self, feed: StationFeed, tmp_path: Path) -> None:
        part = verdict("NG")
        (tmp_path / "run" / "live" / f"{part.id}.jpg").mkdir()
        feed.take([line(part)])
        assert feed.pictures.read(part.id) is None
        assert feed.snapshot().ng == (part,)

    def test_a_link_is_not_followed(self, feed: StationFeed, tmp_path: Path) -> None:
        part = verdict("OK")
        secret = tmp_path / "secret"
        secret.write_bytes(JPEG)
        (tmp_path / "run" / "live" / f"{part.id}.jpg").symlink_to(secret)
        feed.take([line(part)])
        assert feed.pictures.read(part.id) is None


def test_a_golden_part_is_shown_and_is_none_of_the_rejected(tmp_path: Path) -> None:
    feed = StationFeed(tmp_path, Clock())
    feed.take([line(status()), line(verdict("NG", 1, golden=True))])
    seen = feed.snapshot()
    assert seen.verdict is not None
    assert (seen.verdict.golden, seen.ng) == (True, ())
