"""Checks what documents promise: `python scripts/check_docs.py`.

commands    every `okng …` and `./scripts/…` in a document exists, with the options it is shown with
links       every relative link and picture leads to a file
languages   README.md and README.zh-CN.md have the same headings in number and depth, and the same commands
skips       every skipped test is listed with its reason in tests/skips.txt, and nothing else is
"""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
SKIPS = "tests/skips.txt"

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:okng|\./scripts/|scripts/)[^`]*)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_SKIPPERS = frozenset({"skip", "skipif", "xfail", "importorskip", "skipTest"})


def documents(root: Path) -> list[Path]:
    """The Markdown files that people read, in a fixed order."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def commands(text: str) -> list[str]:
    """Every command line a document shows, in its order: lines of fenced blocks, and inline code."""
    found = [
        (block.start() + at, line.removeprefix("$ ").removeprefix(".venv/bin/").strip())
        for block in _FENCE.finditer(text)
        for at, line in enumerate(block.group().splitlines())
    ]
    prose = _FENCE.sub(lambda block: " " * len(block.group()), text)
    found += [(match.start(1), match.group(1)) for match in _INLINE.finditer(prose)]
    return [line for _, line in sorted(found) if re.match(r"okng(\s|$)|(\./)?scripts/", line)]


def command_faults(line: str, root: Path, okng: click.Command) -> Iterator[str]:
    """What is wrong with one command line."""
    try:
        words = shlex.split(re.sub(r"[\[\]…]", " ", line), comments=True)
    except ValueError as error:
        yield f"`{line}` cannot be parsed: {error}"
        return
    if words[0] != "okng":
        if not (root / words[0]).is_file():
            yield f"`{line}`: there is no {words[0]}"
        if not words[0].endswith("/demo"):
            return
        words.insert(1, "demo")  # its options are those of the command it ends in
    yield from _okng_faults(line, words[1:], okng)


def _okng_faults(line: str, words: list[str], command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            yield f"`{line}`: okng has no command {words[0]}"
            return
        command, words = found, words[1:]
    known = {
        option for parameter in command.get_params(context) for option in parameter.opts + parameter.secondary_opts
    }
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and option not in known | {"--help", "-h"}:
            yield f"`{line}`: {command.name} has no option {option}"


def link_faults(document: Path) -> Iterator[str]:
    """Relative links of one document that lead nowhere."""
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        file = target.partition("#")[0]
        if file and "://" not in file and not file.startswith("mailto:") and not (document.parent / file).exists():
            yield f"the link to {target} leads nowhere"


def language_faults(english: str, chinese: str) -> Iterator[str]:
    """Where the two READMEs have drifted apart."""

    def depths(text: str) -> list[int]:
        return [len(mark) for mark in _HEADING.findall(_FENCE.sub("", text))]

    def shown(text: str) -> list[list[str]]:
        # What follows a # is a remark in the reader's language.
        return sorted(shlex.split(line, comments=True) for line in commands(text))

    if depths(english) != depths(chinese):
        yield f"README.md has headings of depth {depths(english)}, README.zh-CN.md {depths(chinese)}"
    if shown(english) != shown(chinese):
        only = [
            line for line in shown(english) + shown(chinese) if (line in shown(english)) != (line in shown(chinese))
        ]
        yield f"README.md and README.zh-CN.md do not show the same commands: {[' '.join(line) for line in only]}"


def skipped_tests(root: Path) -> set[str]:
    """Every place that skips a test, as `path::function` (`path::` at module level)."""
    found = set()
    for file in sorted((root / "tests").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= {f"{file.relative_to(root)}::{name}" for name in _skips_in(tree, "")}
    return found


def _skips_in(node: ast.AST, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else function
        if isinstance(child, ast.Attribute) and child.attr in _SKIPPERS:
            yield function
        yield from _skips_in(child, inner)


def skip_faults(root: Path) -> Iterator[str]:
    """Skips without a reason, and reasons without a skip."""
    listed: dict[str, str] = {}
    for line in (root / SKIPS).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            place, _, reason = line.partition(" ")
            listed[place] = reason.strip()
    found = skipped_tests(root)
    yield from (f"{place} skips without a reason in {SKIPS}" for place in sorted(found - listed.keys()))
    yield from (f"{SKIPS} lists {place}, which skips nothing" for place in sorted(listed.keys() - found))
    yield from (f"{SKIPS} gives no reason for {place}" for place, reason in listed.items() if not reason)


def faults(root: Path, okng: click.Command) -> Iterator[str]:
    """Everything that is wrong with the documents under `root`."""
    for document in documents(root):
        for line in commands(document.read_text(encoding="utf-8")):
            yield from (f"{document.name}: {fault}" for fault in command_faults(line, root, okng))
        yield from (f"{document.name}: {fault}" for fault in link_faults(document))
    english, chinese = (root / "README.md", root / "README.zh-CN.md")
    yield from language_faults(english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8"))
    yield from skip_faults(root)


def main() -> int:
    # The command itself is what the documents are held against.
    from appliance import cli

    for entry in entry_points(group="okng.commands"):
        cli.okng.add_command(entry.load(), name=entry.name)
    found = list(faults(ROOT, cli.okng))
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
