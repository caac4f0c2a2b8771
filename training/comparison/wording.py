"""What a comparison says: plain sentences in both languages, a table for the terminal, figures for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.comparison.figures import Figure, Interval, Verdicts
from training.comparison.pairs import Answer, Pair
from training.comparison.run import LETTERS, Comparison
from training.text import Text

NAMES: Mapping[str, Text] = {
    "auroc": Text("AUROC", "AUROC"),
    "average_precision": Text("average precision", "平均精度"),
    "accuracy": Text("accuracy", "准确率"),
    "macro_f1": Text("macro F1", "宏平均 F1"),
    "mean_iou": Text("mIoU", "平均交并比"),
    "wrong": Text("wrong", "判错"),
    "escapes": Text("escapes", "漏检"),
    "overkill": Text("overkill", "过杀"),
    "recheck": Text("recheck", "复检"),
}


@dataclass(frozen=True, slots=True)
class _Verb:
    """How a kind of mistake is told: "B misses 3 fewer of 60 defective parts"."""

    one: str
    both: str
    what: str
    zh: str
    what_zh: str


_VERBS: Mapping[str, _Verb] = {
    "wrong": _Verb("judges", "judge", "parts wrong", "判错", "个工件"),
    "escapes": _Verb("misses", "miss", "defective parts", "漏检", "个缺陷件"),
    "overkill": _Verb("rejects", "reject", "good parts", "误剔除", "个良品"),
    "recheck": _Verb("sends", "send", "parts to recheck", "送复检", "个工件"),
}


def sentence(found: Verdicts) -> Text:
    """One kind of mistake: who makes fewer, and whether that can be chance."""
    verb, more = _VERBS[found.key], found.b - found.a
    of, of_zh = f"{found.total} {verb.what}", f"{found.total} {verb.what_zh}"
    if not more:
        others = f", {found.only_a} of them others" if found.only_a else ""
        others_zh = f"，其中 {found.only_a} 个互不相同" if found.only_a else ""
        return Text(
            f"A and B {verb.both} {found.a} of {of}{others}; no difference was seen",
            f"A 与 B 均{verb.zh} {found.a} 个（共 {of_zh}）{others_zh}；未见差异",
        )
    chance, chance_zh = ("hardly chance", "不太可能是偶然") if found.told_apart else ("can be chance", "可能只是偶然")
    fewer, fewer_zh = ("fewer", "少") if more < 0 else ("more", "多")
    return Text(
        f"B {verb.one} {abs(more)} {fewer} of {of} ({found.a} → {found.b}); this {_is(chance)} (p = {_p(found.p)})",
        f"B 比 A {fewer_zh}{verb.zh} {abs(more)} 个（共 {of_zh}，{found.a} → {found.b}）；"
        f"这{chance_zh}（p = {_p(found.p)}）",
    )


def _is(chance: str) -> str:
    return chance if chance.startswith("can") else f"is {chance}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else "< 0.001"


def told(found: Figure) -> Text:
    """One figure: by how many points it differs."""
    name, points = NAMES[found.key], 100 * found.difference
    if found.interval is None:
        doubt = Text("too few parts or lots to say more", "工件或批次太少，无法得出更多结论")
    elif found.told_apart:
        doubt = Text("hardly chance", "不太可能是偶然")
    else:
        doubt = Text("can be chance", "可能只是偶然")
    span = _span(found.interval)
    return Text(
        f"{name.en} of B is {points:+.2f} points from A's{span.en}: {doubt.en}",
        f"B 的{name.zh}与 A 相差 {points:+.2f} 个百分点{span.zh}：{doubt.zh}",
    )


def _span(interval: Interval | None) -> Text:
    if interval is None:
        return Text("", "")
    low, high = (f"{100 * end:+.2f}" for end in interval)
    return Text(f" (95 % between {low} and {high})", f"（95 % 区间 {low} 至 {high}）")


def rows(found: Comparison) -> list[tuple[Text, str, str, str]]:
    """(figure, A, B, difference with its interval)."""
    table = [
        (NAMES[one.key], f"{100 * one.a:.2f}", f"{100 * one.b:.2f}", _difference(one.difference, one.interval))
        for one in found.compared.figures
    ]
    table += [
        (
            NAMES[one.key],
            f"{one.a} of {one.total}",
            f"{one.b} of {one.total}",
            f"{one.only_a} by A alone, {one.only_b} by B",
        )
        for one in found.compared.verdicts
    ]
    a, b = found.compared.latencies_ms
    for at, what, zh in ((0, "latency p50", "延迟 p50"), (1, "latency p99", "延迟 p99")):
        table.append((Text(what, zh), f"{a[at]:.1f} ms", f"{b[at]:.1f} ms", f"{b[at] / a[at]:.2f}x"))
    return table


def _difference(value: float, interval: Interval | None) -> str:
    ends = "" if interval is None else f" ({100 * interval[0]:+.2f} to {100 * interval[1]:+.2f})"
    return f"{100 * value:+.2f}{ends}"


def sentences(found: Comparison) -> list[Text]:
    """The most important first."""
    return [*(sentence(one) for one in found.compared.verdicts), *(told(one) for one in found.compared.figures)]


def differing(found: Comparison) -> list[Pair]:
    """Pictures with another verdict, those that one of the two gets wrong first."""
    pairs = [one for one in found.paired.pairs if one.differ]
    return sorted(pairs, key=lambda one: (one.a.wrong == one.b.wrong, one.picture.name))


def as_text(found: Comparison) -> str:
    """For people, in the terminal."""
    lines = [
        f"{letter}  {title}  {path}  {runtime}"
        for letter, title, path, runtime in zip(
            LETTERS, found.titles, found.request.packages, found.paired.runtimes, strict=True
        )
    ]
    compared = found.compared
    lines.append(f"on {compared.pictures} pictures of {compared.groups} parts or lots in {found.request.data}")
    lines += [f"  {name.en:18} {a:>14} {b:>14}   {difference}" for name, a, b, difference in rows(found)]
    lines += [f"{text.en}." for text in sentences(found)]
    pairs = differing(found)
    lines.append(f"{len(pairs)} pictures have another verdict{':' if pairs else '.'}")
    lines += [f"  {one.picture.name}  A {_said(one.a)}  B {_said(one.b)}" for one in pairs]
    return "\n".join([*lines, *(note.en for note in found.notes)])


def _said(answer: Answer) -> str:
    name = f" {answer.named}" if answer.named else ""
    return f"{answer.outcome}{name} {answer.score:.3f}{' (wrong)' if answer.wrong else ''}"


def as_dict(found: Comparison) -> dict[str, object]:
    """The same for programs."""
    compared, request = found.compared, found.request
    return {
        "packages": [
            {"file": str(path), "title": title, "hash": digest, "runtime": runtime}
            for path, title, digest, runtime in zip(
                request.packages, found.titles, found.hashes, found.paired.runtimes, strict=True
            )
        ],
        "data": str(request.data),
        "split": request.split,
        "subset": str(request.subset) if request.split is not None else None,
        "pictures": compared.pictures,
        "groups": compared.groups,
        "figures": {one.key: _figure(one) for one in compared.figures},
        "verdicts": {one.key: _verdicts(one) for one in compared.verdicts},
        "latency_ms": [{"p50": round(own[0], 3), "p99": round(own[1], 3)} for own in compared.latencies_ms],
        "differ": [_pair(one) for one in differing(found)],
        "left_out": [{"picture": name, "why": why} for name, why in found.paired.left_out],
        "sentences": [text.en for text in sentences(found)],
        "notes": [note.en for note in found.notes],
    }


def _figure(one: Figure) -> dict[str, object]:
    return {
        "a": one.a,
        "b": one.b,
        "difference": one.difference,
        "interval_95": _ends(one.interval),
        "told_apart": one.told_apart,
    }


def _verdicts(one: Verdicts) -> dict[str, object]:
    return {
        "total": one.total,
        "a": one.a,
        "b": one.b,
        "only_a": one.only_a,
        "only_b": one.only_b,
        "p": one.p,
        "interval_95": _ends(one.interval),
        "told_apart": one.told_apart,
    }


def _ends(interval: Interval | None) -> Sequence[float] | None:
    return None if interval is None else [round(end, 6) for end in interval]


def _pair(one: Pair) -> dict[str, object]:
    answers = {
        letter: {"outcome": str(own.outcome), "score": own.score, "named": own.named, "wrong": own.wrong}
        for letter, own in (("a", one.a), ("b", one.b))
    }
    return {"picture": one.picture.name, "label": one.picture.label, "good": one.good, **answers}
