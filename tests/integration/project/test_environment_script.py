"""What the scripts say and do on machines that lack something; programs on the path are played by two-line scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("bash", "sha256sum", "cut", "cat", "env", "id", "grep", "mkdir", "chmod", "dirname")
RECORDING_PYTHON = '#!/bin/sh\necho "$@" >>calls\ncase "$*" in *--version*) echo "Python 3.11.2";; esac\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the project's files and a path on which only the listed tools are."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    (folder / "path").mkdir()
    shutil.copy(ROOT / "scripts" / "environment.sh", folder / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    for tool in TOOLS:
        (folder / "path" / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def program(checkout: Path, name: str, text: str) -> None:
    file = checkout / "path" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def environment(checkout: Path) -> None:
    """A `.venv` that works, whose Python writes down how it is called."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "okng"):
        (checkout / ".venv" / "bin" / name).write_text(RECORDING_PYTHON)
        (checkout / ".venv" / "bin" / name).chmod(0o755)


def run(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . scripts/environment.sh; {command}"],
        cwd=checkout,
        env={"PATH": str(checkout / "path"), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
    )


def installs(checkout: Path) -> list[str]:
    calls = checkout / "calls"
    return [line for line in calls.read_text().splitlines() if "pip install" in line] if calls.exists() else []


def test_without_python_it_says_what_to_install(checkout: Path) -> None:
    done = run(checkout, "install_okng device,demo demo")
    assert done.returncode == 3
    assert done.stderr.startswith(
        "okng: no Python 3.11 or later is installed; run: sudo apt-get install python3 python3-venv"
    )


def test_an_old_python_is_no_python(checkout: Path) -> None:
    program(checkout, "python3", "#!/bin/sh\nexit 1\n")
    done = run(checkout, "install_okng device,demo demo")
    assert (done.returncode, "no Python 3.11" in done.stderr) == (3, True)


def test_a_python_without_venv_is_named_with_the_package_it_lacks(checkout: Path) -> None:
    program(checkout, "python3", '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\n')
    done = run(checkout, "install_okng device,demo demo")
    assert done.returncode == 3
    assert done.stderr == "okng: python3 cannot make environments; run: sudo apt-get install python3-venv\n"


def test_a_second_run_installs_nothing(checkout: Path) -> None:
    environment(checkout)
    assert run(checkout, "install_okng device,demo demo").returncode == 0
    assert len(installs(checkout)) == 1
    assert "-c constraints.txt -e .[device,demo]" in installs(checkout)[0]
    assert run(checkout, "install_okng device,demo demo").returncode == 0
    assert len(installs(checkout)) == 1


def test_changed_requirements_are_installed(checkout: Path) -> None:
    environment(checkout)
    run(checkout, "install_okng device,demo demo")
    with (checkout / "constraints.txt").open("a") as constraints:
        constraints.write("# changed\n")
    run(checkout, "install_okng device,demo demo")
    assert len(installs(checkout)) == 2


def test_the_tests_environment_serves_the_demo_but_not_the_other_way_round(checkout: Path) -> None:
    environment(checkout)
    run(checkout, "install_okng device,demo demo")
    run(checkout, "install_okng device,demo,train,test test demo")
    assert len(installs(checkout)) == 2
    run(checkout, "install_okng device,demo demo")
    assert len(installs(checkout)) == 2


def test_a_failed_install_leaves_no_stamp(checkout: Path) -> None:
    environment(checkout)
    (checkout / ".venv/bin/python").write_text(RECORDING_PYTHON + 'case "$*" in *pip*) exit 1;; esac\n')
    done = run(checkout, "install_okng device,demo demo")
    assert done.returncode == 3
    assert "could not be installed; check the network" in done.stderr
    run(checkout, "install_okng device,demo demo")
    assert len(installs(checkout)) == 2


def test_apt_is_asked_only_for_what_is_missing(checkout: Path) -> None:
    (checkout / "packages.txt").write_text("# why\nthere  for one test\nmissing  for another\n")
    program(checkout, "dpkg-query", '#!/bin/sh\ncase "$*" in *there*) echo installed;; *) exit 1;; esac\n')
    program(checkout, "apt-get", '#!/bin/sh\necho "$@" >>apt_calls\n')
    program(checkout, "sudo", '#!/bin/sh\nexec "$@"\n')
    assert run(checkout, "install_system_packages packages.txt").returncode == 0
    calls = (checkout / "apt_calls").read_text().splitlines()
    assert calls == ["update -q", "install -q -y --no-install-recommends missing"]


def test_nothing_missing_asks_nobody(checkout: Path) -> None:
    (checkout / "packages.txt").write_text("there\n")
    program(checkout, "dpkg-query", "#!/bin/sh\necho installed\n")
    assert run(checkout, "install_system_packages packages.txt").returncode == 0


def test_without_apt_the_packages_are_named(checkout: Path) -> None:
    (checkout / "packages.txt").write_text("one\ntwo\n")
    program(checkout, "dpkg-query", "#!/bin/sh\nexit 1\n")
    done = run(checkout, "install_system_packages packages.txt")
    assert done.returncode == 3
    assert "one two" in done.stderr


def run_legacy(checkout: Path) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "scripts" / "test-legacy", checkout / "scripts")
    return run(checkout, "scripts/test-legacy -q")


def test_tflite_runtime_without_its_python_says_so_in_one_sentence(checkout: Path) -> None:
    program(checkout, "python3", '#!/bin/sh\ncase "$*" in *"(3, 12)"*) exit 1;; esac\n')
    done = run_legacy(checkout)
    assert done.returncode == 3
    assert done.stderr == (
        "okng: tflite-runtime 2.14 has no wheels beyond Python 3.11; install Python 3.11 and name it by OKNG_PYTHON\n"
    )


def test_tflite_runtime_gets_an_environment_of_its_own_without_the_pinned_numpy(checkout: Path) -> None:
    environment(checkout)
    (checkout / ".venv").rename(checkout / ".venv-legacy")
    assert run_legacy(checkout).returncode == 0
    (install,) = installs(checkout)
    assert "-e .[tflite-legacy,test-legacy]" in install
    assert "constraints.txt" not in install
    assert (checkout / "calls").read_text().splitlines()[-1].endswith("-q tests/integration/models/test_tflite.py")
    assert not (checkout / ".venv").exists()
