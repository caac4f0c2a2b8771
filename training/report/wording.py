"""Figures in words of both languages; a rate is never said without its interval."""

from __future__ import annotations

from collections.abc import Sequence

from models.certificate import Certificate
from models.certificate_text import lines, summary
from models.decision import Outcome
from training.metrics.rate import Rate
from training.text import Text

OUTCOMES = (Outcome.OK, Outcome.RECHECK, Outcome.NG)


def rate(found: Rate) -> Text:
    """How many of how many, with the exact interval."""
    if not found.total:
        return Text("none to judge", "没有可判定的图像")
    low, high = found.interval()
    share = found.count / found.total
    return Text(str(found), f"{found.count}/{found.total}（{share:.1%}；95 % 区间 {low:.1%} – {high:.1%}）")


def certificate(issued: Certificate) -> tuple[Text, ...]:
    """The certificate, a sentence a line."""
    both = zip(lines(issued, "en"), lines(issued, "zh"), strict=True)
    return tuple(Text(en, zh) for en, zh in both)


def certified(issued: Certificate) -> Text:
    """The bounds alone, in one line."""
    return Text(f"Certified: {summary(issued, 'en')}.", f"已证明：{summary(issued, 'zh')}。")


def joined(texts: Sequence[Text]) -> Text:
    """Several clauses as one sentence."""
    return Text("; ".join(text.en for text in texts) + ".", "；".join(text.zh for text in texts) + "。")


def megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
