"""Names of files and folders that some system or tool cannot take. Letters of any script are fine."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from training.check.findings import Finding, Severity, many
from training.text import Text

_LONGEST = 200
# What Windows and exFAT (every memory stick) refuse.
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?")


def check_names(names: Sequence[str]) -> Iterator[Finding]:
    """Control characters, blanks at the ends, names that clash or that Windows refuses; of paths inside the data."""
    yield from _characters(names)
    yield from _elsewhere(names)
    yield from _clashes(names)


def _characters(names: Sequence[str]) -> Iterator[Finding]:
    wrong = [(name, why) for name in names for why in _trouble(name)[:1]]
    if wrong:
        yield Finding(
            "name-characters",
            Severity.WARNING,
            Text("Names with characters that nobody sees", "名称中有不可见字符"),
            Text(
                f"{many(len(wrong), 'name')} with control characters, blanks at an end, or bytes that are no UTF-8: "
                "tables and label files lose them.",
                f"{len(wrong)} 个名称含控制字符、首尾空格或非 UTF-8 字节：表格和标注文件会丢失它们。",
            ),
            Text("Rename them.", "请改名。"),
            tuple(name for name, _ in wrong),
            remarks=tuple(wrong),
        )


def _trouble(name: str) -> list[str]:
    found = []
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in name):
        found.append("not UTF-8")
    # Cc and Cf: control characters, and such that show nothing or turn the direction of what follows.
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in name):
        found.append("control character")
    if any(part != part.strip() for part in name.split("/")):
        found.append("blank at an end")
    if any(stem != stem.rstrip() for stem in [name.rpartition(".")[0]]):
        found.append("blank before the ending")
    return found


def _elsewhere(names: Sequence[str]) -> Iterator[Finding]:
    wrong = [name for name in names if len(name) > _LONGEST or any(_refused(part) for part in name.split("/"))]
    if wrong:
        yield Finding(
            "name-elsewhere",
            Severity.NOTE,
            Text("Names that Windows or a memory stick refuses", "Windows 或 U 盘不接受的名称"),
            Text(
                f'{many(len(wrong), "name")}: longer than {_LONGEST} characters, with one of < > : " | ? * \\, with a '
                "point at the end, or a device's name such as CON.",
                f'{len(wrong)} 个名称：超过 {_LONGEST} 个字符，含 < > : " | ? * \\ 之一，'
                "以句点结尾，或是 CON 等设备名。",
            ),
            Text("Rename them before the data set is copied there.", "复制前请改名。"),
            tuple(wrong),
        )


def _refused(part: str) -> bool:
    return bool(_FORBIDDEN.search(part) or _DEVICES.fullmatch(part) or part.endswith("."))


def _clashes(names: Sequence[str]) -> Iterator[Finding]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[unicodedata.normalize("NFC", name).casefold()].append(name)
    groups = tuple(tuple(group) for group in alike.values() if len(group) > 1)
    if groups:
        yield Finding(
            "name-clash",
            Severity.WARNING,
            Text("Names that differ in case or spelling of accents alone", "仅大小写或重音写法不同的名称"),
            Text(
                f"{many(len(groups), 'group')} of names: on Windows, macOS and memory sticks one overwrites the other.",
                f"{len(groups)} 组名称：在 Windows、macOS 和 U 盘上会互相覆盖。",
            ),
            Text("Rename one of each.", "请将其中之一改名。"),
            tuple(name for group in groups for name in group),
            groups,
        )
