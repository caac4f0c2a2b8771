"""Checks of the camera and of what its picture is good for, by one picture and a small gray copy of it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.doctor.check import NOTHING, Check, Finding, Text, failed, of_device, passed, unknown, warned
from appliance.doctor.checks_model import has_model
from appliance.doctor.patient import Patient
from models.errors import BadPicture, ModelError
from models.package import open_package
from models.preprocess import check_picture

_DEADLINE_S = 45.0
_BRIGHT, _DARK = 250, 5
_ALL = 0.95
_MUCH_BRIGHT, _MUCH_DARK = 0.05, 0.60
_FLAT, _SOFT = 0.5, 5.0

_NO_PICTURE = Text("no picture to measure", "没有可供测量的图像")
_MEND = Text("mend the camera first", "请先排除相机故障")
_TRIGGER = Text("trigger one part, then ask again", "请触发一次检测后重试")


def _camera(patient: Patient) -> Finding:
    look = patient.look
    if look.of_station and patient.running.device("camera") is None:
        return unknown(
            Text("the running station has the camera and is not heard", "相机由检测站占用，但无法获知其状态"),
            Text("see the row of the running station", "请查看“运行中的检测站”一行"),
        )
    if look.camera.state != "ok" or look.of_station:
        return of_device(look.camera)
    assert look.image is not None
    height, width = look.image.shape[:2]
    return passed(f"opens and gives a picture of {width}x{height}", f"可打开，图像 {width}x{height}")


def _without_picture(patient: Patient) -> Finding:
    ask = _TRIGGER if patient.look.of_station and patient.look.camera.state == "ok" else _MEND
    return unknown(_NO_PICTURE, ask)


def _picture_size(patient: Patient) -> Finding:
    image = patient.look.image
    if image is None:
        return _without_picture(patient)
    height, width = image.shape[:2]
    try:
        manifest = open_package(patient.model.package).manifest
    except ModelError:
        return unknown(
            Text("no package to compare with", "没有可对照的模型包"), Text("mend the package", "请先处理模型包")
        )
    try:
        check_picture(image)
        region = manifest.geometry.region(image)
    except BadPicture as error:
        found, _, remedy = str(error).partition("; ")
        return failed(
            Text(found, f"图像 {width}x{height} 不适合模型"),
            Text(remedy or "set the camera to 8 bit mono or BGR", "请把相机设为训练时的尺寸与 8 位格式"),
        )
    need = manifest.input
    if region.shape[1] < need.width_px or region.shape[0] < need.height_px:
        seen = f"{region.shape[1]}x{region.shape[0]}"
        return warned(
            Text(
                f"the model looks at {seen} pixels and was made for {need.width_px}x{need.height_px}",
                f"模型查看 {seen} 像素，设计为 {need.width_px}x{need.height_px}",
            ),
            Text("raise the camera's resolution or come nearer", "请提高相机分辨率或靠近工件"),
        )
    return passed(f"{width}x{height} holds what the model looks at", f"{width}x{height} 满足模型需要")


def _exposure(patient: Patient) -> Finding:
    gray = patient.look.gray
    if gray is None:
        return _without_picture(patient)
    bright, dark = float((gray >= _BRIGHT).mean()), float((gray <= _DARK).mean())
    found = Text(
        f"{bright:.0%} of the picture is white, {dark:.0%} black",
        f"图像中 {bright:.0%} 过曝，{dark:.0%} 全黑",
    )
    if dark >= _ALL:
        return failed(
            found, Text("remove the lens cap, switch the light on, expose longer", "请取下镜头盖、打开光源或延长曝光")
        )
    if bright >= _ALL:
        return failed(found, Text("expose shorter or dim the light", "请缩短曝光或调暗光源"))
    if bright >= _MUCH_BRIGHT:
        return warned(found, Text("expose shorter: white areas show no defect", "请缩短曝光：过曝区域看不到缺陷"))
    if dark >= _MUCH_DARK:
        return warned(found, Text("expose longer unless the background is black", "若背景并非黑色，请延长曝光"))
    return Finding("pass", found, NOTHING)


def _focus(patient: Patient) -> Finding:
    gray = patient.look.gray
    if gray is None:
        return _without_picture(patient)
    number = focus_number(gray)
    found = Text(f"focus number {number:.1f}", f"清晰度 {number:.1f}")
    if number < _FLAT:
        return failed(
            found,
            Text("the picture shows nothing: check lens, cap and light", "图像没有内容：请检查镜头、镜头盖和光源"),
        )
    if number < _SOFT:
        return warned(found, Text("turn the focus ring until the number is largest", "请转动对焦环，使该数值最大"))
    return Finding("pass", found, NOTHING)


def focus_number(gray: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of `(h, w)` uint8; 0 for a flat picture."""
    return float(cv2.Laplacian(gray, cv2.CV_64F).var())


CHECKS = (
    Check("camera", Text("Camera", "相机"), _camera, _DEADLINE_S),
    Check("picture_size", Text("Picture size", "图像尺寸"), _picture_size, _DEADLINE_S, applies=has_model),
    Check("exposure", Text("Exposure", "曝光"), _exposure, _DEADLINE_S),
    Check("focus", Text("Focus", "对焦"), _focus, _DEADLINE_S),
)
