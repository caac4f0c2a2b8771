"""What was found in a data set as one HTML page: findings, the gravest first, and the pictures they speak of.

Bounded: `_MOST_SHOWN` pictures of `_SIDE_PX` in all, about 3 MB; of names the first `_MOST_NAMED` of each finding. All
of them are in `--json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import BadPicture
from models.picture_file import read_picture
from training.check.findings import Finding, Severity, printable
from training.check.look import Look
from training.check.run import Checked
from training.page import figure, folded, heading, page, paragraph, pictures, table
from training.text import Said, Text

_SIDE_PX = 200
_MOST_SHOWN = 240
_OF_A_FINDING = 24
_OF_A_GROUP = 6
_MOST_NAMED = 200
WEIGHT = {
    Severity.ERROR: Text("Error", "错误"),
    Severity.WARNING: Text("Warning", "警告"),
    Severity.NOTE: Text("Note", "提示"),
}


def html(checked: Checked) -> str:
    """The whole page; opens again the pictures it shows, at most 240."""
    return printable(page(f"okng check-data: {checked.survey.source.root}", _sections(checked)))


def _sections(checked: Checked) -> Iterator[str]:
    looks = {look.name: look for look in checked.survey.looks}
    yield heading(Text("What was found in the data", "数据检查结果"), 1)
    source = checked.survey.source
    yield paragraph(
        Text(
            f"{source.root}: {len(looks):,} pictures, read as {source.format}.",
            f"{source.root}：{len(looks)} 张图像，按 {source.format} 读取。",
        )
    )
    rows = [
        (f"{number}", WEIGHT[finding.severity], finding.title, finding.found)
        for number, finding in enumerate(checked.findings, 1)
    ]
    yield table((Text("No.", "序号"), Text("Weight", "级别"), Text("What", "内容"), Text("Found", "发现")), rows)
    left = _MOST_SHOWN
    for number, finding in enumerate(checked.findings, 1):
        told, used = _section(number, finding, looks, left)
        left -= used
        yield told


def _section(number: int, finding: Finding, looks: Mapping[str, Look], left: int) -> tuple[str, int]:
    """One finding, and how many pictures it shows."""
    weight = WEIGHT[finding.severity]
    title = Text(f"{number}. {weight.en}: {finding.title.en}", f"{number}. {weight.zh}：{finding.title.zh}")
    parts = [heading(title), paragraph(finding.found), paragraph(finding.remedy), paragraph(f"({finding.code})", True)]
    remarks = dict(finding.remarks)
    used = 0
    groups = finding.groups or (finding.pictures,)
    for group in groups:
        names = [name for name in group if name in looks and not looks[name].fault]
        names = names[: min(_OF_A_GROUP if finding.groups else _OF_A_FINDING, _OF_A_FINDING - used, left - used)]
        if len(names) >= (2 if finding.groups else 1):
            parts.append(pictures(_figure(looks[name], remarks.get(name, "")) for name in names))
            used += len(names)
    parts.append(_names(finding))
    return "".join(parts), used


def _names(finding: Finding) -> str:
    """All names with what is said of each, folded; groups apart."""
    remarks = finding.remarks or tuple((name, "") for name in finding.pictures)
    if not remarks:
        return ""
    rows = remarks[:_MOST_NAMED]
    more = len(remarks) - len(rows)
    end = paragraph(Text(f"And {more:,} more: see --json.", f"另有 {more} 条：见 --json。"), True) if more > 0 else ""
    head = (Text("Which", "对象"), Text("Remark", "说明"))
    return folded(Text(f"All {len(remarks):,}", f"全部 {len(remarks)} 条"), table(head, rows) + end)


def _figure(look: Look, said: Said) -> str:
    caption: Said = look.name
    if isinstance(said, Text):
        caption = Text(f"{caption}: {said.en}", f"{caption}：{said.zh}")
    elif said:
        caption = f"{caption}: {said}"
    return figure(caption, _small(look))


def _small(look: Look) -> NDArray[np.uint8]:
    """The picture no larger than `_SIDE_PX`; its thumbnail where the file is gone since."""
    try:
        picture = read_picture(look.path)
    except BadPicture:
        return look.thumbnail
    scale = min(1.0, _SIDE_PX / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
