"""What summary, figures and report tell of pictures that training never saw."""

from __future__ import annotations

from training.data.dataset import listed
from training.page import heading, paragraph, table
from training.splits.unseen import Caught, Unseen
from training.text import Text

# AUROC and the rates of escapes and overkill; the report has the rest.
_IN_SUMMARY = 3
_REGRESSION_HEAD = (
    Text("runtime", "推理引擎"),
    Text("old escapes", "旧漏检"),
    Text("missed", "仍漏检"),
    Text("which", "哪些"),
    Text("good ones rejected", "误判的良品"),
)


def sentences(unseen: Unseen) -> list[str]:
    """What a summary says."""
    said = []
    for sheet in unseen.test:
        told = "; ".join(f"{' '.join(what.split())} {how}" for what, how in sheet.rows[:_IN_SUMMARY])
        said.append(f"{unseen.pictures} test pictures that nothing was chosen on, {sheet.runtime}: {told}.")
    said += [f"Regression set, {caught_text(one)}" for one in unseen.regression]
    if unseen.accepted:
        said.append(f"{len(unseen.missed)} old escapes are not caught; that was accepted: {unseen.accepted}")
    return [*said, *unseen.notes]


def figures(unseen: Unseen) -> dict[str, object] | None:
    """The same for programs; None where nothing was held out."""
    if not unseen.test and not unseen.regression:
        return None
    return {
        "split": unseen.split or None,
        "split_sha256": unseen.split_sha256,
        "pictures": unseen.pictures,
        "test": [dict(sheet.figures) for sheet in unseen.test],
        "regression": [caught_figures(one) for one in unseen.regression],
        "accepted_escapes": unseen.accepted or None,
        "notes": list(unseen.notes),
    }


def caught_text(found: Caught) -> str:
    """A sentence on the regression set."""
    caught = found.defective - len(found.missed)
    missed = f"; missed: {listed([*found.missed])}" if found.missed else ""
    rejected = f"; good and rejected: {listed([*found.good_rejected])}" if found.good_rejected else ""
    return f"{found.runtime}: {caught} of {found.defective} old escapes are caught{missed}{rejected}."


def caught_figures(found: Caught) -> dict[str, object]:
    """The same for programs."""
    return {
        "runtime": found.runtime,
        "defective": found.defective,
        "missed": list(found.missed),
        "good_rejected": list(found.good_rejected),
    }


def section(unseen: Unseen, tested: str | None = None) -> str:
    """The report's section; empty where nothing was held out. `tested`: HTML in place of the table of test figures."""
    if not unseen.test and not unseen.regression:
        return ""
    text = heading(Text("Pictures that training never saw", "训练从未见过的图像"))
    if unseen.test:
        digest = unseen.split_sha256
        text += paragraph(
            Text(
                f"{unseen.pictures} test pictures of the split {unseen.split} ({digest}), on which nothing was chosen; "
                "intervals are exact.",
                f"数据划分 {unseen.split}（{digest}）的 {unseen.pictures} 张测试图像，未用于任何选择；区间为精确区间。",
            )
        )
        text += tested or _table(unseen)
    if unseen.regression:
        text += paragraph(Text("Regression set: what an earlier model let escape.", "回归集：以前的模型漏检的图像。"))
        rows = [
            (one.runtime, one.defective, len(one.missed), listed([*one.missed], 24), listed([*one.good_rejected], 24))
            for one in unseen.regression
        ]
        text += table(_REGRESSION_HEAD, rows)
    if unseen.accepted:
        count = len(unseen.missed)
        text += paragraph(
            Text(
                f"{count} old escapes are not caught; that was accepted: {unseen.accepted}",
                f"有 {count} 个旧漏检未被检出；已有人对此负责：{unseen.accepted}",
            )
        )
    return text + "".join(paragraph(note, note=True) for note in unseen.notes)


def _table(unseen: Unseen) -> str:
    head = (Text("figure", "指标"), *(sheet.runtime for sheet in unseen.test))
    whats = [what for what, _ in unseen.test[0].rows]
    rows: list[tuple[str, ...]] = []
    for at, what in enumerate(whats):
        rows.append((what, *(sheet.rows[at][1] for sheet in unseen.test)))
    return table(head, rows)
