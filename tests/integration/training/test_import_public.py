"""Public data sets as they were published, each in the way that docs/data.md shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from training.commands.exchange import import_command
from training.data.annotations import read_annotations
from training.data.dataset import open_dataset
from training.data.masks import defect_mask
from training.formats.base import ReadOptions
from training.formats.registry import read_source, recognise
from training.rois.dataset import open_assembly

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
_ROI = '[[roi]]\nname = "{name}"\nbox = {box}\nexpect = "screw"\nkind = "screw"\n'
_BOXES = {"top_left": [5, 69], "top_right": [305, 69], "bottom_left": [5, 429], "bottom_right": [325, 429]}


def _import(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(import_command, [*(str(argument) for argument in arguments), "--json"])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def _few(source: Path, target: Path, *patterns: str, most: int = 4) -> Path:
    """A few files of each pattern, in the folders they came from."""
    for pattern in patterns:
        for path in sorted(source.glob(pattern))[:most]:
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    return target


def test_all_are_recognised() -> None:
    found = {name: recognise(DATA / name).name for name in ("magnetic_tile", "bsdata", "x_sdd")}
    assert found == {"magnetic_tile": "tile_masks", "bsdata": "labelme", "x_sdd": "folders"}


def test_magnetic_tiles_by_their_table() -> None:
    """All of them, but nothing written: the classes, splits and groups of the table are laid over the masks."""
    table = DATA / "magnetic_tile/splits/supervised.csv"
    source = read_source(DATA / "magnetic_tile", None, ReadOptions(table=table))
    assert len(source.items) == 1344
    assert source.classes == ("blowhole", "break", "crack", "fray", "uneven")
    assert sum(item.labels == ("good",) for item in source.items) == 952
    assert all(raster.label in item.labels for item in source.items for raster in item.rasters)
    assert {item.split for item in source.items} == {"train", "test", "calibration"}
    assert len({item.group for item in source.items}) == 322


def test_magnetic_tiles_become_a_data_set(tmp_path: Path) -> None:
    few = [
        f"MT_{name}/Imgs/{stem}*"
        for name, stem in (("Free", "exp1"), ("Blowhole", "exp1"), ("Uneven", "exp3_num_45042"))
    ]
    raw = _few(DATA / "magnetic_tile", tmp_path / "raw", *few)
    told = _import(raw, tmp_path / "out", "--good", "MT_Free")
    assert told["classes"] == {"MT_Blowhole": 2, "MT_Uneven": 1, "good": 2}
    assert any("1 masks have no pixel, and stay" in note for note in told["notes"])  # type: ignore[attr-defined]
    data = open_dataset(tmp_path / "out", min_good=2, one_size=False)
    painted = {picture.label: defect_mask(picture) for picture in data.defective}
    assert painted["MT_Blowhole"] is not None and painted["MT_Blowhole"].any()
    assert painted["MT_Uneven"] is not None and not painted["MT_Uneven"].any()


def test_steel_strip_by_folders_and_by_its_table() -> None:
    source = read_source(DATA / "x_sdd", None, ReadOptions())
    assert (len(source.items), len(source.classes)) == (1360, 7)
    source = read_source(DATA / "x_sdd/splits/classification.csv", None, ReadOptions())
    assert (source.format, len(source.items)) == ("table", 1351)
    assert "9 pictures" in source.notes[0]


def test_ball_screws_by_polygons_and_table(tmp_path: Path) -> None:
    label = sorted((DATA / "bsdata/label").glob("*.json"))[:3]
    raw = tmp_path / "raw"
    for path in label:
        _few(DATA / "bsdata", raw, f"label/{path.name}", f"data/{path.stem}.jpg")
    _few(DATA / "bsdata", raw, "data/01_200828*.jpg", most=2)
    table = (DATA / "bsdata/splits/by_position.csv").read_text().splitlines()
    names = {path.name for path in (raw / "data").iterdir()}
    lines = [table[0], *(line for line in table if Path(line.split(",")[0]).name in names)]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    told = _import(raw, tmp_path / "out", "--table", tmp_path / "table.csv", "--rename", "Pitting=pitting")
    assert told["classes"] == {"good": 2, "pitting": 3}
    assert told["groups"] == len({line.split(",")[3] for line in lines[1:]})
    rows = read_annotations(tmp_path / "out")
    assert sum(len(row.shapes) for row in rows.values()) >= 3


def test_cookies_by_their_manifest(tmp_path: Path) -> None:
    told = _import(DATA / "aws_cookies/train_segmentation.manifest", tmp_path / "out", "--dry-run")
    assert (told["pictures"], told["classes"]) == (63, {"cracked": 32, "good": 31})
    assert told["marks"] == {"masks": 32}


def test_screws_by_the_bits_in_their_names(tmp_path: Path) -> None:
    rois = 'classes = ["screw", "hole"]\n' + "".join(
        _ROI.format(name=name, box=[*corner, 256, 257]) for name, corner in _BOXES.items()
    )
    (tmp_path / "rois.toml").write_text(rois)
    pattern = "_" + "".join(f"(?P<{name}>[01])" for name in _BOXES) + "$"
    raw = _few(DATA / "screws", tmp_path / "raw", "train_val_set/*_*.jpg", "test_set/*.jpg", most=6)
    options = ("--format", "rois", "--rois", tmp_path / "rois.toml", "--pattern", pattern)
    meant = ("--rename", "1=screw", "--rename", "0=hole", "--unmarked", "unlabelled")
    told = _import(raw, tmp_path / "out", *options, *meant)
    assert (told["pictures"], told["regions"], told["classes"]) == (12, 4, {"unlabelled": 6})
    parts = open_assembly(tmp_path / "out")
    for one in parts.pictures:
        bits = one.picture.path.stem.split("_")[1]
        assert one.labels == tuple("screw" if bit == "1" else "hole" for bit in bits)
