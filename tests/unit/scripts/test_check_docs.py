"""The check of documents finds each kind of lie, and is silent about the truth."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from scripts.check_docs import command_faults, commands, faults, language_faults, link_faults, skip_faults


@click.group()
def okng() -> None:
    pass


@okng.command()
@click.option("--seconds", type=int)
@click.option("--headless", is_flag=True)
def demo(seconds: int, headless: bool) -> None:
    pass


@okng.group()
def package() -> None:
    pass


@package.command()
@click.argument("file")
def inspect(file: str) -> None:
    pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "demo").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "skips.txt").write_text("# reasons\n")
    (tmp_path / "README.md").write_text("# A\n\n[zh](README.zh-CN.md)\n\n```sh\nokng demo --seconds 3  # try\n```\n")
    (tmp_path / "README.zh-CN.md").write_text("# 甲\n\n```sh\nokng demo --seconds 3  # 试\n```\n")
    return tmp_path


def test_a_truthful_tree_has_no_faults(root: Path) -> None:
    assert list(faults(root, okng)) == []


def test_commands_are_found_in_blocks_and_in_prose() -> None:
    block = "```\n$ okng package inspect a.okng\nother okng demo\n```\n"
    text = f"Run `okng demo` or `./scripts/demo --headless`.\n{block}okng is\n"
    assert commands(text) == ["okng demo", "./scripts/demo --headless", "okng package inspect a.okng"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("okng dance", "okng has no command dance"),
        ("okng demo --secs 3", "demo has no option --secs"),
        ("okng package look x", "okng has no command look"),
        ("okng package inspect x --fast", "inspect has no option --fast"),
        ("./scripts/gone", "there is no ./scripts/gone"),
        ("./scripts/demo --secs 3", "demo has no option --secs"),
        ('okng demo "', "cannot be parsed"),
    ],
)
def test_a_command_that_is_not_there_is_named(root: Path, line: str, fault: str) -> None:
    assert [fault in found for found in command_faults(line, root, okng)] == [True]


@pytest.mark.parametrize(
    "line", ["okng demo [--headless --seconds N …]", "okng package inspect x.okng", "okng --help", "./scripts/demo"]
)
def test_a_command_that_is_there_passes(root: Path, line: str) -> None:
    assert list(command_faults(line, root, okng)) == []


def test_a_link_that_leads_nowhere_is_named(root: Path) -> None:
    (root / "README.md").write_text(
        "[a](gone.md) ![b](pictures/gone.png) [c](https://example.org) [d](README.md#a) [e](#a)"
    )
    assert [fault.split()[3] for fault in link_faults(root / "README.md")] == ["gone.md", "pictures/gone.png"]


def test_the_languages_may_not_drift_apart() -> None:
    english = "# A\n## B\n```\nokng demo\n```\n"
    assert not list(language_faults(english, english))
    assert any("headings" in fault for fault in language_faults(english, "# A\n```\nokng demo\n```\n"))
    assert any(
        "same commands" in fault for fault in language_faults(english, "# A\n## B\n```\nokng demo --headless\n```\n")
    )


@pytest.mark.parametrize(
    "skip",
    [
        "@pytest.mark.skip\ndef test_a(): ...\n",
        "@pytest.mark.skipif(True, reason='x')\ndef test_a(): ...\n",
        "@pytest.mark.xfail\ndef test_a(): ...\n",
        "def test_a():\n    pytest.skip('x')\n",
        "def test_a():\n    pytest.importorskip('x')\n",
    ],
)
def test_a_skip_needs_a_listed_reason(root: Path, skip: str) -> None:
    (root / "tests" / "test_x.py").write_text(f"import pytest\n{skip}")
    assert list(skip_faults(root)) == ["tests/test_x.py::test_a skips without a reason in tests/skips.txt"]
    (root / "tests" / "skips.txt").write_text("tests/test_x.py::test_a needs a GPU\n")
    assert list(skip_faults(root)) == []
    (root / "tests" / "skips.txt").write_text("tests/test_x.py::test_a\n")
    assert list(skip_faults(root)) == ["tests/skips.txt gives no reason for tests/test_x.py::test_a"]


def test_a_module_that_skips_as_a_whole_is_found(root: Path) -> None:
    (root / "tests" / "test_x.py").write_text("import pytest\npytestmark = pytest.mark.skip\n")
    assert list(skip_faults(root)) == ["tests/test_x.py:: skips without a reason in tests/skips.txt"]


def test_a_reason_without_a_skip_is_named(root: Path) -> None:
    (root / "tests" / "skips.txt").write_text("tests/test_gone.py::test_a needs a GPU\n")
    assert list(skip_faults(root)) == ["tests/skips.txt lists tests/test_gone.py::test_a, which skips nothing"]
