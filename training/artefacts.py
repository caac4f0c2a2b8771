"""Which network files a package carries beside the reference's: each is judged on the same held-out pictures.

LiteRT comes in three forms and the first that agrees is taken: INT8, INT8 weights alone, fp32. The symmetric INT8 file
for TensorRT and ARM shares the reference's score map, because a package has one map a runtime family. A file that does
not agree is left out, which the run says loudly; the package is written all the same, because a station that is told to
use the missing file refuses to start, and never runs another one in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.manifest import Format, Quantization
from models.runtimes.choose import REFERENCE
from training import litert
from training.calibrate import Raws
from training.config import TrainConfig
from training.errors import ConversionFailed, RefusedForSafety
from training.features import Extractor, Features
from training.gate import Calibration, Judged, judge
from training.metrics.ranking import auroc
from training.parity import Parity
from training.progress import Progress
from training.symmetric import extract_unoptimized, symmetric
from training.text import Text, same
from training.timing import network_ms

LITERT, SYMMETRIC = "tflite", "symmetric"
REFERENCE_FORM: Quantization = "int8 QDQ U8S8 per-channel reduce_range"
SYMMETRIC_FORM: Quantization = "int8 QDQ S8S8 per-channel symmetric"
NO_LITERT_OF_HEADS = Text(
    "LiteRT left out, it is not made of networks with heads", "未生成 LiteRT：不支持带检测头的网络"
)
_OWN_TRUNK_ALONE = Text(
    "LiteRT left out, it is made of okng's own trunk alone", "未生成 LiteRT：仅支持 okng 自带的主干网络"
)
_NO_CONVERTER = Text(
    "LiteRT left out, its converter is not installed; pip install 'okng[train-tflite]' and train again",
    "未生成 LiteRT：未安装转换器；请执行 pip install 'okng[train-tflite]' 后重新训练",
)
_NO_LITERT_ASKED = Text("LiteRT left out, as asked", "按要求未生成 LiteRT")
_NO_SYMMETRIC_ASKED = Text(
    "symmetric INT8 for TensorRT and ARM left out, as asked", "按要求未生成用于 TensorRT 和 ARM 的对称 INT8"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A network file that could be shipped; `runtime` is what judges it here, or "symmetric"."""

    runtime: str
    format: Format
    quantization: Quantization
    content: bytes


@dataclass(frozen=True, slots=True)
class Trial:
    """How an offer did; `refusal` is why it is not shipped, None where it is.

    `auroc`: on held-out pictures, none without defective ones; `ms`: the network alone on one thread of this machine,
    none where this machine says nothing about it.
    """

    runtime: str
    quantization: Quantization
    size_bytes: int
    parity: Parity | None
    auroc: float | None
    ms: float | None
    refusal: Text | None


