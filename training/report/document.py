"""What a finished run tells in one HTML file that needs nothing else, in English and Chinese.

Pictures that training never saw stand first. Every other score is held out: it was given by a scorer that never saw the
picture.
"""

from __future__ import annotations

from collections import Counter

from models.decision import outcome_of
from models.runtimes.choose import REFERENCE
from training.metrics.rate import Rate
from training.page import bullets, heading, page, paragraph, table
from training.report import latency, tried
from training.report.account import Account
from training.report.classes import class_table, confusion, drawn
from training.report.networks import network_table
from training.report.origin import origin
from training.report.pictures import Seen
from training.report.pictures import section as pictures_section
from training.report.summary import summed_up
from training.report.unseen import runtime_table
from training.report.wording import certificate, certified, rate
from training.run import TrainingRun
from training.splits import unseen_text
from training.text import Text

_CONFIRM = Text("Confirm them on later parts.", "请用以后的工件加以验证。")
_NO_TEST = Text(
    "No picture was kept from training: all figures are of held-out pictures, on which limits and scorer were chosen. "
    "okng split and --split keep some.",
    "没有图像被排除在训练之外：所有数值来自留出图像，界限和评分器也在其上选择。"
    "可用 okng split 和 --split 保留测试图像。",
)
_NOT_COUNTED = Text(
    "No synthetic defect set a limit or counts in any other figure here.",
    "合成缺陷未用于设定界限，也不计入其他任何数值。",
)
_LEAKS = Text(
    "Near duplicates and exposure series are not looked for here: okng check-data does.",
    "此处不查找近似重复和连拍序列：请用 okng check-data。",
)


def html(account: Account) -> str:
    """The whole report."""
    run = account.run
    title = f"{run.request.id} {run.request.version}"
    sections = [
        heading(title, 1),
        bullets([*summed_up(account), certified(account.proven)]),
        _unseen(account),
        _held_out(account),
        _data(account),
        _training(account),
        _networks(account),
        _pictures(account),
        origin(run.request, run.manifest),
    ]
    return page(title, sections)


def _unseen(account: Account) -> str:
    """The test pictures and the regression set."""
    run, test = account.run, account.test
    found = unseen_text.section(run.unseen, runtime_table(run.unseen) if account.tested else None)
    if test is None:
        return found or paragraph(_NO_TEST, note=True)
    known = frozenset(row.label for row in run.manifest.classes)
    return found + drawn(test, run.calibration.limits) + class_table(test) + confusion(account.tested, known)


def _held_out(account: Account) -> str:
    run, limits = account.run, account.run.calibration.limits
    between = Text(
        f"OK below {limits.ok_below:.4f}, NG from {limits.ng_from:.4f}, RECHECK between.",
        f"低于 {limits.ok_below:.4f} 为 OK，不低于 {limits.ng_from:.4f} 为 NG，其间为复检。",
    )
    text = heading(Text("Held-out scores, limits and certificate", "留出分数、界限与证明"))
    text += paragraph(between) + drawn(account.held_out, limits)
    text += bullets(certificate(account.proven)) + paragraph(_CONFIRM, note=True) + class_table(account.held_out)
    if run.prototypes:
        named = rate(Rate(run.prototypes.right, run.prototypes.asked))
        text += paragraph(
            Text(
                f"Defects named right when their own picture is left out: {named.en}.",
                f"排除自身图像时命名正确的缺陷：{named.zh}。",
            )
        )
    return text


def _data(account: Account) -> str:
    run = account.run
    data = run.data
    counts = Counter(picture.label for picture in (*data.pictures, *data.empty))
    outlined = Counter(picture.label for picture in (*data.pictures, *data.empty) if picture.marks.outlined)
    head = (Text("folder", "文件夹"), Text("pictures", "图像数"), Text("with mask", "有掩模"), Text("groups", "分组数"))
    groups = {label: len({one.group for one in data.pictures if one.label == label}) for label in counts}
    rows = [(label, count, outlined[label], groups[label]) for label, count in sorted(counts.items())]
    text = heading(Text("Data, and what was found in it", "数据及检查结果")) + table(head, rows)
    text += paragraph(Text("Groups never cross a fold.", "同一分组不会跨折。"), note=True)
    if account.findings:
        head = (Text("weight", "级别"), Text("what", "内容"), Text("found", "发现"), Text("what to do", "处理方法"))
        text += table(head, [(one.weight, one.title, one.found, one.remedy) for one in account.findings])
    if data.copies:
        title = Text(f"{len(data.copies)} exact copies were left out:", f"排除了 {len(data.copies)} 张完全相同的图像：")
        text += paragraph(title) + table((Text("left out", "排除"), Text("equals", "等同于")), data.copies[:50])
    if run.presence.text:
        text += paragraph(run.presence.text)
    return text + paragraph(_LEAKS, note=True)


def _training(account: Account) -> str:
    return tried.section(account.contenders) + tried.told_of_budget(account.run) + paragraph(_synthetic(account.run))


def _synthetic(run: TrainingRun) -> Text:
    """What drawn defects were for."""
    said, chose = [], len(run.crossfit.synthetic)
    if run.drawn:
        said.append(
            Text(
                f"The package learned from {run.drawn} synthetic defects, drawn on good training pictures.",
                f"模型从训练用合格图像上绘制的 {run.drawn} 个合成缺陷中学习。",
            )
        )
    if chose:
        said.append(
            Text(
                f"{chose} synthetic defects, drawn on held-out good pictures, chose between the candidates above.",
                f"在留出的合格图像上绘制了 {chose} 个合成缺陷，用于在上述方案中选择。",
            )
        )
    said.append(_NOT_COUNTED)
    return Text(" ".join(one.en for one in said), "".join(one.zh for one in said))


def _networks(account: Account) -> str:
    run = account.run
    text = heading(Text("INT8 against fp32, and the runtimes", "INT8 与 fp32 对比及各推理引擎"))
    text += network_table(run.networks, run.fp32_auroc)
    return text + latency.section(account.latency, run.package_bytes, run.manifest)


def _pictures(account: Account) -> str:
    run, tested = account.run, account.tested
    if tested:
        return pictures_section(run, [Seen(one.picture, one.score, one.outcome) for one in tested], held_out=False)
    scores, limits = run.calibration.scores[REFERENCE], run.calibration.limits
    own = zip((*run.held_out.good, *run.held_out.defective), scores, strict=True)
    seen = [Seen(picture, float(score), outcome_of(float(score), limits)) for picture, score in own]
    return pictures_section(run, seen, held_out=True)
