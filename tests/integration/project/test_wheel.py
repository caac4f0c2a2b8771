"""The wheel holds what a station needs, and a station needs no torch: shown in an environment made for it alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("appliance", "firmware_bridge", "models", "training")

# Only the device's rooms: training's modules need torch, by design, and the demo's broker is the extra `demo`.
IMPORT_ALL = """
import importlib, pkgutil
for room in ("appliance", "firmware_bridge", "models"):
    package = importlib.import_module(room)
    for module in pkgutil.walk_packages(package.__path__, room + "."):
        if module.name != "appliance.demo.broker":
            importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # From a copy: a build folder left in the checkout would leak old files into the wheel.
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(source)], check=True, capture_output=True
    )
    return next(out.glob("okng-*.whl"))


@pytest.fixture(scope="module")
def clean_bin(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    command = [
        str(environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "-c",
        str(ROOT / "constraints.txt"),
    ]
    subprocess.run([*command, str(wheel)], check=True)
    return environment / "bin"


def test_the_wheel_holds_rooms_page_package_and_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"{room}/__init__.py" for room in ROOMS} <= set(names)
    assert {f"{room}/py.typed" for room in ROOMS} <= set(names)
    assert any(name.startswith("models/packages/") and ".okng" in name for name in names)
    for folder in ("templates", "static"):
        kept = {str(file.relative_to(ROOT)) for file in (ROOT / "appliance/web" / folder).rglob("*") if file.is_file()}
        assert kept and kept <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "scripts/")) for name in names)


def test_the_base_install_pulls_no_torch_and_no_runtime(clean_bin: Path) -> None:
    listed = subprocess.run(
        [clean_bin / "python", "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
    )
    installed = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert {"okng", "numpy", "flask", "paho-mqtt"} <= installed
    assert not installed & {"torch", "torchvision", "onnx", "onnxruntime", "openvino", "amqtt", "pytest"}


def test_every_module_of_the_station_imports_there(clean_bin: Path, tmp_path: Path) -> None:
    subprocess.run([clean_bin / "python", "-c", IMPORT_ALL], check=True, cwd=tmp_path)


def test_the_command_works_there_and_says_what_training_needs(clean_bin: Path, tmp_path: Path) -> None:
    shown = subprocess.run([clean_bin / "okng", "--help"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "demo" in shown.stdout and "train" in shown.stdout
    (tmp_path / "parts" / "good").mkdir(parents=True)
    refused = subprocess.run(
        [clean_bin / "okng", "train", "parts", "--out", "part.okng"], capture_output=True, text=True, cwd=tmp_path
    )
    assert refused.returncode == 2
    assert "okng[train]" in refused.stderr
    assert "Traceback" not in refused.stderr
