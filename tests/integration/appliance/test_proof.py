"""The certificate in force of a station: issued with the recipe, void with whatever it rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Config
from appliance.proof import Proof, issue, path_of, proof_of
from appliance.recipes.schema import Recipe
from models.certificate import Certificate, Gap, Void
from models.decision import Limits
from models.detector import ModelInfo
from models.instructions import instruction_set
from models.package import open_package
from tests.fakes.held_out import sample
from tests.fakes.packages import write_small_package

DEVICE = "/dev/video0"


class Bench:
    """A station's folder with a package whose held-out scores this machine's processor is listed for."""

    def __init__(self, folder: Path) -> None:
        artefact = {
            "file": "model.onnx",
            "format": "onnx",
            "quantization": "int8 QDQ U8S8 per-channel reduce_range",
            "certified": {"onnxruntime": [instruction_set()], "openvino": []},
        }
        good = sample([2.0 + index / 1000 for index in range(180)])
        calibration = {"scorers": 1, **good, "defects": {"bright": sample([8.0] * 20)}}
        self.folder = folder
        self.package = write_small_package(folder / "m.okng", artefacts=[artefact], calibration=calibration)
        opened = open_package(self.package)
        limits = opened.manifest.limits.limits()
        runtime = "onnxruntime-cpu 1.20.0"
        self.info = ModelInfo("blocks", "1", opened.hash, runtime, (64, 64), (), limits, certified=True)

    def config(self, exposure: float = 100.0) -> Config:
        camera = {"type": "video", "source": DEVICE, "settings": {"exposure": exposure}}
        station = {"state_dir": self.folder / "state"}
        return Config.model_validate({"station": station, "camera": camera, "model": {"package": self.package}})

    def recipe(self, **changes: Any) -> Recipe:
        model = {"package": self.package, "ok_below": 0.3, "ng_from": 0.5} | changes.pop("model", {})
        return Recipe.model_validate({"id": "bracket", "models": [model], **changes})

    def proof(self, recipe: Recipe | None = None, exposure: float = 100.0) -> Proof:
        return proof_of(self.config(exposure), recipe or self.recipe(), self.info)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def void(proof: Proof) -> tuple[Void, ...]:
    assert proof.issued is not None
    return proof.issued.void_because


def test_a_recipe_comes_with_its_certificate_and_keeps_it_beside_itself(bench: Bench) -> None:
    proof = bench.proof()
    assert proof.id is not None and proof.id.startswith("sha256:") and void(proof) == ()
    kept = path_of(bench.config(), bench.recipe())
    assert Certificate.model_validate_json(kept.read_bytes()) == proof.issued
    assert json.loads(kept.read_bytes())["schema_version"] == "okng-certificate/1"
    assert bench.proof().id == proof.id, "the same station gives the same certificate at every start"


def test_other_camera_settings_void_it_until_limits_are_saved_again(bench: Bench) -> None:
    first = bench.proof().id
    changed = bench.proof(exposure=200.0)
    assert changed.id is None and void(changed) == (Void.CAMERA,)
    assert void(bench.proof(exposure=200.0)) == (Void.CAMERA,), "a restart does not heal it"
    assert bench.proof().id == first
    saved = bench.proof(bench.recipe(version="2"), exposure=200.0)
    assert saved.id is not None and saved.id != first


def test_drift_voids_it_at_once(bench: Bench) -> None:
    proof = bench.proof()
    proof.void(Void.DRIFT)
    assert proof.id is None and proof.live is not None and not proof.live.holds
    assert "drifted" in proof.live.text_en and proof.live.text_zh


def test_the_page_is_told_in_one_line(bench: Bench) -> None:
    live = bench.proof().live
    assert live is not None and live.holds and live.text_en.startswith("overkill <= 2.2 %") and "\n" not in live.text_en


def test_a_rule_that_may_let_a_defect_pass_leaves_no_word_on_escapes(bench: Bench) -> None:
    def gaps(otherwise: str) -> list[Gap | None]:
        rule = {"class": "bright", "min_area_px": 10, "otherwise": otherwise}
        issued = bench.proof(bench.recipe(version=otherwise, rules=[rule])).issued
        assert issued is not None
        return [one.gap for one in issued.statements]

    assert gaps("recheck") == [None, None, None]
    assert gaps("suppress") == [None, None, Gap.RULES]


def test_two_models_have_none(bench: Bench) -> None:
    model = {"package": bench.package, "ok_below": 0.3, "ng_from": 0.5}
    pair = Recipe.model_validate({"id": "pair", "models": [model, model]})
    assert void(bench.proof(pair)) == (Void.MODELS,)


def test_another_package_in_its_place_certifies_nothing(bench: Bench) -> None:
    recipe, limits = bench.recipe(), Limits(0.3, 0.5)
    write_small_package(bench.package)
    issued = issue(bench.config(), recipe, limits, bench.info)
    assert issued is not None and Void.PACKAGE in issued.void_because


def test_a_package_that_is_gone_certifies_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.package.unlink()
    proof = bench.proof()
    assert proof.id is None and proof.live is None and "nothing is certified" in caplog.text


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_damaged_record_is_issued_again(bench: Bench, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    first = bench.proof().id
    path_of(bench.config(), bench.recipe()).write_bytes(content)
    assert bench.proof().id == first and "cannot be read" in caplog.text


def test_a_record_that_cannot_be_kept_costs_the_record_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    folder = path_of(bench.config(), bench.recipe()).parent
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where a folder should be")
    assert bench.proof().id is not None and "cannot be kept" in caplog.text
