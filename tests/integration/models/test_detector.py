"""The device's whole way on both runtimes, with a package whose answers can be told by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from models.decision import Box, Limits, Outcome
from models.detector import Detector
from models.errors import BadPicture, InferenceError, PackageError, RuntimeUnavailable, SelfTestFailed
from models.geometry_entry import GeometrySpec
from models.instructions import instruction_set
from tests.fakes.packages import (
    gray_frame,
    npy,
    small_files,
    small_manifest,
    small_network,
    white_block_frame,
    write_small_package,
)

RUNTIMES = ("onnxruntime", "openvino")


@pytest.fixture(params=RUNTIMES)
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Detector]:
    loaded = Detector.load(write_small_package(tmp_path / "blocks.okng"), runtime=request.param)
    yield loaded
    loaded.close()


def test_a_gray_picture_is_ok_without_detections(detector: Detector) -> None:
    found = detector.inspect(gray_frame())
    assert (found.decision.outcome, found.decision.detections) == (Outcome.OK, ())
    assert found.scores.image == 0.0 and found.decision.reasons == ("score_below_limit",)


def test_a_white_block_is_ng_named_and_boxed_in_camera_pixels(detector: Detector) -> None:
    picture = np.repeat(np.repeat(white_block_frame(), 5, axis=0), 3, axis=1)
    decision = detector.inspect(picture).decision
    (detection,) = decision.detections
    assert decision.outcome is Outcome.NG and decision.score == pytest.approx(0.64, abs=1e-4)
    assert (detection.label, detection.code, detection.box) == ("bright", 2, Box(48, 160, 48, 80))
    assert detection.mask_area_px == 48 * 80


def test_an_unlike_defect_is_unknown_but_no_less_ng(detector: Detector) -> None:
    picture = gray_frame()
    picture[:16, :16] = 0
    decision = detector.inspect(picture).decision
    assert decision.outcome is Outcome.NG and decision.detections[0].label == "unknown_defect"


def test_limits_in_force_replace_the_defaults(detector: Detector) -> None:
    decision = detector.inspect(white_block_frame(), Limits(0.5, 0.7)).decision
    assert decision.outcome is Outcome.RECHECK and decision.limits == Limits(0.5, 0.7)


def test_gray_write_protected_and_strided_pictures_score_the_same(detector: Detector) -> None:
    expected = detector.inspect(white_block_frame()).scores.image
    mono = white_block_frame()[:, :, 0].copy()
    wide = np.zeros((SIDE, 2 * SIDE, 3), np.uint8)
    wide[:, SIDE:] = white_block_frame()
    strided = wide[:, SIDE:]
    for picture in (mono, strided):
        picture.flags.writeable = False
        assert detector.inspect(picture).scores.image == expected


SIDE = white_block_frame().shape[0]


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((64, 64, 3), np.float32),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64,), np.uint8),
        np.zeros((8, 64, 3), np.uint8),
        np.zeros((0, 64, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(detector: Detector, picture: NDArray[np.generic]) -> None:
    with pytest.raises(BadPicture):
        detector.inspect(picture)  # type: ignore[arg-type]


def test_the_same_picture_gives_the_same_bits(detector: Detector) -> None:
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (80, 96, 3)).astype(np.uint8)
    first, second = detector.inspect(picture).scores, detector.inspect(picture).scores
    assert first.image == second.image and np.array_equal(first.map, second.map)


def test_a_region_that_does_not_fit_is_a_bad_picture(tmp_path: Path) -> None:
    geometry = {"roi": [10, 10, 60, 60], "hash": GeometrySpec(roi=(10, 10, 60, 60)).digest()}
    detector = Detector.load(write_small_package(tmp_path / "a.okng", geometry=geometry), runtime="onnxruntime")
    with pytest.raises(BadPicture, match="does not fit"):
        detector.inspect(gray_frame())
    detector.close()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_scores_that_are_no_numbers_never_become_a_verdict(tmp_path: Path, runtime: str) -> None:
    broken = write_small_package(tmp_path / "nan.okng", files={"model.onnx": small_network(divisor=0.0)})
    with pytest.raises(InferenceError, match="no number"):
        Detector.load(broken, runtime=runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("role", "array"),
    [
        ("projection", np.full(3, 1 / (40 * 3**0.5), np.float32)),
        ("mean", np.full(3, 100, np.float32)),
    ],
)
def test_golden_frames_catch_an_altered_array_with_right_hashes(
    tmp_path: Path, runtime: str, role: str, array: NDArray[np.float32]
) -> None:
    altered = write_small_package(tmp_path / "altered.okng", files={f"scorer/{role}.npy": npy(array)})
    with pytest.raises(SelfTestFailed):
        Detector.load(altered, runtime=runtime)


def test_golden_frames_catch_a_small_drift_that_flips_nothing(tmp_path: Path) -> None:
    drifted = npy(np.full(3, 1.03 / (20 * 3**0.5), np.float32))
    package = write_small_package(tmp_path / "drift.okng", files={"scorer/projection.npy": drifted})
    with pytest.raises(SelfTestFailed, match="scores"):
        Detector.load(package, runtime="onnxruntime")


def test_golden_frames_catch_a_verdict_that_flips_within_the_tolerance(tmp_path: Path) -> None:
    drifted = npy(np.full(3, 0.92 / (20 * 3**0.5), np.float32))
    golden = small_manifest(small_files())["golden"] | {"score_tolerance": 0.1}
    files = {"scorer/projection.npy": drifted}
    package = write_small_package(tmp_path / "flip.okng", files=files, golden=golden)
    with pytest.raises(SelfTestFailed, match="is RECHECK here but NG"):
        Detector.load(package, runtime="onnxruntime")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_network_with_weights_outside_its_file_is_refused(tmp_path: Path, runtime: str) -> None:
    network = onnx.load_from_string(small_network())
    weights = network.graph.initializer[0]
    weights.ClearField("float_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"
    package = write_small_package(tmp_path / "a.okng", files={"model.onnx": network.SerializeToString()})
    with pytest.raises(PackageError, match="outside itself"):
        Detector.load(package, runtime=runtime)


def test_certified_means_this_runtime_on_this_instruction_set(tmp_path: Path) -> None:
    artefact = small_manifest(small_files())["artefacts"][0] | {"certified": {"onnxruntime": [instruction_set()]}}
    package = write_small_package(tmp_path / "a.okng", artefacts=[artefact])
    for runtime, expected in (("onnxruntime", True), ("openvino", False)):
        detector = Detector.load(package, runtime=runtime)
        assert detector.info.certified is expected
        detector.close()


def test_a_runtime_that_borrows_the_references_proof_is_not_certified(tmp_path: Path) -> None:
    small = small_manifest(small_files())
    frames = [
        frame | {"expected": {"onnxruntime": frame["expected"]["onnxruntime"]}} for frame in small["golden"]["frames"]
    ]
    package = write_small_package(
        tmp_path / "a.okng",
        artefacts=[small["artefacts"][0] | {"certified": {"onnxruntime": [instruction_set()]}}],
        score_maps={"onnxruntime": small["score_maps"]["onnxruntime"]},
        golden=small["golden"] | {"frames": frames},
    )
    detector = Detector.load(package, runtime="openvino")
    assert detector.inspect(white_block_frame()).decision.outcome is Outcome.NG
    assert detector.info.certified is False
    detector.close()


def test_info_tells_what_is_loaded(detector: Detector) -> None:
    info = detector.info
    assert (info.id, info.version, info.input_size, info.limits) == ("blocks", "1", (64, 64), Limits(0.3, 0.6))
    assert info.hash.startswith("sha256:") and len(info.hash) == 71
    assert info.runtime.split()[0] in ("onnxruntime-cpu", "openvino-cpu")
    assert [row.code for row in info.classes] == [1, 2]


def test_an_unknown_runtime_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match="choose one of"):
        Detector.load(write_small_package(tmp_path / "a.okng"), runtime="tensorflow")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_network_that_is_none_is_refused(tmp_path: Path, runtime: str) -> None:
    package = write_small_package(tmp_path / "a.okng", files={"model.onnx": b"\x0a\x03abc"})
    with pytest.raises(PackageError, match="cannot load the network"):
        Detector.load(package, runtime=runtime)


def test_a_network_whose_outputs_do_not_fit_the_scorer_is_refused(tmp_path: Path) -> None:
    files = {
        "scorer/mean.npy": npy(np.zeros(5, np.float32)),
        "scorer/projection.npy": npy(np.ones((5, 3), np.float32)),
    }
    with pytest.raises(PackageError, match="do not fit the scorer"):
        Detector.load(write_small_package(tmp_path / "a.okng", files=files), runtime="onnxruntime")
