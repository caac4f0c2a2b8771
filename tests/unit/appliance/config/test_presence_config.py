"""The photo-eye's section: what it needs, and what it cannot stand beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import load_config
from appliance.errors import UsageError

EXAMPLES = Path(__file__).resolve().parents[4] / "docs" / "examples"
HEAD = """
[station]
state_dir = "state"
[camera]
type = "synthetic"
[model]
package = "model.okng"
[trigger]
source = "presence"
"""
ZONE = """[trigger.presence]
x_px = 1
y_px = 2
width_px = 30
height_px = 40
"""


def load(folder: Path, text: str) -> None:
    path = folder / "station.toml"
    path.write_text(text, encoding="utf-8")
    load_config(path)


def test_the_example_is_valid_and_its_paths_start_at_its_folder() -> None:
    config, _ = load_config(EXAMPLES / "bottles.toml")
    assert config.trigger.presence is not None
    assert config.trigger.presence.at == "rest"
    assert config.trigger.presence.empty_picture == Path("/tmp/okng-bottles/empty.png")
    assert config.camera.type == "video"
    beside = EXAMPLES.parents[2] / "shared" / "data" / "video" / "intel_bottle-detection.mp4"
    assert Path(str(config.camera.source)).resolve() == beside.resolve()


def test_a_zone_is_enough(tmp_path: Path) -> None:
    load(tmp_path, HEAD + ZONE)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (HEAD, "[trigger.presence] is missing; name the zone"),
        (HEAD + ZONE + "leave = 0.2\nenter = 0.2\n", "leave must be below enter"),
        (HEAD + ZONE + "[plc]\nenabled = true\n", "is triggered by its PLC"),
        (HEAD + ZONE.replace("width_px = 30", "width_px = 0"), "width_px"),
        (HEAD + ZONE + 'at = "center"\n', "'centre'"),
        (HEAD + ZONE.replace("height_px", "heigth_px"), "did you mean height_px?"),
    ],
)
def test_a_mistake_is_answered_with_its_remedy(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert hint in str(caught.value)
