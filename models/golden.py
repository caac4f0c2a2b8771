"""Golden frames: stored network inputs whose answers are known, replayed before a model may judge parts.

They catch what hashes cannot: a runtime or processor that computes something else than the one the model was proven on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.classifier import class_of
from models.decision import Limits, Outcome, Scores, outcome_of
from models.errors import PackageError, SelfTestFailed
from models.layout import Size
from models.manifest import ClassifierEntry, GoldenExpectation, Manifest


@dataclass(frozen=True, slots=True)
class Replay:
    """One golden frame judged here, beside what was expected; `deviation` is the larger of score's and map mean's.

    `label`: of a classifier, the class that is named; else empty.
    """

    file: str
    expected: GoldenExpectation
    score: float
    outcome: Outcome
    deviation: float
    label: str = ""


def expectation(scores: Scores, limits: Limits, classifier: ClassifierEntry | None = None) -> GoldenExpectation:
    """What a package records of a golden frame; `classifier`: where it is one's."""
    return GoldenExpectation(
        raw=scores.raw,
        score=scores.image,
        map_mean=float(scores.map.mean(dtype=np.float64)),
        outcome=outcome_of(scores.image, limits),
        label="" if classifier is None else class_of(scores, classifier, limits),
    )


def encode_frame(tensor: NDArray[np.uint8]) -> bytes:
    """A network input `(1, H, W, 3)` as PNG."""
    written, data = cv2.imencode(".png", tensor[0], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not written:
        raise ValueError("cv2 could not encode a golden frame as PNG")
    return bytes(data)


def decode_frame(files: Mapping[str, bytes], name: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The network input `(1, H, W, 3)` of a golden frame; `size` is (width, height).

    Raises:
        PackageError: the file is no PNG of that size.
    """
    data = files[name]
    # Width and height stand at a fixed place in every PNG: refuse a wrong size before decoding it.
    header = data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR"
    declared = (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if header and declared == size else None
    if picture is None:
        raise PackageError(f"{name} in the package is no PNG of {size[0]}x{size[1]}; export the package again")
    return np.ascontiguousarray(picture[np.newaxis], dtype=np.uint8)


def replay_frames(
    manifest: Manifest,
    files: Mapping[str, bytes],
    runtime: str,
    judge: Callable[[NDArray[np.uint8], int, Size | None], Scores],
) -> Iterator[Replay]:
    """Judge every golden frame with `judge`, which gets each with its view and its picture's (width, height).

    A runtime without own expectations is held to every recorded one.
    """
    size = (manifest.input.width_px, manifest.input.height_px)
    limits = manifest.limits.limits()
    classifier = manifest.scorer if isinstance(manifest.scorer, ClassifierEntry) else None
    for frame in manifest.golden.frames:
        scores = judge(decode_frame(files, frame.file, size), frame.view, frame.picture_px)
        found = expectation(scores, limits, classifier)
        known = [frame.expected[runtime]] if runtime in frame.expected else list(frame.expected.values())
        for expected in known:
            deviation = max(abs(found.score - expected.score), abs(found.map_mean - expected.map_mean))
            yield Replay(frame.file, expected, found.score, found.outcome, deviation, found.label)


def replay_golden_frames(
    manifest: Manifest,
    files: Mapping[str, bytes],
    runtime: str,
    judge: Callable[[NDArray[np.uint8], int, Size | None], Scores],
) -> None:
    """Replay every golden frame and let only a judge pass that answers as recorded.

    Raises:
        SelfTestFailed: a verdict differs, or a score is farther off than the package tolerates.
    """
    for replay in replay_frames(manifest, files, runtime, judge):
        _check(replay, manifest.golden.score_tolerance)


def _check(replay: Replay, tolerance: float) -> None:
    if replay.outcome is not replay.expected.outcome:
        raise SelfTestFailed(
            f"golden frame {replay.file} is {replay.outcome} here but {replay.expected.outcome} where the "
            "model was proven; this machine may not use the model: choose another runtime or device"
        )
    if replay.label != replay.expected.label:
        raise SelfTestFailed(
            f"golden frame {replay.file} shows {replay.label} here but {replay.expected.label} where the model was "
            "proven; this machine may not use the model: choose another runtime or device"
        )
    if not replay.deviation <= tolerance:
        raise SelfTestFailed(
            f"golden frame {replay.file} scores {replay.score:.4f} here, {replay.expected.score:.4f} where the "
            "model was proven; this machine may not use the model: choose another runtime or device"
        )
