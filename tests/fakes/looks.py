"""Looks at pictures that are not there, for checks that need no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.quality import Quality
from training.check.findings import Finding
from training.check.header import Header, Kind
from training.check.look import Look

_PLAIN = Quality(120.0, 40.0, 0.0, 0.5, np.zeros(0, np.float32))


def look(name: str, label: str = "good", **facts: Any) -> Look:
    """A usable picture, unlike all others; `facts` are fields of `Look`, or of its quality."""
    measured = {key: facts.pop(key) for key in list(facts) if key in Quality.__slots__}
    known: dict[str, Any] = {
        "labels": (label,) if label else (),
        "sha256": f"file of {name}",
        "pixels": f"pixels of {name}",
        "size": (640, 480),
        "channels": 3,
        "header": Header(Kind.PNG, (640, 480)),
        "quality": replace(_PLAIN, **measured),
    }
    return Look(Path("/data") / name, name, **{**known, **facts})


def series_of(count: int, label: str = "good", **facts: Any) -> list[Look]:
    """So many pictures of one class."""
    return [look(f"{label}/{index:03}.png", label, **facts) for index in range(count)]


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]
