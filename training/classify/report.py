"""What a finished run on classes tells: a summary, figures, and one HTML file that needs nothing else.

Every name in it was given to a picture that the network never saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from models.runtimes.choose import REFERENCE
from models.scorer_entry import UNKNOWN_DEFECT
from training.classify.fit import WRONG_SHARE, Named
from training.classify.run import ClassesRun
from training.config import TIMED_PICTURES
from training.metrics.rate import Rate
from training.name_figures import NameFigures, name_figures
from training.page import bullets, figure, heading, page, paragraph, pictures, table
from training.report import climbed, latency
from training.report.card import card
from training.report.latency import Latency, latencies
from training.report.networks import network_figures, network_table, told
from training.report.origin import origin
from training.report.wording import joined, rate
from training.splits import unseen_text
from training.text import Said, Text, same

_WORST = 24
_NEVER_OK = Text(
    "No class is good: the package never says OK. What it is not sure of is RECHECK, as an unknown defect.",
    "没有合格类别：本模型包从不判 OK。没有把握的判为复检（未知缺陷）。",
)
_NO_CERTIFICATE = Text(
    "Nothing is certified: a certificate is about good parts, and none was shown.",
    "没有证明：证明针对合格件，而训练中没有合格件。",
)
_STRANGERS = Text(
    "A defect of a class that was never shown may be called by the name of another one.",
    "从未出现过的缺陷类别可能被误称为其他类别。",
)
_SYNTHETIC = Text("No synthetic defect is used for telling classes apart.", "区分类别时不使用合成缺陷。")


def likeliest(run: ClassesRun, found: Named) -> NameFigures:
    """Every picture by its likeliest class, however unsure."""
    classes = run.data.defects
    return name_figures([(classes[a], classes[b]) for a, b in zip(found.truth, found.named, strict=True)])


def sure(run: ClassesRun) -> tuple[Rate, Rate]:
    """Of the held-out pictures: those that are named at all, and the wrong ones among them."""
    found = run.named[REFERENCE]
    named = found.confidence >= run.limit
    wrong = int((named & ~found.right).sum())
    return Rate(int(named.sum()), len(named)), Rate(wrong, int(named.sum()))


def summed_up(run: ClassesRun) -> list[Text]:
    """What the report begins with: test pictures first."""
    value = likeliest(run, run.named[REFERENCE])
    named, wrong = sure(run)
    right, names, errors = rate(value.right), rate(named), rate(wrong)
    count, classes = len(run.data.pictures), len(run.data.defects)
    clauses = [
        Text(f"Trained on {count} pictures of {classes} classes", f"用 {classes} 个类别的 {count} 张图像训练"),
        Text(
            f"held out, by the likeliest class {right.en} are right (macro F1 {100 * value.macro_f1:.2f})",
            f"留出图像按最可能类别判定，正确 {right.zh}（宏 F1 {100 * value.macro_f1:.2f}）",
        ),
        Text(
            f"named {names.en}, of these wrong {errors.en}; the others are RECHECK",
            f"给出名称 {names.zh}，其中错误 {errors.zh}；其余为复检",
        ),
    ]
    unseen = [same(sentence) for sentence in unseen_text.sentences(run.unseen)]
    return [Text(run.mode.text_en, run.mode.text_zh), *unseen, joined(clauses), _NEVER_OK]


def sentences(run: ClassesRun) -> list[Text]:
    """The same with one line for each network file."""
    return [*summed_up(run), _NO_CERTIFICATE, *told(run.networks)]


def figures(run: ClassesRun, measured: Sequence[Latency]) -> dict[str, object]:
    """The figures `--json` prints."""
    named, wrong = sure(run)
    return {
        "package": str(run.request.package),
        "package_bytes": run.package_bytes,
        "mode": run.mode.mode,
        "good": len(run.data.good),
        "defective": len(run.data.defective),
        "held_out": len(run.held_out.pictures),
        "names_held_out": {name: likeliest(run, found).figures() for name, found in run.named.items()},
        "names_held_out_fp32": likeliest(run, run.fp32).figures(),
        "limits": {"ok_below": 0.0, "ng_from": run.limit},
        "named": named.figures(),
        "named_wrong": wrong.figures(),
        "parity": {one.runtime: {"flips": len(one.flips), "moves": len(one.moves)} for one in run.parity},
        "networks": network_figures(run.networks),
        "latency": [one.figures() for one in measured],
        "unseen": unseen_text.figures(run.unseen),
        "config_sha256": run.manifest.training.config_sha256,
        "data_sha256": run.manifest.training.data_sha256,
    }


def measure(run: ClassesRun) -> list[Latency]:
    """How long the package takes on each runtime; blocks for some seconds."""
    images = [run.pictures.read(one) for one in run.data.pictures[:TIMED_PICTURES]]
    return latencies(run.request.package, tuple(run.manifest.score_maps), images)


def card_of(run: ClassesRun) -> str:
    """The model card."""
    unseen = [same(sentence) for sentence in unseen_text.sentences(run.unseen)]
    return card(run.manifest, run.package_bytes, unseen, quantization=climbed.told(run.networks.climb))


def html(run: ClassesRun, measured: Sequence[Latency]) -> str:
    """The whole report; pictures that training never saw stand first."""
    sections = [
        heading(f"{run.request.id} {run.request.version}", 1),
        bullets(summed_up(run)),
        unseen_text.section(run.unseen),
        heading(Text("What was taken for what, held out", "混淆矩阵（留出图像）")) + _confusion(run),
        _limit(run),
        _data(run),
        heading(Text("INT8 against fp32, and the runtimes", "INT8 与 fp32 对比及各推理引擎")),
        _runtimes(run) + network_table(run.networks),
        latency.section(measured, run.package_bytes, run.manifest),
        _worst(run),
        origin(run.request, run.manifest),
    ]
    return page(f"{run.request.id} {run.request.version}", sections)


def _confusion(run: ClassesRun) -> str:
    found, classes = run.named[REFERENCE], run.data.defects
    counts = Counter(zip(found.truth.tolist(), found.named.tolist(), strict=True))
    head = (Text("shows ↓, likeliest →", "实际 ↓，最可能 →"), *classes, Text("right", "正确"))
    rows: list[tuple[Said, ...]] = []
    for index, label in enumerate(classes):
        total = int((found.truth == index).sum())
        own = [counts[index, other] or "" for other in range(len(classes))]
        rows.append((label, *own, rate(Rate(counts[index, index], total))))
    return table(head, rows)


def _limit(run: ClassesRun) -> str:
    share = f"{WRONG_SHARE:.0%}"
    said = Text(
        f"A part is named from a confidence of {run.limit:.4f} on: the lowest of one half or more from which at most "
        f"{share} of the held-out names are wrong. It was chosen on these pictures: confirm it on later parts.",
        f"置信度不低于 {run.limit:.4f} 时给出名称：不低于一半且留出图像中错误名称不超过 {share} 的最低值。"
        "该值是在这些图像上选定的：请用以后的工件加以验证。",
    )
    return heading(Text("When a class is named", "何时给出类别名称")) + bullets([said, _STRANGERS, _NO_CERTIFICATE])


def _data(run: ClassesRun) -> str:
    shown, kept = (Counter(one.label for one in of.pictures) for of in (run.data, run.held_out))
    rows = [(label, shown[label], kept[label]) for label in run.data.defects]
    head = (Text("class", "类别"), Text("pictures", "图像数"), Text("of these held out", "其中留出"))
    text = heading(Text("Data", "数据")) + table(head, rows)
    if run.data.copies:
        left = len(run.data.copies)
        text += paragraph(Text(f"{left} exact copies were left out.", f"排除了 {left} 张完全相同的图像。"))
    return text + paragraph(_SYNTHETIC, note=True)


def _runtimes(run: ClassesRun) -> str:
    head = (Text("network", "网络"), Text("right by likeliest class", "最可能类别正确率"), Text("macro F1", "宏 F1"))
    found = {"fp32": run.fp32, **{f"INT8, {name}": one for name, one in run.named.items()}}
    values = {name: likeliest(run, one) for name, one in found.items()}
    return table(head, [(name, rate(one.right), f"{100 * one.macro_f1:.2f}") for name, one in values.items()])


def _worst(run: ClassesRun) -> str:
    """Wrong names first, the surest of them at the top, then what is named right with the least confidence."""
    found, classes = run.named[REFERENCE], run.data.defects
    right = found.right
    order = np.lexsort((np.where(right, found.confidence, -found.confidence), right))
    shown = []
    for index in order[:_WORST]:
        picture = run.held_out.pictures[int(index)]
        named = classes[int(found.named[index])]
        outcome = "NG" if found.confidence[index] >= run.limit else f"RECHECK, {UNKNOWN_DEFECT}"
        said = f"{found.confidence[index]:.3f} {outcome}"
        caption = Text(f"{picture.name}: taken for {named}, {said}", f"{picture.name}：最可能为 {named}，{said}")
        shown.append(figure(caption, run.pictures.read(picture)))
    return heading(Text("Pictures to look at first", "请先查看这些图像")) + pictures(shown)
