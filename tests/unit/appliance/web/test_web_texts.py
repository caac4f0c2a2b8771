"""The catalogue holds every text of the page in both languages, and the page uses nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import appliance.web
from appliance.web.texts import TEXTS, accepted_language, as_module, text

WEB = Path(appliance.web.__file__).parent
KEY = re.compile(r"""["']([a-z]+\.[a-z_]+)["']""")
CJK = re.compile(r"[\u4e00-\u9fff]")
# The trade says these in Chinese as they are; the switch names the other language in that language.
SAME_IN_CHINESE = {"verdict.ok", "verdict.ng", "device.plc", "device.mqtt", "page.switch", "count.yield_is"}


def used_keys() -> dict[str, str]:
    """Key → the file that names it. A script names a file of its own only with a slash, never as "word.word"."""
    files = [*WEB.glob("templates/*.html"), *WEB.glob("static/*.js")]
    assert files
    return {key: file.name for file in files for key in KEY.findall(file.read_text("utf-8"))}


def test_every_key_the_page_uses_is_in_the_catalogue() -> None:
    missing = {key: file for key, file in used_keys().items() if key not in TEXTS}
    assert missing == {}


def test_every_text_of_the_catalogue_is_used() -> None:
    assert set(TEXTS) - set(used_keys()) == set()


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_say_it_with_the_same_values(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english.strip() == english != ""
    assert chinese.strip() == chinese != ""
    assert sorted(re.findall(r"{(\w+)}", english)) == sorted(re.findall(r"{(\w+)}", chinese))
    assert not CJK.search(english) or key in {"page.switch", "page.switch_label"}
    assert not re.search(r"[,;:()]", chinese), "Chinese has its own punctuation"
    words = re.sub(r"{\w+}", "", english)
    assert CJK.search(chinese) or key in SAME_IN_CHINESE or not re.search(r"[A-Za-z]", words)


def test_template_has_no_words_of_its_own() -> None:
    body = (WEB / "templates" / "live.html").read_text("utf-8")
    body = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", " ", body, flags=re.DOTALL)
    assert re.findall(r"[^\s–]+", body) == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("de-DE,zh;q=0.5,en;q=0.4", "zh"),
        ("en;q=0.2, zh-Hant-TW;q=0.3", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=junk", "zh"),
        (";;;,,q=1", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_language_of_a_browser(header: str, language: str) -> None:
    assert accepted_language(header) == language


def test_module_carries_the_whole_catalogue() -> None:
    table = json.loads(as_module().removeprefix("export const TEXTS = ").removesuffix(";\n"))
    assert {key: (entry["en"], entry["zh"]) for key, entry in table.items()} == {k: tuple(v) for k, v in TEXTS.items()}


def test_an_unknown_key_is_a_bug_and_not_an_empty_word() -> None:
    with pytest.raises(KeyError):
        text("verdict.nothing", "en")
