"""What every format of data sets promises; each one in the registry is held to it."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.sources import assembly_source, rich_source
from training.data.marks import Mask, Shape, ShapeKind, filled
from training.errors import BadData, NotThere
from training.formats.base import Format, ReadOptions
from training.formats.item import GOOD, Fact, Item, Source
from training.formats.losses import losses, lost_facts, nearest
from training.formats.registry import FORMATS, by_name, recognise
from training.formats.walk import files_under, is_picture

SIZE = (40, 30)
PARTS = [one.name for one in FORMATS if Fact.REGIONS not in one.holds or Fact.LABEL in one.holds]
ALL = [one.name for one in FORMATS]


@pytest.fixture(params=ALL)
def form(request: pytest.FixtureRequest) -> Format:
    return by_name(request.param)


@pytest.fixture(params=PARTS)
def parts_form(request: pytest.FixtureRequest) -> Format:
    """A format for pictures of whole parts."""
    return by_name(request.param)


def _written(form: Format, source: Source, folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    return form.write(source, folder)


def _fitting(form: Format, root: Path) -> Source:
    """What the format is made for: pictures of parts, or of regions alone."""
    return assembly_source(root) if form.name not in PARTS else rich_source(root)


def _sha256(item: Item) -> str:
    return hashlib.sha256(item.path.read_bytes()).hexdigest()


def _pairs(form: Format, source: Source, folder: Path) -> list[tuple[Item, Item]]:
    """(before, after) of every picture, but those that `write` itself said it changed."""
    said = "\n".join(_written(form, source, folder))
    after = {_sha256(item): item for item in form.read(folder, ReadOptions()).items}
    assert len(after) == len(source.items), "a picture was lost, doubled or changed"
    return [(item, after[_sha256(item)]) for item in source.items if item.name not in said]


def _pixels(item: Item) -> dict[str, Mask]:
    """Label → the pixels that are known of it."""
    found: dict[str, Mask] = {}
    for shape in item.shapes:
        if shape.kind is ShapeKind.POLYGON:
            found[shape.label] = found.get(shape.label, np.zeros(SIZE[::-1], np.bool_)) | filled([shape], SIZE)
    for raster in item.rasters:
        found[raster.label] = found.get(raster.label, np.zeros(SIZE[::-1], np.bool_)) | raster.read()
    return found


def _corners(shapes: Iterable[Shape], kind: ShapeKind) -> list[tuple[object, ...]]:
    return sorted(
        (shape.label, *(round(value, 2) for point in shape.points for value in point))
        for shape in shapes
        if shape.kind is kind
    )


def test_every_picture_comes_back_byte_for_byte(form: Format, tmp_path: Path) -> None:
    source = _fitting(form, tmp_path / "raw")
    _written(form, source, tmp_path / "out")
    after = sorted(_sha256(item) for item in form.read(tmp_path / "out", ReadOptions()).items)
    assert after == sorted(_sha256(item) for item in source.items)


def test_what_a_format_writes_it_recognises_or_another_one_that_reads_it(form: Format, tmp_path: Path) -> None:
    """A pattern or a table may be needed; whatever is recognised must find every picture all the same."""
    source = _fitting(form, tmp_path / "raw")
    _written(form, source, tmp_path / "out")
    try:
        found = recognise(tmp_path / "out")
    except BadData as error:
        assert "--format" in str(error)
        return
    assert len(found.read(tmp_path / "out", ReadOptions()).items) == len(source.items)


def test_what_it_recognises_it_reads(parts_form: Format, tmp_path: Path) -> None:
    _written(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out")
    if parts_form.recognises(tmp_path / "out"):
        assert parts_form.read(tmp_path / "out", ReadOptions()).items


def test_classes_come_back_as_far_as_they_can_be_said(parts_form: Format, tmp_path: Path) -> None:
    holds = parts_form.holds
    for before, after in _pairs(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out"):
        lost = lost_facts(before, holds)
        if GOOD in before.classes:
            assert after.classes == (() if Fact.GOOD in lost else (GOOD,)), before.name
        elif not lost & {Fact.LABEL, Fact.MANY_LABELS}:
            assert set(after.classes) == set(before.classes), before.name
        else:
            assert set(after.classes) < set(before.classes), before.name


def test_a_picture_without_a_label_never_comes_back_good(parts_form: Format, tmp_path: Path) -> None:
    for before, after in _pairs(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out"):
        assert GOOD in before.classes or GOOD not in after.classes, before.name


def test_marks_come_back(parts_form: Format, tmp_path: Path) -> None:
    holds = parts_form.holds
    for before, after in _pairs(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out"):
        if Fact.BOX in holds:
            boxes = _corners(before.shapes, ShapeKind.BOX)
            assert set(boxes) <= set(_corners(after.shapes, ShapeKind.BOX)), before.name
        if Fact.POLYGON in holds:
            polygons = _corners(before.shapes, ShapeKind.POLYGON)
            assert set(polygons) <= set(_corners(after.shapes, ShapeKind.POLYGON)), before.name
        if holds & {Fact.POLYGON, Fact.MASK}:
            known, again = _pixels(before), _pixels(after)
            assert known.keys() == again.keys(), before.name
            assert all(np.array_equal(known[label], again[label]) for label in known), before.name


def test_a_mark_becomes_the_nearest_that_the_format_knows(parts_form: Format, tmp_path: Path) -> None:
    holds = parts_form.holds
    for before, after in _pairs(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out"):
        for fact, there in (
            (Fact.POLYGON, any(shape.kind is ShapeKind.POLYGON for shape in before.shapes)),
            (Fact.MASK, bool(before.rasters)),
        ):
            if there and nearest(fact, holds) is Fact.BOX:
                for label, mask in _pixels(before).items():
                    rows, columns = np.nonzero(mask)
                    wanted = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
                    bounds = np.array([shape.bounds for shape in after.shapes if shape.label == label])
                    reached = np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])
                    assert np.abs(reached - wanted).max() <= 1, before.name


def test_splits_groups_and_remarks_come_back(parts_form: Format, tmp_path: Path) -> None:
    holds = parts_form.holds
    for before, after in _pairs(parts_form, rich_source(tmp_path / "raw"), tmp_path / "out"):
        assert after.split == (before.split if Fact.SPLIT in holds else None) or before.split is None, before.name
        assert after.group == (before.group if Fact.GROUP in holds else None), before.name
        if Fact.TAGS in holds:
            assert dict(before.tags).items() <= dict(after.tags).items(), before.name


def test_regions_come_back(form: Format, tmp_path: Path) -> None:
    if Fact.REGIONS not in form.holds:
        assert any("named regions" in sentence for sentence in losses(assembly_source(tmp_path / "raw"), form))
        return
    source = assembly_source(tmp_path / "raw")
    for before, after in _pairs(form, source, tmp_path / "out"):
        assert (dict(before.regions), before.group) == (dict(after.regions), after.group)
    again = form.read(tmp_path / "out", ReadOptions()).rois
    assert again is not None and source.rois is not None
    assert again.rois == source.rois.rois


def test_all_that_is_lost_is_listed(parts_form: Format, tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    facts = set().union(*(lost_facts(item, parts_form.holds) for item in source.items))
    assert len(losses(source, parts_form)) == len(facts)


def test_reading_opens_no_picture_file_by_its_pixels(form: Format, tmp_path: Path) -> None:
    """A picture that cannot be decoded is the import's concern, and that of whoever looks at pixels."""
    _written(form, _fitting(form, tmp_path / "raw"), tmp_path / "out")
    pictures = [item.path for item in form.read(tmp_path / "out", ReadOptions()).items]
    for path in pictures:
        # A header stays: some formats count in parts of the picture's size.
        path.write_bytes(path.read_bytes()[:-20])
    assert len(form.read(tmp_path / "out", ReadOptions()).items) == len(pictures)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _noise(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(8) + content[at + 8 :]


def _nul(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + b"\0" + content[at:]


def _foreign(content: bytes, _chance: random.Random) -> bytes:
    return content.decode().replace("a", "良").encode("gb18030")


def _deep(_content: bytes, _chance: random.Random) -> bytes:
    return b"[" * 1_000_000


def _deep_tags(_content: bytes, _chance: random.Random) -> bytes:
    return b"<annotation>" * 200_000


def _numbers(value: bytes) -> Callable[[bytes, random.Random], bytes]:
    def other(content: bytes, chance: random.Random) -> bytes:
        found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
        if not found:
            return content
        one = chance.choice(found)
        return content[: one.start()] + value + content[one.end() :]

    return other


def _names(value: bytes) -> Callable[[bytes, random.Random], bytes]:
    def other(content: bytes, _chance: random.Random) -> bytes:
        return re.sub(rb"[\w/. -]*\.(png|jpg|bmp)", value, content, flags=re.IGNORECASE)

    return other


def _twice(content: bytes, _chance: random.Random) -> bytes:
    return content + content


_HURTS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": _cut,
    "noise": _noise,
    "nul": _nul,
    "foreign encoding": _foreign,
    "deep": _deep,
    "deep tags": _deep_tags,
    "NaN": _numbers(b"NaN"),
    "endless number": _numbers(b"1e999"),
    "huge number": _numbers(b"99999999999999999999"),
    "negative": _numbers(b"-7"),
    "long number": _numbers(b"9" * 5000),
    "out": _names(b"../../../etc/passwd.png"),
    "absolute": _names(b"/etc/passwd.png"),
    "nowhere": _names(b"nowhere.png"),
    "twice": _twice,
    "empty": lambda content, chance: b"",
}


@pytest.mark.parametrize("hurt", _HURTS)
def test_a_hurt_label_file_is_read_or_refused_with_its_name(form: Format, hurt: str, tmp_path: Path) -> None:
    source = _fitting(form, tmp_path / "raw")
    out = tmp_path / "out"
    _written(form, source, out)
    labels = [path for path in files_under(out) if not is_picture(path)]
    chance = random.Random(f"{form.name} {hurt}")
    for path in chance.sample(labels, min(len(labels), 6)):
        whole = path.read_bytes()
        for _ in range(4 if whole else 0):
            path.write_bytes(_HURTS[hurt](whole, chance))
            _read_or_refuse(form, out)
        path.write_bytes(whole)


def _read_or_refuse(form: Format, out: Path) -> None:
    try:
        source = form.read(out, ReadOptions())
    except (BadData, NotThere) as error:
        assert str(out) in str(error), "a message names the file"
        assert len(str(error)) < 2000
        return
    for item in source.items:
        assert item.path.resolve().is_relative_to(out.resolve()), "a label file led out of the data set"
        for raster in item.rasters:
            try:
                raster.read()
            except BadData as error:
                assert len(str(error)) < 2000


def test_a_picture_that_is_not_there_is_told_or_left_out(form: Format, tmp_path: Path) -> None:
    source = _fitting(form, tmp_path / "raw")
    _written(form, source, tmp_path / "out")
    before = form.read(tmp_path / "out", ReadOptions()).items
    before[0].path.unlink()
    try:
        after = form.read(tmp_path / "out", ReadOptions()).items
    except (BadData, NotThere) as error:
        assert before[0].path.name in str(error)
    else:
        assert [item.name for item in after] == [item.name for item in before[1:]]
