"""The station's whole way on LiteRT. `scripts/test-legacy` runs this file on tflite_runtime as well."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from models.certification import NoCertificates
from models.detector import Detector
from models.errors import InferenceError, PackageError, RuntimeUnavailable, SelfTestFailed
from models.instructions import instruction_set
from models.package import open_package
from models.probe import probe
from models.proving import prove
from models.runtimes.base import Placement
from models.runtimes.choose import choose_runtime
from models.runtimes.tflite import TfLiteRuntime
from tests.fakes.line import DEMO_PACKAGE
from tests.fakes.packages import LITE, gray_frame, lite_files, small_manifest, white_block_frame, write_lite_package
from tests.fakes.tflite_networks import HOSTILE, Evil, tflite_network

LABEL = choose_runtime("tflite", tflite_network(), 1).label
IS_PREDECESSOR = LABEL.startswith("tflite-runtime-cpu ")


@pytest.mark.parametrize("threads", [1, 2])
def test_pixels_become_maps_of_the_documented_form(threads: int) -> None:
    runtime = choose_runtime("tflite", tflite_network((4, 8, 16)), threads)
    maps = runtime.infer(white_block_frame()[None])
    assert [one.shape for one in maps] == [(3, 16, 16), (3, 8, 8), (3, 4, 4)]
    assert {one.dtype for one in maps} == {np.dtype(np.float32)}
    assert maps[2][:, 2, 1].tolist() == [255.0] * 3
    assert maps[2][:, 0, 0].tolist() == [127.0] * 3
    runtime.close()


@pytest.mark.parametrize("order", [(16, 8, 4), (8, 16, 4), (4, 16, 8)])
def test_outputs_in_any_order_come_finest_first(order: tuple[int, ...]) -> None:
    runtime = choose_runtime("tflite", tflite_network(order), 1)
    maps = runtime.infer(white_block_frame()[None])
    assert [one.shape[1:] for one in maps] == [(16, 16), (8, 8), (4, 4)]
    assert [float(one[0, -one.shape[1] // 4 - 1, one.shape[2] // 4]) for one in maps] == [255.0] * 3


# Outputs stand in the file in an order of the converter's; the signature says which is which.
HEADS = {
    "after features of the same stride": ((16, 4), (4,), (1, 0, 2), [(16, 16), (4, 4), (16, 16)]),
    "finer than all features": ((16, 8), (4,), (1, 0, 2), [(8, 8), (4, 4), (16, 16)]),
    "with one of the image": ((16,), (64, 4), (0, 2, 1), [(4, 4), (16, 16), (1, 1)]),
}


@pytest.mark.parametrize("name", HEADS)
def test_logits_of_heads_come_after_the_feature_maps(name: str) -> None:
    strides, heads, numbers, shapes = HEADS[name]
    maps = choose_runtime("tflite", tflite_network(strides, heads=heads, numbers=numbers), 1).infer(
        white_block_frame()[None]
    )
    assert [one.shape[1:] for one in maps] == shapes
    # Block means of a picture that is mostly gray, and a head's block maxima.
    assert maps[0].mean() < 140
    if len(heads) > 1:
        assert maps[-1].tolist() == [[[255.0]]] * 3


def test_a_head_is_told_from_the_feature_map_of_its_size() -> None:
    """A block of 3 white columns: the mean of its places and their maximum differ."""
    picture = gray_frame()[None]
    picture[:, :, 3] = 255
    network = tflite_network((4,), heads=(4,), numbers=(1, 0))
    first, second = choose_runtime("tflite", network, 1).infer(picture)
    assert (float(first[0, 0, 0]), float(second[0, 0, 0])) == (255.0, 159.0)
    first, second = choose_runtime("tflite", tflite_network((4,), heads=(4,), numbers=(0, 1)), 1).infer(picture)
    assert (float(first[0, 0, 0]), float(second[0, 0, 0])) == (159.0, 255.0)


@pytest.mark.parametrize(
    "network",
    [
        tflite_network((4,), heads=(4,)),
        tflite_network((4,), heads=(4,), numbers=(3, 7)),
        tflite_network((4, 16), heads=(2,), numbers=(0, 1, 2)),
        tflite_network((16, 4), heads=(4,), numbers=(0, 1, 2)),
        tflite_network((4,), heads=(64, 64), numbers=(0, 1, 2)),
    ],
    ids=["no signature", "other numbers", "a stride nobody reads", "the coarsest first", "two of the image"],
)
def test_heads_that_cannot_be_told_are_refused(network: bytes) -> None:
    with pytest.raises(PackageError, match="export the package again"):
        choose_runtime("tflite", network, 1)


def test_channels_come_in_the_order_blue_green_red() -> None:
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    picture[..., 0], picture[..., 2] = 10, 30
    (means,) = choose_runtime("tflite", tflite_network(), 1).infer(picture)
    assert means[:, 0, 0].tolist() == [10.0, 0.0, 30.0]


def test_places_are_read_without_another_copy() -> None:
    (means,) = choose_runtime("tflite", tflite_network(), 1).infer(gray_frame()[None])
    assert means.transpose(1, 2, 0).flags.c_contiguous


def test_an_earlier_answer_survives_the_next_picture() -> None:
    runtime = choose_runtime("tflite", tflite_network(), 1)
    (first,) = runtime.infer(gray_frame()[None])
    runtime.infer(white_block_frame()[None])
    assert np.unique(first).tolist() == [127.0]


def test_a_picture_that_does_not_fit_is_an_inference_error() -> None:
    runtime = choose_runtime("tflite", tflite_network(), 1)
    with pytest.raises(InferenceError, match="LiteRT failed on this picture"):
        runtime.infer(np.zeros((1, 32, 32, 3), np.uint8))


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (tflite_network((16, 16)), "one float32 map"),
        (tflite_network((2,)), "one float32 map"),
        (tflite_network(float_input=True), "one uint8 picture"),
    ],
    ids=["two maps of one size", "a stride nobody reads", "float pictures"],
)
def test_a_network_of_another_form_is_refused(network: bytes, says: str) -> None:
    with pytest.raises(PackageError, match=f"{says}.*export the package again"):
        choose_runtime("tflite", network, 1)


def test_operators_that_the_interpreter_does_not_know_are_refused() -> None:
    with pytest.raises(PackageError, match="LiteRT cannot load the network"):
        TfLiteRuntime(tflite_network(evil=HOSTILE["custom operator"]), Placement())


def test_a_package_judges_on_litert(tmp_path: Path) -> None:
    package = write_lite_package(tmp_path / "a.okng")
    probe(package, runtime="tflite")
    detector = Detector.load(package, runtime="tflite")
    assert str(detector.inspect(gray_frame()).decision.outcome) == "OK"
    assert str(detector.inspect(white_block_frame()).decision.outcome) == "NG"
    assert detector.info.certified is False
    detector.close()


def test_a_package_is_certified_by_what_comes_out_on_litert(tmp_path: Path) -> None:
    package = open_package(write_lite_package(tmp_path / "a.okng"))
    found = prove(package, Placement("tflite"), "2026-11-22T08:00:00Z")
    assert (found.outcome, found.runtime, len(found.frames)) == ("passed", LABEL, 2)
    assert found.largest_deviation < 1e-6


def test_auto_takes_litert_where_the_package_has_nothing_else(tmp_path: Path) -> None:
    detector = Detector.load(write_lite_package(tmp_path / "a.okng"))
    assert detector.info.runtime.startswith("tflite")
    detector.close()


def test_golden_frames_decide_on_litert_too(tmp_path: Path) -> None:
    golden: dict[str, Any] = small_manifest(lite_files())["golden"]
    told = golden["frames"][0]["expected"] | {"tflite": golden["frames"][1]["expected"]["tflite"]}
    frames = [golden["frames"][0] | {"expected": told}, golden["frames"][1]]
    package = write_lite_package(tmp_path / "a.okng", golden=golden | {"frames": frames})
    with pytest.raises(SelfTestFailed, match=r"golden/00\.png is OK here but NG"):
        Detector.load(package, runtime="tflite")


def test_the_package_speaks_for_litert_and_not_for_its_predecessor(tmp_path: Path) -> None:
    listed = [LITE | {"certified": {"tflite": [instruction_set()]}}]
    detector = Detector.load(write_lite_package(tmp_path / "a.okng", artefacts=listed), certificates=NoCertificates())
    assert detector.info.certified is not IS_PREDECESSOR
    detector.close()


@pytest.mark.parametrize("evil", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_no_farther_than_the_child(tmp_path: Path, evil: Evil) -> None:
    package = write_lite_package(tmp_path / "a.okng", files={"model.tflite": tflite_network(evil=evil)})
    with pytest.raises(PackageError, match="outside itself"):
        probe(package, runtime="tflite")


def test_litert_that_is_not_there_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RuntimeUnavailable, match=r"pip install 'okng\[tflite\]'"):
        choose_runtime("tflite", tflite_network(), 1)


def test_the_predecessor_beside_numpy_2_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ModuleType("tflite_runtime.interpreter")
    old.Interpreter = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", old)
    monkeypatch.setattr(np, "__version__", "2.4.6")
    with pytest.raises(RuntimeUnavailable, match=r"numpy 2.*tflite-legacy"):
        choose_runtime("tflite", tflite_network(), 1)


def test_a_trained_package_s_golden_frames_come_out_right() -> None:
    detector = Detector.load(DEMO_PACKAGE, runtime="tflite")
    assert detector.info.runtime == LABEL
    detector.close()