@dataclass(frozen=True, slots=True)
class Further:
    """The files that passed, how every one that was tried did, what was left out and why; `litert` if it passed."""

    shipped: tuple[Offer, ...]
    trials: tuple[Trial, ...]
    left_out: tuple[Text, ...]
    litert: Judged | None

    def calibration(self, reference: Calibration) -> Calibration:
        """The calibration of all runtimes that the package is for; a symmetric file shares the reference's."""
        return reference.with_runtime(self.litert) if self.litert else reference

    def without(self, offer: Offer, reason: Text) -> Further:
        """The same with one file refused after all."""
        ours = (offer.runtime, offer.quantization)
        return Further(
            tuple(one for one in self.shipped if one is not offer),
            tuple(
                replace(one, refusal=reason) if (one.runtime, one.quantization) == ours else one for one in self.trials
            ),
            self.left_out,
            None if offer.runtime == LITERT else self.litert,
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """What every offer is judged on.

    `frames`: all held-out network inputs. `raws`: from the feature maps of `strides` of all frames, in order, to raw
    scores, of which the first `good` are to be low.
    """

    frames: Sequence[NDArray[np.uint8]]
    strides: Sequence[int]
    raws: Callable[[Iterable[Features]], Raws]
    good: int
    calibration: Calibration
    progress: Progress

    def judge(self, offer: Offer) -> Judged:
        """What the offer's file says of all held-out pictures.

        Raises:
            RefusedForSafety: its scores say nothing, or another thing than the reference's.
            ModelError: its runtime cannot load or run it.
        """
        if offer.runtime == SYMMETRIC:
            maps = extract_unoptimized(offer.content, self.frames)
            return judge(self.calibration, SYMMETRIC, self._raws(offer, maps), self.calibration.maps[REFERENCE])
        extract = Extractor(offer.content, offer.runtime, threads=2)
        try:
            return judge(self.calibration, offer.runtime, self._raws(offer, extract(self.frames)))
        finally:
            extract.close()

    def _raws(self, offer: Offer, maps: Iterator[Features]) -> Raws:
        counted = self.progress.each(f"parity of {offer.runtime}, {offer.quantization}", maps, len(self.frames))
        return self.raws(counted)

    def trial(self, offer: Offer, raws: Raws | None, parity: Parity | None, refusal: Text | None) -> Trial:
        """The offer's row of the report; a file that could not be judged has no figures but its size."""
        good = self.good
        known = raws is not None and len(raws) > good
        return Trial(
            offer.runtime,
            offer.quantization,
            len(offer.content),
            parity,
            auroc(raws[:good], raws[good:]) if raws is not None and known else None,
            None if raws is None else self._ms(offer),
            refusal,
        )

    def _ms(self, offer: Offer) -> float | None:
        return None if offer.runtime == SYMMETRIC else self.network_ms(offer.content, offer.runtime)

    def network_ms(self, content: bytes, runtime: str) -> float:
        """The network alone, on one thread of this machine."""
        return network_ms(content, runtime, self.frames)


class Judging(Protocol):
    """What a ladder needs: `Bench`, or a fake."""

    def judge(self, offer: Offer) -> Judged: ...

    def trial(self, offer: Offer, raws: Raws | None, parity: Parity | None, refusal: Text | None) -> Trial: ...


def first_that_agrees(offers: Sequence[Offer], bench: Judging) -> tuple[tuple[Trial, ...], Offer | None, Judged | None]:
    """Try offers in order until one agrees with the reference: how each did, then the one to ship and what it said."""
    trials: list[Trial] = []
    for offer in offers:
        try:
            judged = bench.judge(offer)
        except RefusedForSafety as error:
            trials.append(bench.trial(offer, None, None, error.reason))
        except ModelError as error:
            trials.append(bench.trial(offer, None, None, same(str(error))))
        else:
            trials.append(bench.trial(offer, judged.raws, judged.parity, judged.parity.refusal))
            if judged.parity.passed:
                return tuple(trials), offer, judged
    return tuple(trials), None, None


def may_convert(config: TrainConfig) -> bool:
    """Whether this run makes LiteRT files."""
    return config.wants(LITERT) and litert.installed() and config.backbone is None


def find_further(
    reference: bytes, bench: Bench, config: TrainConfig, size: tuple[int, int], heads: bool = False
) -> Further:
    """Make and judge every further file that is wanted and can be made here; `size` is the input's (width, height)."""
    offers: list[Offer] = []
    left_out: list[Text] = []
    if heads:
        left_out.append(NO_LITERT_OF_HEADS)
    elif config.backbone is not None:
        left_out.append(_OWN_TRUNK_ALONE)
    elif may_convert(config):
        try:
            offers += _convert(reference, bench, size)
        except ConversionFailed as error:
            left_out.append(
                Text(
                    f"LiteRT REFUSED: {error}; the package carries no LiteRT network",
                    f"LiteRT 已拒绝：{error}；模型包不含 LiteRT 网络",
                )
            )
    else:
        left_out.append(_NO_CONVERTER if config.wants(LITERT) else _NO_LITERT_ASKED)
    trials, lite, judged = first_that_agrees(offers, bench)
    shipped = [lite] if lite else []
    if config.wants(SYMMETRIC):
        more, passed, _ = first_that_agrees([Offer(SYMMETRIC, "onnx", SYMMETRIC_FORM, symmetric(reference))], bench)
        trials, shipped = (*trials, *more), [*shipped, *([passed] if passed else [])]
    else:
        left_out.append(_NO_SYMMETRIC_ASKED)
    return Further(tuple(shipped), trials, tuple(left_out), judged)


def _convert(reference: bytes, bench: Bench, size: tuple[int, int]) -> list[Offer]:
    """All forms of LiteRT, the one to prefer first.

    Raises:
        ConversionFailed: there are none.
    """
    work = (litert.convert(reference, tuple(bench.strides), size) for _ in range(1))
    (files,) = bench.progress.each("conversion to LiteRT", work, 1)
    return [Offer(LITERT, "tflite", form, files[form]) for form in litert.LADDER]
