"""Suggestions as a table for spreadsheets, as figures for programs, and as a page with the pictures."""

from __future__ import annotations

import csv
from io import StringIO

import cv2
import numpy as np
from numpy.typing import NDArray

from models.picture_file import read_picture
from training.page import figure, heading, page, paragraph, pictures
from training.suggestion.choose import Suggestion, Why
from training.suggestion.run import Suggested
from training.text import Text

_COLUMNS = ("picture", "why", "score", "outcome", "unfit", "distance", "probability")
_WIDTH_PX = 320
_TITLES = {
    Why.AUDIT: Text("Drawn at random", "随机抽取"),
    Why.NEAR: Text("Near the limits", "接近判定界限"),
    Why.NOVEL: Text("Unlike anything labelled", "与已标注图片都不相似"),
}
_REASONS = {
    Why.AUDIT: Text(
        "Label every one of them, the dull ones too: only these say how often the model is wrong.",
        "请逐张标注，包括普通的图片：只有它们能说明模型出错的频率。",
    ),
    Why.NEAR: Text(
        "The model hesitates here, so each label teaches it most. Never count its mistakes by them.",
        "模型在此处犹豫，标注这些图片收效最大。请勿用它们统计错误率。",
    ),
    Why.NOVEL: Text(
        "The model has never seen the like: new defects, other light, other parts.",
        "模型从未见过类似图片：可能是新缺陷、不同光照或其他零件。",
    ),
}


def as_csv(found: Suggested) -> str:
    """One row a picture, with `_COLUMNS` as header."""
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows(_row(one) for one in found.chosen)
    return out.getvalue()


def _row(one: Suggestion) -> tuple[str, ...]:
    probability = "" if one.probability is None else f"{one.probability:.6f}"
    seen = one.seen
    figures = (f"{seen.score:.4f}", seen.outcome.value, seen.unfit, f"{one.distance:.3f}", probability)
    return (seen.candidate.name, one.why.value, *figures)


def as_dict(found: Suggested) -> dict[str, object]:
    """The same for programs."""
    rows = [dict(zip(_COLUMNS, _row(one), strict=True)) for one in found.chosen]
    return {
        "candidates": found.candidates,
        "limits": {"ok_below": found.limits.ok_below, "ng_from": found.limits.ng_from},
        "suggestions": rows,
        "unreadable": list(found.broken),
        "audit_round": None if found.round is None else found.round.round,
        "audit_waiting": found.waiting,
    }


def as_text(found: Suggested) -> str:
    """A line a picture and what to do."""
    lines = [f"{len(found.chosen)} of {found.candidates} pictures to label next:"]
    for one in found.chosen:
        seen = one.seen
        verdict = f"{seen.outcome.value} {seen.score:.3f}" + (f", unfit: {seen.unfit}" if seen.unfit else "")
        lines.append(f"  {one.why.value:6} {seen.candidate.name}  ({verdict}, distance {one.distance:.2f})")
    if found.round is not None:
        chance = found.round.drawn / found.round.of
        lines.append(
            f"audit round {found.round.round}: {found.round.drawn} drawn at random, each with probability "
            f"{chance:.2%}; label all of them, then `okng eval --audited` says how often this package is wrong"
        )
    if found.waiting:
        lines.append(f"{found.waiting} pictures of earlier audit rounds have no label yet; label them too")
    lines += [f"cannot be read: {sentence}" for sentence in found.broken]
    return "\n".join(lines)


def as_page(found: Suggested) -> str:
    """The pictures by reason, in both languages."""
    sections = [heading(Text("What to label next", "下一步标注建议"), 1), paragraph(_counted(found))]
    for why in Why:
        rows = [one for one in found.chosen if one.why is why]
        if rows:
            sections += [heading(_TITLES[why]), paragraph(_REASONS[why], note=True), pictures(map(_figure, rows))]
    return page("okng suggest", sections)


def _counted(found: Suggested) -> Text:
    count, of = len(found.chosen), found.candidates
    low, high = found.limits.ok_below, found.limits.ng_from
    return Text(
        f"{count} of {of} pictures without a label. OK below {low:.3f}, NG from {high:.3f}.",
        f"共 {of} 张未标注图片，建议标注 {count} 张。分数低于 {low:.3f} 为 OK，不低于 {high:.3f} 为 NG。",
    )


def _figure(one: Suggestion) -> str:
    seen = one.seen
    return figure(f"{seen.candidate.name}: {seen.outcome.value} {seen.score:.3f} {seen.unfit}".rstrip(), _small(one))


def _small(one: Suggestion) -> NDArray[np.uint8]:
    image = read_picture(one.seen.candidate.path)
    height = max(1, round(_WIDTH_PX * image.shape[0] / image.shape[1]))
    return np.asarray(cv2.resize(image, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
