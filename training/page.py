"""Self-contained HTML pages in English and Chinese: one file, no network, no script, a language switch at the top.

A text that exists in one language alone (a file's name, a figure, a sentence not translated) is shown in both.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from training.text import Said, Text

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ccc}
table{border-collapse:collapse}td,th{padding:.2em .6em;border:1px solid #ccc;text-align:left;vertical-align:top}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(15em,1fr));gap:1em}
.pictures img{width:100%}figure{margin:0}figcaption{font-size:.85em;overflow-wrap:anywhere}
.pictures+.pictures{border-top:1px solid #ccc;padding-top:1em;margin-top:1em}
.note{color:#555}svg{max-width:100%;height:auto}.languages{float:right}h1,h2,p,li{overflow-wrap:anywhere}
.wide{overflow-x:auto;margin:.6em 0}.charts{display:flex;flex-wrap:wrap;gap:1em 2em;margin:1em 0}
.charts figure{max-width:440px}
body:has(#in-en:checked) :lang(zh-Hans).said,body:has(#in-zh:checked) :lang(en).said{display:none}"""
_SWITCH = (
    '<form class="languages"><label><input type="radio" name="in" id="in-en" checked> English</label> '
    '<label lang="zh-Hans"><input type="radio" name="in" id="in-zh"> 中文</label></form>'
)


def shown(text: Said) -> str:
    """HTML of a text; everything is escaped."""
    if isinstance(text, Text):
        return (
            f'<span class="said" lang="en">{escape(text.en)}</span>'
            f'<span class="said" lang="zh-Hans">{escape(text.zh)}</span>'
        )
    return escape(str(text))


def heading(text: Said, level: int = 2) -> str:
    return f"<h{level}>{shown(text)}</h{level}>"


def paragraph(text: Said, note: bool = False) -> str:
    return f'<p class="note">{shown(text)}</p>' if note else f"<p>{shown(text)}</p>"


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """An HTML table, which scrolls by itself where the page is narrower; everything is escaped."""
    top = "".join(f"<th>{_cell(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    # Without a tab stop nobody could scroll it by keyboard.
    return f'<div class="wide" tabindex="0"><table><tr>{top}</tr>{body}</table></div>'


def _cell(cell: object) -> str:
    return shown(cell if isinstance(cell, Text) else str(cell))


def figure(caption: Said, image: NDArray[np.uint8]) -> str:
    """A picture `(H, W)` or `(H, W, 3)` BGR inside the page, as JPEG."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    source = base64.b64encode(bytes(data)).decode()
    return (
        f'<figure><img alt="" src="data:image/jpeg;base64,{source}"><figcaption>{shown(caption)}</figcaption></figure>'
    )


def folded(title: Said, content: str) -> str:
    """`content`, which is HTML, behind a title that opens it."""
    return f"<details><summary>{shown(title)}</summary>{content}</details>"


def bullets(texts: Iterable[Said]) -> str:
    """A list; nothing where there is none."""
    items = "".join(f"<li>{shown(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def pictures(figures: Iterable[str]) -> str:
    """Figures side by side."""
    return f'<div class="pictures">{"".join(figures)}</div>'


def charts(drawn: Iterable[str]) -> str:
    """Charts side by side where there is room."""
    return f'<div class="charts">{"".join(drawn)}</div>'


def page(title: str, sections: Iterable[str]) -> str:
    """The whole file."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = f"<header>{_SWITCH}</header><main>{''.join(sections)}</main>"
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'
