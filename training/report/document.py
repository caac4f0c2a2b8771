"""What a finished run tells: a summary, figures, and one HTML file that needs nothing else.

Every score in it is held out: it was given by a scorer that never saw the picture.
"""

from __future__ import annotations

import json
from collections import Counter
from html import escape

from models.certificate_text import lines
from models.decision import outcome_of
from models.intervals import two_sided
from models.runtimes.choose import REFERENCE
from training.metrics.ranking import auroc
from training.page import figure, page, pictures, table
from training.proof import bound_of, proof
from training.rehearsal import chosen_by
from training.report.networks import network_figures, network_table, sentences
from training.report.parts import histogram, latency_rows, overlay
from training.run import TrainingRun
from training.splits import unseen_text

_WORST = 24


def held_out_auroc(run: TrainingRun) -> float | None:
    """AUROC of the shipped scorer on held-out pictures, or none without defective ones."""
    if not len(run.crossfit.defective):
        return None
    return auroc(run.crossfit.good, run.crossfit.defective)


def outcomes(run: TrainingRun) -> dict[str, Counter[str]]:
    """Folder → outcome → count, by held-out scores and default limits."""
    pictures = [*run.data.good, *run.data.defective]
    found: dict[str, Counter[str]] = {}
    for picture, score in zip(pictures, run.calibration.scores[REFERENCE], strict=True):
        found.setdefault(picture.label, Counter())[outcome_of(float(score), run.calibration.limits).value] += 1
    return found


def summary(run: TrainingRun) -> str:
    """What was trained on what, what is proven, and one line for each further network file."""
    good, bad = len(run.data.good), len(run.data.defective)
    counts = outcomes(run)
    good_ok = counts["good"]["OK"]
    missed = sum(rows["OK"] for label, rows in counts.items() if label != "good")
    value = held_out_auroc(run)
    parts = [
        f"Trained on {good} good and {bad} defective pictures; held out, {good_ok} of {good} good ones are OK",
        f"{missed} of {bad} defective ones are OK (escapes)" if bad else "no defective picture was shown",
    ]
    if value is not None:
        parts.append(f"AUROC {100 * value:.2f}")
    shown = "; ".join(parts) + "." + _one_group_warning(run)
    told = [run.presence.text] if run.presence.text else []
    unseen = unseen_text.sentences(run.unseen)
    return "\n".join([shown, *lines(proof(run), "en"), *unseen, *sentences(run.networks), *told])


def _one_group_warning(run: TrainingRun) -> str:
    if not run.data.one_group:
        return ""
    return " All good pictures are of one lot: expect worse on the next one, and add pictures of a second lot."


def figures(run: TrainingRun) -> dict[str, object]:
    """The figures `--json` prints."""
    value = held_out_auroc(run)
    limits = run.calibration.limits
    proven = proof(run)
    return {
        "package": str(run.request.package),
        "package_bytes": run.package_bytes,
        "good": len(run.data.good),
        "defective": len(run.data.defective),
        "copies_left_out": len(run.data.copies),
        "scorer": str(run.crossfit.candidate),
        "tried": [[str(one.candidate), auroc(one.good, one.defective)] for one in run.tried] if value else [],
        "auroc_held_out": value,
        "auroc_held_out_fp32": run.fp32_auroc,
        "limits": {"ok_below": limits.ok_below, "ng_from": limits.ng_from},
        "certificate": json.loads(proven.to_bytes()),
        "overkill_bound_95": bound_of(proven, "overkill"),
        "stopped_bound_95": bound_of(proven, "stopped"),
        "outcomes": {label: dict(rows) for label, rows in sorted(outcomes(run).items())},
        "parity": {one.runtime: {"flips": len(one.flips), "moves": len(one.moves)} for one in run.calibration.parity},
        "networks": network_figures(run.networks),
        "presence": _presence(run),
        "unseen": unseen_text.figures(run.unseen),
        "named_right": [run.prototypes.right, run.prototypes.asked] if run.prototypes else None,
        "config_sha256": run.manifest.training.config_sha256,
        "data_sha256": run.manifest.training.data_sha256,
    }


def _presence(run: TrainingRun) -> dict[str, object] | None:
    entry = run.presence.entry
    if entry is None:
        return {"taught": False, "why": run.presence.text} if run.presence.refused else None
    return {"taught": True, "empty": entry.pictures, "limit": entry.limit, "nearest_part": entry.nearest_part}


def html(run: TrainingRun) -> str:
    """The whole report."""
    title = f"{run.request.id} {run.request.version}"
    sections = [
        f"<h1>{escape(title)}</h1><p>{escape(summary(run)).replace(chr(10), '<br>')}</p>",
        _data(run),
        "<h2>Held-out scores and limits</h2>" + _scores(run),
        "<h2>Outcomes by folder</h2>" + _outcomes(run),
        unseen_text.section(run.unseen),
        "<h2>INT8 against fp32, and the runtimes</h2>" + _runtimes(run),
        "<h2>Scorers tried</h2>" + _tried(run),
        "<h2>Pictures to look at first</h2>" + _pictures(run),
        "<h2>Origin</h2>" + _origin(run),
    ]
    return page(title, sections)


