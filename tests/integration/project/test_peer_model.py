"""The graph that stands for okng's model in the comparison with others gives okng's own scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino
import pytest

from appliance.bench.bare import golden_tensor
from models.judge import start_judge
from models.package import open_package
from models.runtimes.base import Placement
from scripts.bench_peers import Comparison
from scripts.peer_model import save_peer_model
from tests.fakes.line import DEMO_PACKAGE


def test_the_graph_scores_as_the_package_does(tmp_path: Path) -> None:
    package = open_package(DEMO_PACKAGE)
    save_peer_model(package, tmp_path / "peer.xml")
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.Core().compile_model(str(tmp_path / "peer.xml"), "CPU", settings)
    tensor = golden_tensor(package)
    said = {name: value for key, value in compiled([tensor]).items() for name in key.get_names()}
    judge = start_judge(package, Placement("openvino"))
    try:
        raw = judge.score(tensor, judge.geometry.alone(0))[0]
    finally:
        judge.runtime.close()
    # The graph averages what is there at the border, cv2 mirrors it: the same model to within that.
    assert float(said["pred_score"]) == pytest.approx(raw.raw, rel=0.03)
    cells = said["anomaly_map"][0, 0]
    inner = np.s_[3:-3, 3:-3]
    assert np.corrcoef(cells[inner].ravel(), raw.map[inner].ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ("ratio", "agreement", "met"), [(1.5, 1.0, True), (1.49, 1.0, False), (3.0, 0.5, False), (3.0, float("nan"), False)]
)
def test_the_gate_asks_for_speed_on_the_same_model(ratio: float, agreement: float, met: bool) -> None:
    found = Comparison(10.0, 10.0 * ratio, 1.0, 1.0, ratio, 1.5, agreement, 10, 1)
    assert found.met is met
