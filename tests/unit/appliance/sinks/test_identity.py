"""Who the station says it is; and who may never set Pass."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.sinks.identity import result_context
from appliance.sinks.result_message import ResultContext
from models.decision import Limits
from models.detector import ModelInfo

HASH = "sha256:" + "0" * 64


def make_config(folder: Path, *, armed: bool, ok_below: float = 0.4, camera: str = 'type = "synthetic"') -> Config:
    (folder / "station.toml").write_text(
        f"""
[station]
state_dir = "state"
armed = {str(armed).lower()}
[camera]
{camera}
[model]
package = "model.okng"
[recipe]
ok_below = {ok_below}
ng_from = 0.6
"""
    )
    return load_config(folder / "station.toml")[0]


def context_of(config: Config, *, certified: bool) -> ResultContext:
    limits = Limits(config.recipe.ok_below or 0.0, config.recipe.ng_from or 0.0)
    info = ModelInfo(
        id="m",
        version="1",
        hash=HASH,
        runtime="onnxruntime 1",
        input_size=(256, 256),
        classes=(),
        limits=limits,
        certified=certified,
    )
    return result_context(
        config, HASH, config.inline_recipe().key, info, boot_id="00000001", utc=lambda ns: datetime.now(UTC)
    )


@pytest.mark.parametrize(("configured", "certified"), [(True, True), (True, False), (False, True), (False, False)])
def test_armed_only_by_the_engineer_and_with_a_certified_model(
    tmp_path: Path, configured: bool, certified: bool
) -> None:
    context = context_of(make_config(tmp_path, armed=configured), certified=certified)
    assert context.armed is (configured and certified)


def test_drawn_pictures_are_simulated_and_limits_are_part_of_the_recipe(tmp_path: Path) -> None:
    one = context_of(make_config(tmp_path, armed=True, ok_below=0.4), certified=True)
    two = context_of(make_config(tmp_path, armed=True, ok_below=0.5), certified=True)
    assert one.simulated
    assert one.recipe.hash != two.recipe.hash


@pytest.mark.parametrize(
    ("camera", "simulated"),
    [
        ('type = "folder"\npath = "pictures"', True),
        ('type = "video"\nsource = "clip.mp4"', True),
        ('type = "video"\nsource = "/dev/v4l/by-id/usb-a-camera-video-index0"', False),
        ('type = "video"\nsource = "rtsp://192.0.2.7/stream"', False),
        ('type = "video"\nsource = "http://192.0.2.7/feed"', False),
    ],
)
def test_what_was_recorded_is_simulated_and_what_is_seen_now_is_not(
    tmp_path: Path, camera: str, simulated: bool
) -> None:
    context = context_of(make_config(tmp_path, armed=True, camera=camera), certified=True)
    assert context.simulated is simulated
