"""What `okng demo-parts` writes is what `okng train` reads: the two rooms share a folder layout, no code."""

from __future__ import annotations

from pathlib import Path

from appliance.cameras.flange_defects import KINDS
from appliance.demo.data_set import CATALOGUE, PartsToDraw, write_parts
from training.data.catalogue import build_catalogue
from training.data.dataset import open_dataset
from training.data.masks import read_mask
from training.data.part import Part, read_part


def test_training_finds_every_part_mask_and_name(tmp_path: Path) -> None:
    list(write_parts(tmp_path, PartsToDraw(good=3, defects_a_kind=2, seed=5, empty=2)))
    data = open_dataset(tmp_path, min_good=3)
    assert (len(data.good), data.defects, data.size, data.copies) == (3, tuple(sorted(KINDS)), (900, 640), ())
    assert [picture.label for picture in data.empty] == ["empty", "empty"]
    masks = [read_mask(path) for picture in data.defective for _, path in picture.marks.masks]
    assert len(masks) == 8 and all(mask.any() for mask in masks)
    named = {row.label: (row.name_en, row.name_zh, row.severity) for row in build_catalogue(tmp_path, data.defects)}
    assert {kind: named[kind] for kind in KINDS} == CATALOGUE


def test_training_knows_that_a_flange_may_be_mirrored_and_turned(tmp_path: Path) -> None:
    list(write_parts(tmp_path, PartsToDraw(good=1, defects_a_kind=0, seed=5)))
    part = read_part(tmp_path)
    assert part == Part(chiral=False, rotation="any", light_varies=True) and part.may_mirror
