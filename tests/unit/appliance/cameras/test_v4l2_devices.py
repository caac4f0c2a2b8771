"""The list of cameras, from a folder in place of /dev and answers in place of the kernel's."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

from appliance.cameras.v4l2_devices import ENUM_FMT, QUERYCAP, VideoDevice, list_devices

CAPTURE, METADATA = 0x0420_0001, 0x04A0_0000


class Kernel:
    """Answers as a driver does: one capability word for each device, and one list of formats."""

    def __init__(self, capabilities: list[int], formats: list[str]) -> None:
        self._capabilities = iter(capabilities)
        self._formats = formats

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        if request == QUERYCAP:
            assert len(argument) == 104
            now = next(self._capabilities)
            return struct.pack("16s32s32s6I", b"uvcvideo", b"HD Camera: 1080p", b"usb-1", 0, 0x84A0_0001, now, 0, 0, 0)
        assert request == ENUM_FMT
        index, kind = struct.unpack_from("2I", argument)
        assert (len(argument), kind) == (64, 1)
        if index == len(self._formats):
            raise OSError(errno.EINVAL, "Invalid argument")
        fourcc = int.from_bytes(self._formats[index].encode(), "little")
        return struct.pack("3I32s5I", index, kind, 0, b"", fourcc, 0, 0, 0, 0)


def test_the_numbers_are_those_of_the_kernel() -> None:
    assert (QUERYCAP, ENUM_FMT) == (0x8068_5600, 0xC040_5602)


def test_a_camera_is_listed_by_its_stable_name_and_its_second_node_is_not(tmp_path: Path) -> None:
    for number in (0, 1, 10):
        (tmp_path / f"video{number}").touch()
    stable = tmp_path / "v4l" / "by-id" / "usb-Maker_HD_Camera-video-index0"
    stable.parent.mkdir(parents=True)
    stable.symlink_to(tmp_path / "video0")
    found = list_devices(tmp_path, Kernel([CAPTURE, METADATA, CAPTURE], ["MJPG", "YUYV"]).ioctl)
    assert found == (
        VideoDevice(stable, tmp_path / "video0", "HD Camera: 1080p", ("MJPG", "YUYV")),
        VideoDevice(tmp_path / "video10", tmp_path / "video10", "HD Camera: 1080p", ("MJPG", "YUYV")),
    )


def test_without_cameras_the_list_is_empty_and_what_is_no_camera_is_left_out(tmp_path: Path) -> None:
    assert list_devices(tmp_path) == ()
    (tmp_path / "video0").touch()
    assert list_devices(tmp_path) == (), "an ordinary file answers no question of this kind"
