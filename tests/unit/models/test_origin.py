"""What a collected picture says of itself, and that its pixels stay what they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.origin import Origin, origin_of, with_origin, without_origin
from models.picture_file import read_picture

ORIGIN = Origin(
    taken="2026-01-02T03:04:05.678900+00:00",
    part="0199-part",
    part_id="SN 7",
    lot="批次 7/3",
    trigger="plc",
    camera="folder",
    station="a/b/c/d/e",
    clock="synced",
)
PICTURE = np.random.default_rng(1).integers(0, 256, (20, 30), np.uint8)
PNG = cv2.imencode(".png", PICTURE)[1].tobytes()


@given(st.text(), st.text())
def test_what_was_written_is_read_back_and_can_be_taken_out(lot: str, part_id: str) -> None:
    origin = replace(ORIGIN, lot=lot, part_id=part_id)
    content = with_origin(PNG, origin)
    assert origin_of(content) == origin
    assert without_origin(content) == PNG


def test_the_strict_reader_takes_it_and_sees_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(with_origin(PNG, ORIGIN))
    assert np.array_equal(read_picture(path), PICTURE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff\xe0 a JPEG",
        PNG,
        with_origin(PNG, ORIGIN)[:60],
        with_origin(PNG, ORIGIN).replace(b'"lot"', b'"lat"'),
        with_origin(PNG, ORIGIN).replace(b'{"taken"', b'["taken"'),
    ],
)
def test_a_file_without_a_readable_origin_has_none(content: bytes) -> None:
    assert origin_of(content) is None
