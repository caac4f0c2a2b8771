"""The public screws pictures as an assembly data set: file names hold the presence bits, their README the boxes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

SCREWS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "screws"
BOXES = {
    "top_left": (5, 69, 256, 257),
    "top_right": (305, 69, 256, 257),
    "bottom_left": (5, 429, 256, 257),
    "bottom_right": (325, 429, 256, 257),
}
_NAMES = {
    "top_left": ("Top left screw", "左上螺钉"),
    "top_right": ("Top right screw", "右上螺钉"),
    "bottom_left": ("Bottom left screw", "左下螺钉"),
    "bottom_right": ("Bottom right screw", "右下螺钉"),
}


def labelled_screws() -> list[Path]:
    """All labelled pictures, by their number."""
    pictures = (SCREWS / "train_val_set").glob("*_[01][01][01][01].jpg")
    return sorted(pictures, key=lambda path: int(path.stem.split("_")[0]))


def write_screws(root: Path, pictures: Sequence[Path]) -> Path:
    """An assembly data set of some of the pictures."""
    (root / "pictures").mkdir(parents=True)
    rows = ["picture,roi,label"]
    for path in pictures:
        shutil.copyfile(path, root / "pictures" / path.name)
        for name, bit in zip(BOXES, path.stem.split("_")[1], strict=True):
            rows.append(f"pictures/{path.name},{name},{'screw' if bit == '1' else 'hole'}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    tables = [
        f'[[roi]]\nname = "{name}"\nbox = {list(box)}\nexpect = "screw"\nkind = "screw"\ncode = {code}\n'
        f'name_en = "{_NAMES[name][0]}"\nname_zh = "{_NAMES[name][1]}"\nseverity = "critical"\n'
        for code, (name, box) in enumerate(BOXES.items(), start=2)
    ]
    (root / "rois.toml").write_text('classes = ["screw", "hole"]\n\n' + "\n".join(tables), encoding="utf-8")
    return root
