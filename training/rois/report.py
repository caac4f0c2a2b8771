"""What a finished run on an assembly tells: a summary, figures, and one HTML file that needs nothing else.

Every score in it is held out: it was given by a classifier that never saw any picture of the part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from models.geometry_entry import piece
from training.config import TIMED_PICTURES
from training.data.dataset import GOOD
from training.metrics.ranking import auroc
from training.page import bullets, figure, heading, page, paragraph, pictures, table
from training.proof import bound_of, proof
from training.report import latency
from training.report.classes import class_table, drawn
from training.report.latency import Latency, latencies
from training.report.networks import network_figures, network_table, told
from training.report.origin import origin
from training.report.scored import Scored
from training.report.wording import certificate, certified, joined, rate
from training.rois.evaluate import row_figures
from training.rois.figures import RegionFigures, RegionJudged, by_part, by_region
from training.rois.run import AssemblyRun
from training.splits import unseen_text
from training.text import Said, Text, same

_WORST = 24
_WIDTH_PX = 200
_COLUMNS = (
    Text("region", "区域"),
    Text("judged right", "判定正确"),
    Text("escapes", "漏检"),
    Text("overkill", "过杀"),
    Text("recheck, as expected", "复检（符合预期）"),
    Text("recheck, not", "复检（不符合）"),
)
_ROWS = {"all regions": Text("all regions", "所有区域"), "whole parts": Text("whole parts", "整件")}
_CONFIRM = Text(
    "Limits were set on these very pictures: confirm them on later parts.",
    "界限就是在这些图像上设定的：请用以后的工件加以验证。",
)
_FOLDS = Text("Groups never cross a fold.", "同一分组不会跨折。")
_SYNTHETIC = Text("No synthetic defect is used for named regions.", "命名区域不使用合成缺陷。")


def held_out_auroc(run: AssemblyRun) -> float | None:
    """AUROC of single regions, none where no class but the expected one was ever shown."""
    return auroc(run.crossfit.good, run.crossfit.defective) if len(run.crossfit.defective) else None


def scored_regions(judged: Sequence[RegionJudged]) -> Scored:
    """Single regions: those as expected are good, each other one is a defect called after its place."""
    return Scored(
        tuple(GOOD if one.good else one.roi for one in judged),
        tuple(one.picture.group for one in judged),
        np.array([one.score for one in judged], np.float64),
        tuple(one.outcome for one in judged),
    )


def sentences(run: AssemblyRun) -> list[Text]:
    """What was trained on what, what is proven, and one line for each further network file."""
    return [*summed_up(run), *certificate(proof(run.manifest)), *told(run.networks)]


def summed_up(run: AssemblyRun) -> list[Text]:
    """What the report begins with: test pictures first."""
    everything, parts = by_region(run.judged)[-1], by_part(run.judged)
    shown, regions, right = len(run.data.pictures), len(run.data.rois), rate(everything.right)
    missed = rate(parts.escapes)
    clauses = [
        Text(f"Trained on {shown} pictures of {regions} regions", f"用 {regions} 个区域的 {shown} 张图像训练"),
        Text(f"held out: regions judged right {right.en}", f"留出：判定正确的区域 {right.zh}"),
        Text(f"escapes of incomplete parts (OK) {missed.en}", f"不完整件的漏检（OK）{missed.zh}")
        if parts.escapes.total
        else Text("no incomplete part was shown", "没有提供不完整件"),
    ]
    value = held_out_auroc(run)
    clauses += [] if value is None else [same(f"AUROC {100 * value:.2f}")]
    return [*unseen(run), joined(clauses)]


def unseen(run: AssemblyRun) -> list[Text]:
    """What is said of pictures that training never saw."""
    return [same(sentence) for sentence in unseen_text.sentences(run.unseen)]


def summary(run: AssemblyRun) -> str:
    """The same for a terminal."""
    return "\n".join(text.en for text in sentences(run))


def figures(run: AssemblyRun, measured: Sequence[Latency]) -> dict[str, object]:
    """The figures `--json` prints."""
    limits, proven = run.calibration.limits, proof(run.manifest)
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
        "latency": [one.figures() for one in measured],
        "unseen": unseen_text.figures(run.unseen),
        "config_sha256": run.manifest.training.config_sha256,
        "data_sha256": run.manifest.training.data_sha256,
    }


def measure(run: AssemblyRun) -> list[Latency]:
    """How long the package takes on each runtime; blocks for some seconds."""
    images = [run.pictures.read(one.picture) for one in run.data.pictures[:TIMED_PICTURES]]
    return latencies(run.request.package, tuple(run.manifest.score_maps), images)


def html(run: AssemblyRun, measured: Sequence[Latency]) -> str:
    """The whole report; pictures that training never saw stand first."""
    title = f"{run.request.id} {run.request.version}"
    rows = [_row(row) for row in (*by_region(run.judged), by_part(run.judged))]
    sections = [
        heading(title, 1),
        bullets([*summed_up(run), certified(proof(run.manifest))]),
        unseen_text.section(run.unseen),
        heading(Text("Regions, held out", "各区域（留出）")) + table(_COLUMNS, rows),
        _scores(run),
        _data(run),
        heading(Text("INT8 against fp32, and the runtimes", "INT8 与 fp32 对比及各推理引擎")),
        network_table(run.networks, run.fp32_auroc),
        latency.section(measured, run.package_bytes, run.manifest),
        _worst(run),
        origin(run.request, run.manifest),
    ]
    return page(title, sections)


def _row(row: RegionFigures) -> tuple[Said, ...]:
    counts = (row.recheck_good.count, row.recheck_defective.count)
    return (_ROWS.get(row.name, row.name), rate(row.right), rate(row.escapes), rate(row.overkill), *counts)


def _data(run: AssemblyRun) -> str:
    classes = run.data.catalogue.classes
    rows: list[tuple[Said, ...]] = []
    for index, roi in enumerate(run.data.rois):
        counts = Counter(one.labels[index] for one in run.data.pictures)
        rows.append((roi.name, roi.kind, roi.expect, *(counts[label] for label in classes)))
    head = (Text("region", "区域"), Text("kind", "种类"), Text("expected", "应有"), *classes)
    text = heading(Text("Data", "数据")) + table(head, rows)
    count, groups = len(run.data.pictures), len(set(run.data.groups))
    text += paragraph(Text(f"{count} pictures in {groups} groups.", f"{count} 张图像，{groups} 个分组。"))
    if run.data.copies:
        left = len(run.data.copies)
        text += paragraph(Text(f"{left} exact copies were left out:", f"排除了 {left} 张完全相同的图像："))
        text += table((Text("left out", "排除"), Text("equals", "等同于")), run.data.copies[:50])
    return text + paragraph(_FOLDS, note=True) + paragraph(_SYNTHETIC)


def _scores(run: AssemblyRun) -> str:
    limits, scored = run.calibration.limits, scored_regions(run.judged)
    low, high = f"{limits.ok_below:.4f}", f"{limits.ng_from:.4f}"
    between = Text(
        f"A region is OK below {low}, NG from {high}, RECHECK between.",
        f"区域分数低于 {low} 为 OK，不低于 {high} 为 NG，其间为复检。",
    )
    text = heading(Text("Held-out scores, limits and certificate", "留出分数、界限与证明")) + paragraph(between)
    text += drawn(scored, limits) + bullets(certificate(proof(run.manifest))) + paragraph(_CONFIRM, note=True)
    return text + class_table(scored)


def _worst(run: AssemblyRun) -> str:
    """Mistakes first, then the lowest regions that are not as expected and the highest that are."""
    bad = sorted((one for one in run.judged if not one.good), key=lambda one: one.score)
    good = sorted((one for one in run.judged if one.good), key=lambda one: -one.score)
    half = _WORST // 2
    chosen = [*bad[:half], *good[: _WORST - min(half, len(bad))]]
    shown = sorted(chosen, key=lambda one: not one.wrong)
    return heading(Text("Regions to look at first", "请先查看这些区域")) + pictures(_figure(run, one) for one in shown)


def _figure(run: AssemblyRun, one: RegionJudged) -> str:
    box = next(roi.box for roi in run.data.rois if roi.name == one.roi)
    region = piece(run.pictures.read(one.picture), box)
    height = max(1, round(_WIDTH_PX * box.h / box.w))
    image = np.asarray(cv2.resize(region, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
    where, verdict = f"{one.picture.name} {one.roi}", f"{one.outcome} {one.score:.3f}"
    said = Text(
        f"{where}: {one.label}, taken for {one.seen}, {verdict}", f"{where}：{one.label}，判为 {one.seen}，{verdict}"
    )
    return figure(said, image)
