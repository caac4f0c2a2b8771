"""Named regions of an assembly: what each shows how often, and whether it lies inside the pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.errors import BadData
from training.formats.item import Source
from training.rois.catalogue import Roi, refuse_outside
from training.text import Text

_FEW = 5


def check_regions(looks: Sequence[Look], source: Source) -> Iterator[Finding]:
    """Nothing for data without named regions."""
    if source.rois is None:
        return
    counts = {roi.name: Counter(item.regions.get(roi.name, "") for item in source.items) for roi in source.rois.rois}
    yield _counts(counts)
    yield from _few(source.rois.rois, counts)
    yield from _outside(source.rois.rois, [look for look in looks if not look.fault])


def _counts(counts: dict[str, Counter[str]]) -> Finding:
    return Finding(
        "region-counts",
        Severity.NOTE,
        Text("What the named regions show", "命名区域的内容统计"),
        Text(f"{many(len(counts), 'region')}.", f"{len(counts)} 个区域。"),
        Text(
            "Regions of one kind learn together; others need both sides of their own.",
            "同类区域共同学习；其他区域需要各自的正反样本。",
        ),
        remarks=tuple((name, _told(count)) for name, count in counts.items()),
    )


def _told(count: Counter[str]) -> str:
    return ", ".join(f"{label or '-'} {number:,}" for label, number in sorted(count.items()))


def _few(rois: Sequence[Roi], counts: dict[str, Counter[str]]) -> Iterator[Finding]:
    """By kind, as they learn: what is expected, and all else together."""
    shown: dict[str, tuple[int, int]] = {}
    for roi in rois:
        right, wrong = shown.get(roi.kind, (0, 0))
        known = sum(number for label, number in counts[roi.name].items() if label)
        shown[roi.kind] = (right + counts[roi.name][roi.expect], wrong + known - counts[roi.name][roi.expect])
    few = tuple((kind, f"{right:,} / {wrong:,}") for kind, (right, wrong) in shown.items() if min(right, wrong) < _FEW)
    if few:
        yield Finding(
            "few-of-region",
            Severity.WARNING,
            Text("Regions with hardly any example of one side", "某一侧样本极少的区域"),
            Text(
                f"{many(len(few), 'kind')} of regions with fewer than {_FEW} of what is expected, or of anything else.",
                f"{len(few)} 类区域的预期样本或其他样本不足 {_FEW} 个。",
            ),
            Text(
                "Take pictures of both: as it is to be, and missing or wrong.",
                "请拍摄正确的，以及缺失或错误的。",
            ),
            remarks=few,
        )


def _outside(rois: tuple[Roi, ...], looks: Sequence[Look]) -> Iterator[Finding]:
    for size in sorted({look.size for look in looks}):
        try:
            refuse_outside(rois, size)
        except BadData as error:
            yield Finding(
                "region-outside",
                Severity.ERROR,
                Text("Regions outside the pictures", "区域超出图像"),
                Text(f"{error}.", f"{error}。"),
                Text("Training is refused until they fit.", "在更正之前无法训练。"),
                tuple(look.name for look in looks if look.size == size),
            )
            return
