"""What is known of a picture's defects, and when it is not enough to judge by."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.dataset import Marks, Picture
from training.data.marks import Shape, ShapeKind
from training.data.truth import known_boxes, known_masks, label_image

SIZE = (12, 10)
SQUARE = ((2.0, 3.0), (6.0, 3.0), (6.0, 5.0), (2.0, 5.0))
POLYGON = Shape("crack", ShapeKind.POLYGON, SQUARE)
BOX = Shape("dent", ShapeKind.BOX, ((7.0, 1.0), (11.5, 4.0)))


def shown(label: str, marks: Marks, *more: str) -> Picture:
    return Picture(Path("a.png"), f"{label}/a.png", label, "a", "0" * 64, SIZE, marks, (label, *more))


def painted(path: Path, *places: tuple[slice, slice]) -> Path:
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for place in places:
        mask[place] = 255
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return path


def test_a_good_picture_is_known_to_show_nothing() -> None:
    assert known_masks(shown("good", Marks())) == {} == known_boxes(shown("good", Marks()))


def test_what_is_not_marked_or_only_partly_is_not_known(tmp_path: Path) -> None:
    empty = Marks(masks=(("crack", painted(tmp_path / "empty.png")),))
    for picture in (shown("crack", Marks()), shown("crack", empty), shown("crack", Marks((POLYGON,)), "dent")):
        assert known_masks(picture) is None and known_boxes(picture) is None
    # A box tells no pixels.
    boxed = shown("dent", Marks((BOX,)))
    assert known_masks(boxed) is None and known_boxes(boxed) is not None


def test_classes_are_numbered_and_the_later_one_lies_on_top(tmp_path: Path) -> None:
    mask = painted(tmp_path / "dent.png", np.s_[4:6, 5:9])
    picture = shown("crack", Marks((POLYGON,), (("dent", mask),)), "dent")
    masks = known_masks(picture)
    assert masks is not None
    labels = label_image(picture, masks, ("scratch", "crack", "dent"))
    assert labels.shape == (10, 12) and labels[3, 3] == 2 and labels[4, 3] == 2
    assert (labels[4:6, 5:9] == 3).all() and (labels == 3).sum() == 8 and labels[0, 0] == 0


def test_boxes_are_those_drawn_or_the_pieces_of_a_mask(tmp_path: Path) -> None:
    mask = painted(tmp_path / "two.png", np.s_[0:2, 0:3], np.s_[5:9, 4:6])
    pieces = known_boxes(shown("crack", Marks(masks=(("crack", mask),))))
    assert pieces is not None and sorted(pieces["crack"].tolist()) == [[0, 0, 3, 2], [4, 5, 2, 4]]
    drawn = known_boxes(shown("dent", Marks((BOX, POLYGON), (("crack", mask),)), "crack"))
    assert drawn is not None
    assert drawn["dent"] == pytest.approx(np.array([[7.0, 1.0, 4.5, 3.0]]))
    assert drawn["crack"] == pytest.approx(np.array([[2.0, 3.0, 4.0, 2.0]]))
