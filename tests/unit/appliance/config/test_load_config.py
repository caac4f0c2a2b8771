"""The configuration's door: every problem at once, each with its place and its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import load_config
from appliance.config.template import TEMPLATE
from appliance.errors import NotThere, UsageError

MINIMAL = """
[station]
state_dir = "state"
[camera]
type = "folder"
path = "pictures"
[model]
package = "model.okng"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "station.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_config(write(folder, text))
    return str(caught.value).splitlines()[1:]


def test_the_template_is_valid(tmp_path: Path) -> None:
    config, digest = load_config(write(tmp_path, TEMPLATE))
    assert config.station.armed is False
    assert digest.startswith("sha256:")


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    config, _ = load_config(write(tmp_path, MINIMAL))
    assert config.station.state_dir == tmp_path / "state"
    assert config.model is not None
    assert config.model.package == tmp_path / "model.okng"
    assert config.camera.type == "folder"
    assert config.camera.path == tmp_path / "pictures"


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = MINIMAL + "[recipe]\nok_below = 0.9\nng_from = 0.5\n[plc]\nbaudrate = 1234\n[mqqt]\nenabled = true\n"
    found = problems(tmp_path, text)
    assert len(found) == 3
    assert any("[recipe]: ok_below must not be above ng_from" in line for line in found)
    assert any("[plc] baudrate" in line and "given: 1234" in line for line in found)
    assert any("[mqqt]: unknown; did you mean mqtt?" in line for line in found)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (MINIMAL.replace("path =", "pth ="), "[camera] pth: unknown; did you mean path?"),
        (MINIMAL.replace("state_dir", "state_dri"), "[station] state_dri: unknown; did you mean state_dir?"),
        (MINIMAL.replace('type = "folder"\n', ""), "[camera]: type is missing"),
        (MINIMAL.replace("package =", "pakage ="), "[model] pakage: unknown; did you mean package?"),
        (MINIMAL.replace('"folder"', '"webcam"'), "[camera]"),
        (MINIMAL + "[recipe]\nok_below = 0.4\n", "give both ok_below and ng_from"),
        (MINIMAL + '[trigger]\nsource = "interval"\n[plc]\nenabled = true\n', "triggered by its PLC"),
        (MINIMAL + '[trigger]\nsource = "software"\n[plc]\nenabled = true\n', "triggered by its PLC"),
        (MINIMAL + "[trigger]\nsoftware = true\n[plc]\nenabled = true\n", "takes no other trigger"),
        (MINIMAL + "[trigger]\nsoftware = true\n", "software triggers stand alone"),
        (MINIMAL.replace('[model]\npackage = "model.okng"', ""), "[model] is missing; name the package"),
        (MINIMAL.replace("[model]", '[model]\nruntime = "tensorrt"'), "[model] runtime: Input should be 'auto'"),
        (MINIMAL.replace("[model]", '[model]\ndevice = "TPU"'), "[model] device: Input should be 'CPU', 'GPU'"),
        (
            MINIMAL.replace("[model]", '[model]\nruntime = "tflite"\ndevice = "GPU"'),
            'with runtime = "tflite" leave it out',
        ),
    ],
)
def test_a_mistake_is_answered_with_its_remedy(tmp_path: Path, text: str, hint: str) -> None:
    assert any(hint in line for line in problems(tmp_path, text))


def test_missing_file_names_init(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="okng init"):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"[station", b"\xff\xfe\x00", b"x" * 2_000_000])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "station.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        load_config(path)
