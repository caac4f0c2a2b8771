"""INT8 is repaired by as little as suffices; what loses too much after all is said loudly and never hidden."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from training.progress import Progress
from training.quantization import ladder
from training.quantization.ladder import MOST_PLAIN, Asked, Climb, Ladder, Loss, Rung
from training.quantization.plan import DEFAULT, QuantPlan
from training.quantization.sensitivity import Sensitivity
from training.report import climbed

FRAME = np.zeros((1, 8, 8, 3), np.uint8)
# The most costly first; `wide` alone has more of the work than all that may stay in floating point.
RANKED = ("a", "wide", "b", "c", "d", "e", "f", "g", "h", "i", "j")
SHARES = dict.fromkeys(RANKED, 0.01) | {"wide": MOST_PLAIN + 0.01}
AFFORDABLE = ("a", "b", "c", "d", "e", "f", "g", "h")


def lost(points: float) -> Loss:
    return Loss(0.99, 0.99 - points / 100, 0.1, ("AUROC", "AUROC"))


@dataclass
class Bench:
    """Makes networks whose bytes say how they were made, and loses `points` by that."""

    points: Callable[[str], float]
    said: io.StringIO = field(default_factory=io.StringIO)
    judged: list[str] = field(default_factory=list)

    def climb(self, asked: Asked = "auto", *, learns: bool = True) -> Climb:
        aware = (lambda: b"aware") if learns else None
        return Ladder(b"fp32", [FRAME], [FRAME], self._judge, aware, Progress(self.said)).climb(asked)

    def _judge(self, network: bytes) -> Loss:
        self.judged.append(network.decode())
        return lost(self.points(self.judged[-1]))


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    def quantize(_model: bytes, _frames: object, plan: QuantPlan = DEFAULT) -> bytes:
        return ("plain " + " ".join(plan.plain) if plan.plain else "static").encode()

    monkeypatch.setattr(ladder, "quantize", quantize)
    monkeypatch.setattr(ladder, "rank_layers", lambda *_: [Sensitivity(name, 1.0) for name in RANKED])
    monkeypatch.setattr(ladder, "shares", lambda *_: SHARES)


def needing(layers: int, aware: float = 0.0) -> Callable[[str], float]:
    """Rounding alone loses 2 points; so do fewer plain layers than these."""

    def points(network: str) -> float:
        if network == "aware":
            return aware
        return 0.1 if len(network.split()) - 1 >= layers else 2.0

    return points


def test_where_rounding_suffices_nothing_else_is_made() -> None:
    bench = Bench(lambda _: 0.5)
    climb = bench.climb()
    assert bench.judged == ["static"] and climb.taken.rung is Rung.STATIC
    assert "WARNING" not in bench.said.getvalue()


@pytest.mark.parametrize("layers", range(1, 9))
def test_as_few_layers_as_suffice_stay_in_floating_point(layers: int) -> None:
    bench = Bench(needing(layers))
    climb = bench.climb()
    assert climb.taken.rung is Rung.PLAIN and climb.taken.layers == AFFORDABLE[:layers]
    assert "aware" not in bench.judged and len(bench.judged) <= 6
    assert climb.taken.share == pytest.approx(0.01 * layers)


def test_no_more_of_the_work_than_a_bounded_share_stays_in_floating_point() -> None:
    climb = Bench(lambda network: 0.0 if network == "aware" else 2.0).climb()
    plain = [step for step in climb.steps if step.rung is Rung.PLAIN]
    assert [step.layers for step in plain] == [AFFORDABLE]
    assert all("wide" not in step.layers and step.share <= MOST_PLAIN for step in plain)
    assert climb.taken.rung is Rung.AWARE


def test_learning_goes_on_only_where_layers_do_not_suffice() -> None:
    bench = Bench(needing(99))
    assert bench.climb().taken.rung is Rung.AWARE and bench.judged[-1] == "aware"


def test_where_nothing_suffices_the_least_loss_is_taken_and_said_loudly() -> None:
    losses = {"static": 3.0, "aware": 1.5}
    bench = Bench(lambda network: losses.get(network, 2.0))
    climb = bench.climb()
    assert climb.taken.rung is Rung.AWARE
    assert "WARNING: INT8 LOSES 1.50 POINTS of AUROC on held-out pictures (97.50, fp32 99.00)" in bench.said.getvalue()
    (first, *_) = climbed.told(climb)
    assert "INT8 LOSES 1.50 POINTS" in first.en and "INT8 损失 1.50 个百分点" in first.zh


def test_a_network_that_learned_on_and_got_worse_is_not_taken() -> None:
    losses = {"static": 1.0, "aware": 40.0}
    assert Bench(lambda network: losses.get(network, 2.0)).climb().taken.rung is Rung.STATIC


@pytest.mark.parametrize(("aware", "rung"), [(0.2, Rung.AWARE), (0.3, Rung.AWARE), (0.31, Rung.STATIC)])
def test_learning_on_that_was_asked_for_is_used_unless_it_loses_more(aware: float, rung: Rung) -> None:
    losses = {"static": 0.3, "aware": aware}
    bench = Bench(losses.__getitem__)
    assert bench.climb("aware").taken.rung is rung and bench.judged == ["static", "aware"]


def test_rounding_alone_that_was_asked_for_warns_and_repairs_nothing() -> None:
    bench = Bench(lambda _: 0.51)
    assert bench.climb("static").taken.rung is Rung.STATIC and bench.judged == ["static"]
    assert "WARNING: INT8 LOSES 0.51 POINTS" in bench.said.getvalue()


def test_a_network_that_does_not_learn_has_two_rungs() -> None:
    bench = Bench(lambda _: 2.0)
    assert bench.climb(learns=False).taken.rung is Rung.STATIC and "aware" not in bench.judged
    assert Bench(lambda _: 2.0).climb("aware", learns=False).taken.rung is Rung.STATIC


def test_certificates_allow_for_every_network_that_might_have_been_chosen() -> None:
    def counted(points: Callable[[str], float], asked: Asked = "auto") -> int:
        return Bench(points).climb(asked).counted(12)

    assert counted(lambda _: 2.0, "static") == 12
    assert counted(lambda _: 0.0) == 16
    # Eight numbers of layers and learning on share a quarter of the risk.
    assert counted(needing(3)) == counted(needing(99)) == 12 * 9 * 4
    assert counted({"static": 0.0, "aware": 0.0}.__getitem__, "aware") == 12 * 4


def test_every_rung_is_told_with_its_figures_in_both_languages() -> None:
    climb = Bench(needing(2)).climb()
    used, *others = climbed.told(climb)
    assert "2 layers in floating point (2.0% of the multiply-adds)" in used.en and "2 层保留浮点" in used.zh
    assert "98.90 on held-out pictures, fp32 99.00: 0.10 ± 0.10 points lost" in used.en
    assert len(others) == len(climb.steps) - 1 and "rounding alone" in others[0].en and "仅舍入" in others[0].zh
    figures = climbed.figures(climb)
    assert figures is not None and figures["taken"]["rung"] == "plain"  # type: ignore[index]
    assert climbed.told(None) == [] and climbed.figures(None) is None
