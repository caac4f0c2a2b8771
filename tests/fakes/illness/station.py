"""Faults of configuration, station, camera and model."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import numpy as np

from models.errors import BadPicture
from models.geometry_entry import GeometrySpec
from tests.fakes.camera import FakeCamera
from tests.fakes.illness.table import fault, hold_lock
from tests.fakes.packages import small_files, small_manifest, small_network
from tests.fakes.station_socket import devices
from tests.fakes.ward import Ward, sharp_picture


@fault("configuration", "fail", "did you mean interval_ms")
def a_misspelt_key(ward: Ward) -> None:
    ward.configure(trigger={"intervall_ms": 5})


@fault("configuration", "warn", "relative paths")
def a_relative_path(ward: Ward) -> None:
    ward.configure(station={"state_dir": "state"})


@fault("configuration", "warn", "nothing triggers")
def nothing_to_trigger_it(ward: Ward) -> None:
    ward.configure(trigger={"source": "plc"})


@fault("configuration", "warn", "Pass is never set")
def not_armed(ward: Ward) -> None:
    ward.configure(station={"armed": False})


@fault("configuration", "warn", "/dev/v4l/by-id")
def a_camera_by_its_number(ward: Ward) -> None:
    ward.configure(camera={"type": "video", "source": "/dev/video0"})


@fault("configuration", "warn", "every part would be ERROR")
def a_camera_slower_than_its_triggers(ward: Ward) -> None:
    ward.configure(camera={"type": "video", "source": "rtsp://camera.line/x", "latency_ms": 400})


@fault("station", "fail", "says nothing")
def a_station_that_hangs(ward: Ward) -> None:
    hold_lock(ward)


@fault("station", "warn", "not ready (camera)")
def a_station_that_is_not_ready(ward: Ward) -> None:
    ward.run_station(ready=False, devices=devices(camera=("fault", "gone; plug it in", "断开；请插好")))


@fault("station", "warn", "another version")
def a_station_of_another_version(ward: Ward) -> None:
    station = ward.run_station()
    station.greeting.append(SimpleNamespace(model_dump_json=lambda: '{"type":"unheard-of"}'))  # type: ignore[arg-type]


@fault("one_station", "fail", "okng/other/a/b/c")
def another_station_runs_here(ward: Ward) -> None:
    ward.run_station(path="okng/other/a/b/c")


@fault("one_station", "fail", "processes 41, 42")
def two_processes_have_the_lock_open(ward: Ward) -> None:
    ward.state.lock_file.touch()
    for pid in (41, 42):
        ward.process(pid, "okng", "run", opens=[ward.state.lock_file])


@fault("camera", "fail", "unplugged")
def a_camera_that_is_not_there(ward: Ward) -> None:
    ward.camera = lost_camera()


@fault("camera", "fail", "no picture within 0.05 s")
def a_camera_that_gives_nothing(ward: Ward) -> None:
    ward.configure(camera={"timeout_ms": 50})
    ward.script = [None, None]


@fault("camera", "fail", "16 bit")
def a_camera_with_the_wrong_format(ward: Ward) -> None:
    ward.script = [BadPicture("the picture is 16 bit"), BadPicture("the picture is 16 bit")]


@fault("camera", "fail", "used up")
def a_camera_without_pictures(ward: Ward) -> None:
    ward.script = []


@fault("camera", "fail", "gone")
def a_running_station_without_its_camera(ward: Ward) -> None:
    ward.script = [AssertionError("the camera was taken from the running station")]
    ward.run_station(devices=devices(camera=("fault", "gone; plug it in", "断开；请插好")))


@fault("picture_size", "fail", "does not fit the picture")
def a_picture_smaller_than_the_region(ward: Ward) -> None:
    geometry = GeometrySpec(roi=(0, 0, 200, 200))
    ward.write_package(geometry={"roi": [0, 0, 200, 200], "hash": geometry.digest()})


@fault("picture_size", "warn", "was made for 64x64")
def a_picture_smaller_than_the_network(ward: Ward) -> None:
    ward.script = [sharp_picture()[:40]]


@fault("picture_size", "unknown", "no picture")
def no_picture_at_all(ward: Ward) -> None:
    ward.camera = lost_camera()


@fault("exposure", "fail", "lens cap")
def a_black_picture(ward: Ward) -> None:
    ward.script = [np.zeros((96, 128), np.uint8)]


@fault("exposure", "fail", "expose shorter")
def a_white_picture(ward: Ward) -> None:
    ward.script = [np.full((96, 128, 3), 255, np.uint8)]


@fault("exposure", "warn", "white areas show no defect")
def a_tenth_of_the_picture_clipped(ward: Ward) -> None:
    picture = sharp_picture()
    picture[:10] = 255
    ward.script = [picture]


@fault("exposure", "warn", "expose longer")
def most_of_the_picture_black(ward: Ward) -> None:
    picture = sharp_picture()
    picture[:64] = 0
    ward.script = [picture]


@fault("focus", "fail", "shows nothing")
def a_flat_picture(ward: Ward) -> None:
    ward.script = [np.full((96, 128, 3), 127, np.uint8)]


@fault("focus", "warn", "focus ring")
def a_blurred_picture(ward: Ward) -> None:
    ramp = (100 + 40 * np.sin(np.arange(128) / 6)).astype(np.uint8)
    ward.script = [np.repeat(ramp[None], 96, axis=0)]


@fault("package", "fail", "sha256")
def a_package_that_was_tampered_with(ward: Ward) -> None:
    path = ward.folder / "blocks.okng"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["model.onnx"] = small_network(2.0)[: len(content["model.onnx"])]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


@fault("package", "fail", "no model package")
def no_package(ward: Ward) -> None:
    (ward.folder / "blocks.okng").unlink()


@fault("golden_frames", "fail", "golden frame")
def a_network_that_computes_something_else(ward: Ward) -> None:
    ward.write_package(files={"model.onnx": small_network(2.0)})


@fault("golden_frames", "warn", "monitor mode")
def a_package_certified_elsewhere(ward: Ward) -> None:
    data = small_manifest(small_files())
    elsewhere = {"onnxruntime": ["riscv"], "openvino": ["riscv"]}
    ward.write_package(artefacts=[{**data["artefacts"][0], "certified": elsewhere}])


@fault("golden_frames", "fail", "kills the inference runtime")
def a_child_that_is_killed(ward: Ward) -> None:
    script = ward.folder / "python"
    script.write_text("#!/bin/sh\nkill -SEGV $$\n")
    script.chmod(0o700)
    ward.with_machine(interpreter=str(script))


@fault("golden_frames", "unknown", "no sound package")
def golden_frames_of_no_package(ward: Ward) -> None:
    no_package(ward)


@fault("instruction_set", "warn", "no INT8")
def a_processor_of_long_ago(ward: Ward) -> None:
    ward.kernel("proc/cpuinfo", "flags : sse2\n")


@fault("runtimes", "fail", "pip install")
def a_runtime_that_is_not_installed(ward: Ward) -> None:
    ward.with_machine(runtimes=lambda: ())


def lost_camera() -> FakeCamera:
    camera = FakeCamera([])
    camera.fail_next_opens = 9
    return camera
