"""A finished run in a few sentences and as figures; every rate with its interval, and what was never seen first."""

from __future__ import annotations

import json
from collections import Counter

from models.decision import Outcome
from training.proof import bound_of
from training.report import classes, tried, unseen
from training.report.account import Account
from training.report.networks import network_figures, told
from training.report.scored import Scored
from training.report.wording import certificate, joined, rate
from training.run import TrainingRun
from training.splits import unseen_text
from training.text import Text, same

_ONE_GROUP = Text(
    "All good pictures are of one lot: expect worse on the next one, and add pictures of a second lot.",
    "所有合格图像来自同一批次：下一批次的结果会更差，请补充另一批次的图像。",
)


def sentences(account: Account) -> list[Text]:
    """What was trained on what, what is proven, and one line for each further network file."""
    run = account.run
    presence = [same(run.presence.text)] if run.presence.text else []
    return [*summed_up(account), *certificate(account.proven), *told(run.networks), *presence]


def summed_up(account: Account) -> list[Text]:
    """What the report begins with: test pictures first."""
    run = account.run
    good, bad = len(run.data.good), len(run.data.defective)
    clauses = [Text(f"Trained on {good} good and {bad} defective pictures", f"用 {good} 张合格、{bad} 张缺陷图像训练")]
    clauses += _rates(account.held_out, Text("held out", "留出"))
    if account.auroc is not None:
        clauses.append(same(f"AUROC {account.auroc}"))
    lot = [_ONE_GROUP] if run.data.one_group else []
    return [*unseen.sentences(run.unseen), joined(clauses), Text(run.mode.text_en, run.mode.text_zh), *lot]


def _rates(scored: Scored, where: Text) -> list[Text]:
    overkill = rate(scored.rate((Outcome.NG,), bad=False))
    said = [Text(f"{where.en}: overkill (NG) {overkill.en}", f"{where.zh}：过杀（NG）{overkill.zh}")]
    if not scored.defects:
        return [*said, Text("no defective picture was shown", "没有提供缺陷图像")]
    escapes = rate(scored.rate((Outcome.OK,), bad=True))
    return [*said, Text(f"escapes (OK) {escapes.en}", f"漏检（OK）{escapes.zh}")]


def outcomes(scored: Scored) -> dict[str, Counter[str]]:
    """Folder → outcome → count."""
    return {
        label: Counter({outcome.value: count for outcome, count in scored.counts(label).items()})
        for label in sorted(set(scored.labels))
    }


def figures(account: Account) -> dict[str, object]:
    """The figures `--json` prints."""
    run, proven = account.run, account.proven
    limits = run.calibration.limits
    return {
        "package": str(run.request.package),
        "package_bytes": run.package_bytes,
        "mode": {"name": run.mode.mode, "en": run.mode.text_en, "zh": run.mode.text_zh},
        "good": len(run.data.good),
        "defective": len(run.data.defective),
        "copies_left_out": len(run.data.copies),
        "findings": {one.code: one.weight.en.lower() for one in account.findings},
        "scorer": str(run.crossfit.candidate),
        "tried": tried.figures(account.contenders),
        "auroc_held_out": None if account.auroc is None else account.auroc.value,
        "auroc_held_out_interval_95": None if account.auroc is None else account.auroc.figures()["interval_95"],
        "auroc_held_out_fp32": run.fp32_auroc,
        "limits": {"ok_below": limits.ok_below, "ng_from": limits.ng_from},
        "certificate": json.loads(proven.to_bytes()),
        "overkill_bound_95": bound_of(proven, "overkill"),
        "stopped_bound_95": bound_of(proven, "stopped"),
        "outcomes": {label: dict(rows) for label, rows in outcomes(account.held_out).items()},
        "classes": classes.figures(account.held_out),
        "parity": {one.runtime: {"flips": len(one.flips), "moves": len(one.moves)} for one in run.calibration.parity},
        "networks": network_figures(run.networks),
        "latency": [one.figures() for one in account.latency],
        "presence": _presence(run),
        "unseen": unseen_text.figures(run.unseen),
        "unseen_classes": None if account.test is None else classes.figures(account.test),
        "named_right": [run.prototypes.right, run.prototypes.asked] if run.prototypes else None,
        "config_sha256": run.manifest.training.config_sha256,
        "data_sha256": run.manifest.training.data_sha256,
    }


def _presence(run: TrainingRun) -> dict[str, object] | None:
    entry = run.presence.entry
    if entry is None:
        return {"taught": False, "why": run.presence.text} if run.presence.refused else None
    return {"taught": True, "empty": entry.pictures, "limit": entry.limit, "nearest_part": entry.nearest_part}
