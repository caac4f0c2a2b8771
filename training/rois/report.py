"""What a finished run on an assembly tells: a summary, figures, and one HTML file that needs nothing else.

Every score in it is held out: it was given by a classifier that never saw any picture of the part.
"""

from __future__ import annotations

from collections import Counter
from html import escape

import cv2
import numpy as np

from models.certificate_text import lines
from models.geometry_entry import piece
from training.metrics.ranking import auroc
from training.page import figure, page, pictures, table
from training.proof import bound_of, proof
from training.report.networks import network_figures, network_table, sentences
from training.report.parts import histogram
from training.rois.evaluate import row_figures
from training.rois.figures import RegionFigures, RegionJudged, by_part, by_region
from training.rois.run import AssemblyRun
from training.splits import unseen_text

_WORST = 24
_WIDTH_PX = 200
_COLUMNS = ("", "judged right", "escapes", "overkill", "recheck, as expected", "recheck, not")


def held_out_auroc(run: AssemblyRun) -> float | None:
    """AUROC of single regions, none where no class but the expected one was ever shown."""
    return auroc(run.crossfit.good, run.crossfit.defective) if len(run.crossfit.defective) else None


def summary(run: AssemblyRun) -> str:
    """What was trained on what, what is proven, and one line for each further network file."""
    everything, parts = by_region(run.judged)[-1], by_part(run.judged)
    value = held_out_auroc(run)
    told = [
        f"Trained on {len(run.data.pictures)} pictures of {len(run.data.rois)} regions; held out, "
        f"{everything.right.count} of {everything.right.total} regions are judged right",
        f"{parts.escapes.count} of {parts.escapes.total} incomplete parts are OK (escapes)"
        if parts.escapes.total
        else "no incomplete part was shown",
        *([f"AUROC {100 * value:.2f}"] if value is not None else []),
    ]
    unseen = unseen_text.sentences(run.unseen)
    return "\n".join(["; ".join(told) + ".", *lines(proof(run), "en"), *unseen, *sentences(run.networks)])


def figures(run: AssemblyRun) -> dict[str, object]:
    """The figures `--json` prints."""
    limits, proven = run.calibration.limits, proof(run)
    return {
        "package": str(run.request.package),
        "package_bytes": run.package_bytes,
        "pictures": len(run.data.pictures),
        "complete": run.manifest.training.good_pictures,
        "copies_left_out": len(run.data.copies),
        "auroc_held_out": held_out_auroc(run),
        "auroc_held_out_fp32": run.fp32_auroc,
        "limits": {"ok_below": limits.ok_below, "ng_from": limits.ng_from},
        "overkill_bound_95": bound_of(proven, "overkill"),
        "stopped_bound_95": bound_of(proven, "stopped"),
        "regions": {row.name: row_figures(row) for row in (*by_region(run.judged), by_part(run.judged))},
        "parity": {one.runtime: {"flips": len(one.flips), "moves": len(one.moves)} for one in run.calibration.parity},
        "networks": network_figures(run.networks),
        "unseen": unseen_text.figures(run.unseen),
        "config_sha256": run.manifest.training.config_sha256,
        "data_sha256": run.manifest.training.data_sha256,
    }


def html(run: AssemblyRun) -> str:
    """The whole report."""
    title = f"{run.request.id} {run.request.version}"
    sections = [
        f"<h1>{escape(title)}</h1><p>{escape(summary(run)).replace(chr(10), '<br>')}</p>",
        "<h2>Data</h2>" + _data(run),
        "<h2>Regions</h2>" + table(_COLUMNS, [_row(row) for row in (*by_region(run.judged), by_part(run.judged))]),
        "<h2>Held-out scores and limits</h2>" + _scores(run),
        unseen_text.section(run.unseen),
        "<h2>INT8 against fp32, and the runtimes</h2>" + _runtimes(run),
        "<h2>Regions to look at first</h2>" + _worst(run),
        "<h2>Origin</h2>" + _origin(run),
    ]
    return page(title, sections)


def _row(row: RegionFigures) -> tuple[object, ...]:
    return (row.name, row.right, row.escapes, row.overkill, row.recheck_good.count, row.recheck_defective.count)


def _data(run: AssemblyRun) -> str:
    classes = run.data.catalogue.classes
    rows = []
    for index, roi in enumerate(run.data.rois):
        counts = Counter(one.labels[index] for one in run.data.pictures)
        rows.append((roi.name, roi.kind, roi.expect, *(counts[label] for label in classes)))
    text = table(("region", "kind", "expected", *classes), rows)
    groups = len(set(run.data.groups))
    text += f"<p>{len(run.data.pictures)} pictures in {groups} groups; groups never cross a fold.</p>"
    if run.data.copies:
        text += f"<p>{len(run.data.copies)} exact copies were left out:</p>"
        text += table(("left out", "equals"), run.data.copies[:50])
    return text


def _scores(run: AssemblyRun) -> str:
    limits = run.calibration.limits
    good = np.array([one.score for one in run.judged if one.good])
    bad = np.array([one.score for one in run.judged if not one.good])
    text = "".join(f"<p>{escape(line)}</p>" for line in lines(proof(run), "en"))
    text += '<p class="note">Limits were set on these very pictures: confirm them on later parts.</p>'
    text += f"<p>A region is OK below {limits.ok_below:.4f}, NG from {limits.ng_from:.4f}, RECHECK between.</p>"
    return histogram(good, bad, limits) + text


def _runtimes(run: AssemblyRun) -> str:
    value = held_out_auroc(run)
    text = ""
    if value is not None and run.fp32_auroc is not None:
        text = table(("", "fp32", "INT8"), [("AUROC", f"{100 * run.fp32_auroc:.2f}", f"{100 * value:.2f}")])
    return text + network_table(run.networks) + f"<p>Package: {run.package_bytes} bytes.</p>"


def _worst(run: AssemblyRun) -> str:
    """Mistakes first, then the lowest regions that are not as expected and the highest that are."""
    bad = sorted((one for one in run.judged if not one.good), key=lambda one: one.score)
    good = sorted((one for one in run.judged if one.good), key=lambda one: -one.score)
    half = _WORST // 2
    chosen = [*bad[:half], *good[: _WORST - min(half, len(bad))]]
    shown = sorted(chosen, key=lambda one: not one.wrong)
    return pictures(_figure(run, one) for one in shown)


def _figure(run: AssemblyRun, one: RegionJudged) -> str:
    box = next(roi.box for roi in run.data.rois if roi.name == one.roi)
    region = piece(run.pictures.read(one.picture), box)
    height = max(1, round(_WIDTH_PX * box.h / box.w))
    image = np.asarray(cv2.resize(region, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
    seen = f"{one.picture.name} {one.roi}: {one.label}, taken for {one.seen}, {one.outcome} {one.score:.3f}"
    return figure(seen, image)


def _origin(run: AssemblyRun) -> str:
    training = run.manifest.training
    rows = [("data", training.data_sha256), ("config", training.config_sha256), ("seed", training.seed)]
    return table(("", ""), [*rows, ("created", run.request.created), *sorted(training.tools.items())])