def _data(run: TrainingRun) -> str:
    pictures = (*run.data.pictures, *run.data.empty)
    counts = Counter(picture.label for picture in pictures)
    rows = [
        (label, count, sum(p.marks.outlined for p in pictures if p.label == label))
        for label, count in sorted(counts.items())
    ]
    groups = len({picture.group for picture in run.data.good})
    copies = [(left, right) for left, right in run.data.copies]
    text = table(("folder", "pictures", "with mask"), rows)
    text += f"<p>{groups} groups of good pictures; groups never cross a fold.</p>" if groups > 1 else ""
    if copies:
        text += f"<p>{len(copies)} exact copies were left out:</p>" + table(("left out", "equals"), copies[:50])
    return "<h2>Data</h2>" + text


def _scores(run: TrainingRun) -> str:
    scores = run.calibration.scores[REFERENCE]
    good, bad = scores[: len(run.data.good)], scores[len(run.data.good) :]
    limits = run.calibration.limits
    text = "".join(f"<p>{escape(line)}</p>" for line in lines(proof(run), "en"))
    text += '<p class="note">Confirm them on later parts.</p>'
    text += f"<p>OK below {limits.ok_below:.4f}, NG from {limits.ng_from:.4f}, RECHECK between.</p>"
    return histogram(good, bad, limits) + text


def _outcomes(run: TrainingRun) -> str:
    rows = []
    for label, counts in sorted(outcomes(run).items()):
        total = sum(counts.values())
        wrong = counts["NG"] if label == "good" else counts["OK"]
        low, high = two_sided(wrong, total)
        kind = "overkill" if label == "good" else "escapes"
        rows.append((label, counts["OK"], counts["RECHECK"], counts["NG"], f"{kind} {low:.1%} to {high:.1%}"))
    text = table(("folder", "OK", "RECHECK", "NG", "95 % interval"), rows)
    if run.prototypes:
        right, asked = run.prototypes.right, run.prototypes.asked
        text += f"<p>{right} of {asked} defects are named right when their own picture is left out.</p>"
    return text


def _runtimes(run: TrainingRun) -> str:
    value = held_out_auroc(run)
    rows: list[tuple[object, ...]] = []
    if value is not None and run.fp32_auroc is not None:
        rows.append(("AUROC, held out", f"{100 * run.fp32_auroc:.2f}", f"{100 * value:.2f}"))
    text = table(("", "fp32", "INT8"), rows) if rows else ""
    text += network_table(run.networks)
    text += f"<p>Package: {run.package_bytes} bytes.</p>"
    return text + table(("runtime", "p50 ms", "p99 ms", "of it scoring, p50 ms"), latency_rows(run))


def _tried(run: TrainingRun) -> str:
    if held_out_auroc(run) is None:
        if not len(run.crossfit.synthetic):
            return "<p>Without defective pictures nothing can be compared; the default scorer was taken.</p>"
        drawn = [(str(one.candidate), f"{100 * auroc(one.good, one.synthetic):.2f}") for one in run.tried]
        said = f"<p>{escape(chosen_by(len(run.crossfit.synthetic)))}</p>"
        return said + table(("scorer, the chosen one first", "AUROC, synthetic defects"), drawn)
    rows = [(str(one.candidate), f"{100 * auroc(one.good, one.defective):.2f}") for one in run.tried]
    return table(("scorer, the chosen one first", "AUROC, held out"), rows)


def _pictures(run: TrainingRun) -> str:
    """The lowest defective and the highest good pictures, in turn."""
    scores = run.calibration.scores[REFERENCE]
    count = len(run.data.good)
    good = sorted(zip(scores[:count], run.data.good, strict=True), key=lambda pair: -pair[0])
    bad = sorted(zip(scores[count:], run.data.defective, strict=True), key=lambda pair: pair[0])
    half = _WORST // 2
    chosen = [*bad[:half], *good[: _WORST - min(half, len(bad))]]
    maps = overlay(run, [picture for _, picture in chosen])
    figures_ = [
        figure(f"{picture.name}: {score:.3f}", image) for (score, picture), image in zip(chosen, maps, strict=True)
    ]
    note = '<p class="note">Maps are the shipped scorer\'s; the scores beneath are held out.</p>'
    return note + pictures(figures_)


def _origin(run: TrainingRun) -> str:
    training = run.manifest.training
    rows = [("data", training.data_sha256), ("config", training.config_sha256), ("seed", training.seed)]
    rows += [("region", run.manifest.geometry.roi or "whole picture"), ("created", run.request.created)]
    return table(("", ""), [*rows, *sorted(training.tools.items())])
