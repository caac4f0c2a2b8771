"""`rois.toml` written again from what was read of it."""

from __future__ import annotations

import json

from training.rois.catalogue import Roi, RoiCatalogue


def rois_text(catalogue: RoiCatalogue) -> str:
    """The file's content; reading it gives the same regions, codes and classes."""
    return f"classes = {_list(catalogue.classes)}\n" + "".join(_region(roi) for roi in catalogue.rois)


def _region(roi: Roi) -> str:
    box = [roi.box.x, roi.box.y, roi.box.w, roi.box.h]
    lines = [
        f"name = {_text(roi.name)}",
        f"box = {box}",
        f"expect = {_text(roi.expect)}",
        f"kind = {_text(roi.kind)}",
        f"code = {roi.row.code}",
        f"name_en = {_text(roi.row.name_en)}",
        f"name_zh = {_text(roi.row.name_zh)}",
        f"severity = {_text(roi.row.severity.value)}",
    ]
    return "\n[[roi]]\n" + "\n".join(lines) + "\n"


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _text(value: str) -> str:
    """TOML's basic strings are JSON's, but for DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
