"""Which LiteRT form ships: the first that agrees, and none where none does, without stopping the package."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from models.errors import PackageError
from training.artefacts import (
    LITERT,
    REFERENCE_FORM,
    SYMMETRIC,
    SYMMETRIC_FORM,
    Further,
    Offer,
    Trial,
    find_further,
    first_that_agrees,
)
from training.assemble import artefact_entry
from training.calibrate import Raws, reference_map
from training.config import TrainConfig
from training.errors import ConversionFailed, NotThere, RefusedForSafety
from training.gate import Judged
from training.litert import LADDER
from training.parity import Parity
from training.report.networks import network_figures, network_table, sentences
from training.run import Networks
from training.runtimes import check_runtimes
from training.text import Text

GOOD = np.linspace(0.0, 1.0, 30)
OFFERS = [Offer(LITERT, "tflite", form, form.encode()) for form in LADDER]


def parity(runtime: str, flips: int = 0, moves: int = 0) -> Parity:
    return Parity(runtime, 30, ("a.png",) * flips, ("b.png",) * moves, 0.01)


@dataclass
class FakeBench:
    """Answers for the forms it knows; every other one agrees."""

    answers: dict[str, Parity | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def judge(self, offer: Offer) -> Judged:
        self.asked.append(offer.quantization)
        answer = self.answers.get(offer.quantization, parity(offer.runtime))
        if isinstance(answer, Exception):
            raise answer
        return Judged(GOOD, GOOD, reference_map(GOOD), answer)

    def trial(self, offer: Offer, raws: Raws | None, parity: Parity | None, refusal: Text | None) -> Trial:
        return Trial(
            offer.runtime, offer.quantization, 1_000_000, parity, 0.99, 8.0 if raws is not None else None, refusal
        )


FLIP, MOVES = parity(LITERT, flips=1), parity(LITERT, moves=2)
BROKEN = RefusedForSafety(Text("the runtimes score otherwise", "各推理引擎评分不同"), "train again")


@pytest.mark.parametrize(
    ("answers", "shipped", "tried"),
    [
        ({}, "int8 per-channel", 1),
        ({"int8 per-channel": FLIP}, "int8 weights", 2),
        ({"int8 per-channel": MOVES, "int8 weights": BROKEN}, "float32", 3),
        ({"int8 per-channel": PackageError("cannot be loaded")}, "int8 weights", 2),
        (dict.fromkeys(LADDER, FLIP), None, 3),
    ],
)
def test_the_first_form_that_agrees_ships_and_no_later_one_is_tried(
    answers: dict[str, Parity | Exception], shipped: str | None, tried: int
) -> None:
    bench = FakeBench(answers)
    trials, offer, judged = first_that_agrees(OFFERS, bench)
    assert (offer.quantization if offer else None) == shipped and (judged is None) == (shipped is None)
    assert bench.asked == [trial.quantization for trial in trials] == list(LADDER[:tried])
    refused = [trial for trial in trials if trial.quantization != shipped]
    assert all(trial.refusal for trial in refused) and len(refused) == tried - (shipped is not None)


def networks(answers: dict[str, Parity | Exception], left_out: tuple[Text, ...] = ()) -> Networks:
    trials, _, _ = first_that_agrees(OFFERS, FakeBench(answers))
    return Networks(trials, left_out, 2_800_000, 10.0)


def test_what_ships_and_what_was_refused_is_told_with_its_figures() -> None:
    told = sentences(networks({"int8 per-channel": FLIP}))
    assert "int8 per-channel, REFUSED: tflite turns OK into NG" in told[0] and "a.png" in told[0]
    assert "int8 weights: 0 flips and 0 moves to or from RECHECK in 30 pictures" in told[1]
    assert "AUROC 99.00, 1.00 MB, 8.0 ms" in told[1] and len(told) == 2


def test_a_package_without_litert_says_so_loudly() -> None:
    found = networks(dict.fromkeys(LADDER, FLIP), (Text("LiteRT left out", "未生成 LiteRT"),))
    told = sentences(found)
    assert "The package carries NO file of LiteRT" in told[-2] and told[-1] == "LiteRT left out."
    assert "未生成 LiteRT。" in network_table(found)
    figures = network_figures(found)
    assert [row["shipped"] for row in figures["tried"]] == [False] * 3  # type: ignore[attr-defined]
    assert network_table(found).count("REFUSED") == 6


def test_why_a_file_is_refused_is_told_in_both_languages() -> None:
    found = networks({"int8 per-channel": FLIP, "int8 weights": BROKEN, "float32": MOVES})
    shown = network_table(found)
    for english, chinese in (
        ("turns OK into NG or NG into OK on 1 of 30 pictures (a.png)", "在 30 张图像中的 1 张上把 OK 判为 NG"),
        ("the runtimes score otherwise", "各推理引擎评分不同"),
        ("moves 2 of 30 pictures to or from RECHECK, 1 % is the most", "使 30 张图像中的 2 张转入或转出复检"),
    ):
        assert english in shown and chinese in shown
        assert f"已拒绝：{LITERT} {english[:10]}" not in shown


def test_figures_carry_agreement_size_time_and_its_ratio_to_fp32() -> None:
    figures = network_figures(networks({}))
    (row,) = figures["tried"]  # type: ignore[misc]
    assert (row["flips"], row["moves"], row["pictures"], row["bytes"]) == (0, 0, 30, 1_000_000)
    assert (row["ms"], row["times_fp32"], row["refusal"]) == (8.0, 1.25, "")


def test_a_file_without_clear_golden_frames_is_taken_back() -> None:
    trials, offer, judged = first_that_agrees(OFFERS, FakeBench())
    assert offer is not None
    further = Further((offer,), trials, (), judged).without(offer, Text("only 2 good frames", "合格图像仅 2 张"))
    assert not further.shipped and further.litert is None and further.trials[0].refusal is not None
    shown = network_table(Networks(further.trials, (), 1, 10.0))
    assert "REFUSED: only 2 good frames" in shown and "已拒绝：合格图像仅 2 张" in shown


def test_a_converter_that_fails_leaves_litert_out_and_the_rest_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConversionFailed("the LiteRT converter failed with exit code 1 (boom)")

    monkeypatch.setattr("training.artefacts._convert", fail)
    monkeypatch.setattr("training.artefacts.symmetric", lambda reference: reference)
    monkeypatch.setattr("training.litert.find_spec", lambda name: name)
    bench = FakeBench()
    found = find_further(b"onnx", bench, TrainConfig(), (64, 64))  # type: ignore[arg-type]
    assert [offer.runtime for offer in found.shipped] == [SYMMETRIC] and found.litert is None
    assert "LiteRT REFUSED: the LiteRT converter failed" in found.left_out[0].en and "boom" in found.left_out[0].zh


@pytest.mark.parametrize(
    ("runtimes", "says"),
    [(None, "pip install 'okng[train-tflite]'"), (("openvino",), "LiteRT left out, as asked")],
)
def test_litert_is_left_out_on_purpose_or_for_want_of_its_converter(
    monkeypatch: pytest.MonkeyPatch, runtimes: tuple[str, ...] | None, says: str
) -> None:
    monkeypatch.setattr("training.litert.find_spec", lambda name: None)
    monkeypatch.setattr("training.artefacts.symmetric", lambda reference: reference)
    found = find_further(b"onnx", FakeBench(), TrainConfig(runtimes=runtimes), (64, 64))  # type: ignore[arg-type]
    assert says in found.left_out[0].en and "LiteRT" in found.left_out[0].zh and not found.trials[1:]


def test_a_runtime_asked_for_by_name_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.litert.find_spec", lambda name: None)
    with pytest.raises(NotThere, match="train-tflite"):
        check_runtimes(TrainConfig(runtimes=("tflite",)))
    check_runtimes(TrainConfig())


def test_a_symmetric_file_has_no_time_on_this_machine_and_is_not_called_certified() -> None:
    trial = Trial(SYMMETRIC, "int8 QDQ S8S8 per-channel symmetric", 800_000, parity(SYMMETRIC), None, None, None)
    (told,) = sentences(Networks((trial,), (), 1, 10.0))
    assert "certify it on the device" in told and " ms" not in told


@pytest.mark.parametrize(
    ("offer", "proven"),
    [
        (Offer("onnxruntime", "onnx", REFERENCE_FORM, b""), {"onnxruntime", "openvino"}),
        (Offer(LITERT, "tflite", "int8 weights", b""), {"tflite"}),
        (Offer(SYMMETRIC, "onnx", SYMMETRIC_FORM, b""), set()),
    ],
)
def test_a_file_is_certified_only_for_what_judged_it_here(offer: Offer, proven: set[str]) -> None:
    maps = {name: reference_map(GOOD) for name in ("onnxruntime", "openvino", "tflite")}
    entry = artefact_entry(offer, maps)
    assert set(entry.certified) == proven and entry.quantization == offer.quantization
