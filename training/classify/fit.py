"""Logits of pictures that a network never saw → how sure it may be called of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.classifier import Classifier
from models.scorer_entry import ClassifierEntry
from models.scorers import Floats
from training.quantization.ladder import Loss

Logits = NDArray[np.float32]
_TEMPERATURES = np.geomspace(0.05, 20.0, 121)
# Of parts that are named, at most so many may be named wrongly; and no name is given on less than an even chance.
WRONG_SHARE = 0.01
_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Named:
    """What a classifier says of pictures: `confidence` `(n,)`, the likeliest class `named` and the true one `(n,)`."""

    confidence: NDArray[np.float64]
    named: NDArray[np.intp]
    truth: NDArray[np.intp]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.named == self.truth, np.bool_)


def temperature_of(logits: Logits, truth: NDArray[np.intp]) -> float:
    """By which logits are divided so that confidence is how often a name is right (Guo et al., ICML 2017).

    The one of least negative log-likelihood, by a search: `logits` are `(n, K)`.
    """
    scaled = logits.astype(np.float64)[None] / _TEMPERATURES[:, None, None]
    top = scaled.max(axis=2, keepdims=True)
    normal = top[..., 0] + np.log(np.exp(scaled - top).sum(axis=2))
    lost = (normal - scaled[:, np.arange(len(truth)), truth]).mean(axis=1)
    return float(_TEMPERATURES[int(lost.argmin())])


def limit_of(found: Named) -> float:
    """The lowest confidence from which at most one in a hundred names is wrong; never below one half."""
    order = np.argsort(-found.confidence)
    wrong = np.cumsum(~found.right[order]) / np.arange(1, len(order) + 1)
    allowed = np.flatnonzero(wrong <= WRONG_SHARE)
    lowest = float(found.confidence[order][allowed[-1]]) if len(allowed) else _MOST_CONFIDENCE
    return round(float(np.clip(lowest, _LEAST_CONFIDENCE, _MOST_CONFIDENCE)), 4)


def loss_of(exact: Sequence[Logits], rounded: Sequence[Logits], truth: NDArray[np.intp]) -> Loss:
    """What INT8 loses of accuracy by the likeliest class, from logits `(K, 1, 1)` of the same pictures.

    Only pictures that one of the two alone gets right tell them apart, as in McNemar's test. Logits that are no numbers
    are wrong.
    """
    fp32, int8 = (np.array([_likeliest(one) for one in of]) == truth for of in (exact, rounded))
    gained, lost = np.count_nonzero(int8 & ~fp32), np.count_nonzero(fp32 & ~int8)
    count = len(truth)
    error = 100.0 * float(np.sqrt(gained + lost - (lost - gained) ** 2 / count)) / count
    return Loss(float(fp32.mean()), float(int8.mean()), error, ("accuracy", "准确率"))


def _likeliest(logits: Logits) -> int:
    return int(logits.argmax()) if np.isfinite(logits).all() else -1


def entry_of(classes: Sequence[str], temperature: float) -> ClassifierEntry:
    return ClassifierEntry.model_validate({"kind": "classifier", "classes": tuple(classes), "temperature": temperature})


def sure_by(classes: Sequence[str], logits: Sequence[Floats], truth: NDArray[np.intp]) -> tuple[ClassifierEntry, Named]:
    """The classifier that is as sure of these logits `(K, 1, 1)` as it is right, and what it says of them."""
    entry = entry_of(classes, temperature_of(np.stack([one.ravel() for one in logits]), truth))
    return entry, named_by(entry, logits, truth)


def named_by(entry: ClassifierEntry, logits: Sequence[Floats], truth: NDArray[np.intp]) -> Named:
    """What the station's own code says of logits `(K, 1, 1)`."""
    classifier = Classifier(entry)
    said = [classifier((one,)) for one in logits]
    named = [int(one.residuals[0].argmax()) for one in said]
    return Named(np.array([one.raw for one in said]), np.array(named, np.intp), truth)
