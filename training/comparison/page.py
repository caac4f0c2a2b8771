"""A comparison as one HTML file in both languages, with the pictures on which the packages differ."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Detector
from models.picture_file import read_picture
from training.comparison.pairs import Answer, Pair
from training.comparison.run import LETTERS, Comparison
from training.comparison.wording import differing, rows, sentences
from training.heat import WIDTH_PX, heat_over
from training.page import figure, folded, heading, page, paragraph, pictures, table
from training.text import Text

_MOST_PICTURES = 24


def as_page(found: Comparison) -> str:
    """The whole file; the first pictures that differ are judged once more for their maps, which blocks."""
    pairs = differing(found)
    packages = zip(LETTERS, found.titles, found.request.packages, found.paired.runtimes, found.hashes, strict=True)
    compared, data = found.compared, found.request.data
    return page(
        "okng compare",
        [
            heading(Text("Two packages on the same pictures", "两个模型包在同一批图片上的比较"), 1),
            table(("", Text("package", "模型包"), Text("file", "文件"), Text("runtime", "运行时"), "hash"), packages),
            paragraph(
                Text(
                    f"{compared.pictures} pictures of {compared.groups} parts or lots in {data}.",
                    f"{data} 中的 {compared.pictures} 张图片，来自 {compared.groups} 个工件或批次。",
                )
            ),
            *(paragraph(text) for text in sentences(found)),
            *(paragraph(note, note=True) for note in found.notes),
            heading(Text("Figures", "数字")),
            table(("", "A", "B", Text("difference", "差异")), rows(found)),
            heading(Text(f"{len(pairs)} pictures with another verdict", f"判定不同的图片：{len(pairs)} 张")),
            _maps(found, pairs[:_MOST_PICTURES]),
            folded(Text("All of them", "全部"), _all(pairs)),
        ],
    )


def _all(pairs: Sequence[Pair]) -> str:
    head = (Text("picture", "图片"), Text("shows", "实际"), "A", "B")
    return table(head, [(one.picture.name, one.picture.label, _said(one.a), _said(one.b)) for one in pairs])


def _said(answer: Answer) -> str:
    return f"{answer.outcome} {answer.named} {answer.score:.3f}"


def _maps(found: Comparison, pairs: Sequence[Pair]) -> str:
    """Both maps of each picture, side by side; of named regions the picture alone."""
    with ExitStack() as stack:
        detectors = [
            stack.enter_context(closing(Detector.load(path, runtime=found.runtime, threads=found.request.threads)))
            for path in found.request.packages
        ]
        shown = []
        for one in pairs:
            image = read_picture(one.picture.path)
            both = [
                figure(f"{letter}: {_said(answer)} · {one.picture.name}", _drawn(found.task, detector, image))
                for letter, answer, detector in zip(LETTERS, (one.a, one.b), detectors, strict=True)
            ]
            shown.append(pictures(both))
        return "".join(shown)


def _drawn(task: str, detector: Detector, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if task != "assembly":
        return heat_over(detector, image)
    height = max(1, round(WIDTH_PX * image.shape[0] / image.shape[1]))
    return np.asarray(cv2.resize(image, (WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
