"""Masks of numbers behind a palette: VOC's own colours, and what Pillow and OpenCV make of the files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from training.errors import BadData
from training.formats.palette_png import VOC_COLOURS, VOID, read_indices, voc_colour, write_indices

NUMBERS = np.arange(256, dtype=np.uint8).reshape(8, 32)


def test_the_palette_is_vocs_own() -> None:
    # VOClabelcolormap: background, aeroplane, bicycle, bird, …, tvmonitor, and void.
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 8: (64, 0, 0), 20: (0, 64, 128)}
    assert {number: voc_colour(number) for number in known} == known
    assert voc_colour(VOID) == (224, 224, 192) and len(VOC_COLOURS) == 256


def test_pillow_reads_the_numbers_that_were_written(tmp_path: Path) -> None:
    write_indices(tmp_path / "a" / "b.png", NUMBERS)
    with Image.open(tmp_path / "a" / "b.png") as image:
        assert image.mode == "P" and (np.asarray(image) == NUMBERS).all()
        assert (image.getpalette() or [])[3:6] == [128, 0, 0]
    assert (read_indices(tmp_path / "a" / "b.png", {}) == NUMBERS).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_numbers_count_and_not_colours_where_a_file_has_a_palette_of_its_own(tmp_path: Path, bits: int) -> None:
    numbers = NUMBERS & ((1 << bits) - 1)
    image = Image.fromarray(numbers, "P")
    image.putpalette([value for number in range(1 << bits) for value in (200 - number // 2, number, 7)])
    image.save(tmp_path / "a.png", bits=bits)
    assert (read_indices(tmp_path / "a.png", VOC_COLOURS) == numbers).all()


def test_gray_values_are_numbers_and_colours_are_looked_up(tmp_path: Path) -> None:
    Image.fromarray(NUMBERS).save(tmp_path / "gray.png")
    assert (read_indices(tmp_path / "gray.png", {}) == NUMBERS).all()
    colours = np.array([voc_colour(number) for number in range(256)], np.uint8)[NUMBERS]
    Image.fromarray(colours).save(tmp_path / "colour.png")
    assert (read_indices(tmp_path / "colour.png", VOC_COLOURS) == NUMBERS).all()
    Image.fromarray(NUMBERS > 100).save(tmp_path / "bits.png")
    assert (read_indices(tmp_path / "bits.png", {}) == (NUMBERS > 100)).all()
    with pytest.raises(BadData, match=r"colour\.png shows the colour #"):
        read_indices(tmp_path / "colour.png", {(0, 0, 0): 0})


def test_what_is_no_mask_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", NUMBERS.astype(np.uint16))[1].tobytes())
    with pytest.raises(BadData, match="8 bits"):
        read_indices(path, VOC_COLOURS)
    write_indices(path, NUMBERS)
    for content in (b"", path.read_bytes()[:30], b"no picture at all"):
        path.write_bytes(content)
        with pytest.raises(BadData, match=r"a\.png"):
            read_indices(path, VOC_COLOURS)
