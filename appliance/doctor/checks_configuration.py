"""Checks of the configuration and of who else uses its state directory."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from appliance.config.schema import Config
from appliance.config.video import SourceKind, VideoCameraConfig
from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.patient import Patient
from appliance.doctor.settings import relative_paths

_EDIT = Text("correct it, then run: okng check-config", "请更正后执行：okng check-config")


def _configuration(patient: Patient) -> Finding:
    if not patient.has_config:
        problems = "; ".join(line.strip() for line in patient.problems)
        return failed(Text(problems, f"配置有误：{problems}"), _EDIT)
    doubts = [*_doubts(patient)]
    if doubts:
        return warned(Text("; ".join(d.en for d in doubts), "；".join(d.zh for d in doubts)), _EDIT)
    return passed(f"{patient.config_path} is in order", f"{patient.config_path} 无误")


def _doubts(patient: Patient) -> Iterator[Text]:
    config = patient.config
    if config.trigger.source == "plc" and not config.plc.enabled:
        yield Text(
            "[trigger] source is plc but [plc] is off: nothing triggers", "触发源为 plc，但 [plc] 未启用：不会触发"
        )
    if not config.station.armed and config.recipe.mode == "inspect":
        yield Text("[station] armed is false: Pass is never set", "[station] armed 为 false：不会置位 Pass")
    yield from _doubts_of_video(config)
    relative = sorted(relative_paths(config, tomllib.loads(patient.config_path.read_text(encoding="utf-8"))))
    if relative:
        names, folder = ", ".join(relative), patient.config_path.resolve().parent
        yield Text(
            f"relative paths count from {folder} ({names}): write absolute ones for a service",
            f"相对路径以 {folder} 为起点（{names}）：作为服务运行时请写绝对路径",
        )


def _doubts_of_video(config: Config) -> Iterator[Text]:
    camera = config.camera
    if not isinstance(camera, VideoCameraConfig):
        return
    if camera.kind is SourceKind.V4L2 and Path(camera.source).parent == Path("/dev"):
        yield Text(
            f"{camera.source} may be another camera after the next start: take its name from /dev/v4l/by-id",
            f"重启后 {camera.source} 可能是另一台相机：请使用 /dev/v4l/by-id 下的名称",
        )
    if camera.latency_allowed_ms >= config.recipe.exposure_within_ms:
        yield Text(
            "[camera] latency_ms is not below [recipe] exposure_within_ms: every part would be ERROR",
            "[camera] latency_ms 不小于 [recipe] exposure_within_ms：所有工件都将为 ERROR",
        )


def _station(patient: Patient) -> Finding:
    running = patient.running
    status = running.word.status
    if not running.runs:
        return passed("no station runs on this state directory", "该状态目录上没有运行中的检测站")
    if running.word.forbidden:
        return unknown(
            Text("this user may not hear the station", "当前用户无权读取检测站状态"),
            Text("ask as the service's user or with sudo", "请以服务用户身份或用 sudo 重试"),
        )
    if status is None:
        return failed(
            Text("a station holds this state directory and says nothing", "有检测站占用该状态目录，但无响应"),
            Text("restart it: systemctl restart okng-station", "请重启：systemctl restart okng-station"),
        )
    if running.word.garbled:
        return warned(
            Text("the running station speaks another version of okng", "运行中的检测站与本程序版本不同"),
            Text("restart it after the update", "更新后请重启检测站"),
        )
    ill = ", ".join(device.id for device in status.devices if device.state in ("warn", "fault"))
    if not running.word.ready:
        return warned(
            Text(
                f"the station runs and is not ready ({ill or 'starting'})",
                f"检测站在运行，但未就绪（{ill or '启动中'}）",
            ),
            Text("mend what the other rows name", "请处理其他各行所列问题"),
        )
    return passed(f"{status.name} runs and is ready", f"{status.name} 运行中，已就绪")


def _one_station(patient: Patient) -> Finding:
    running, station = patient.running, patient.config.station
    status = running.word.status
    apart = Text("give each station a state_dir of its own", "请为每个检测站设置各自的 state_dir")
    if status is not None and (status.path, status.serial) != (station.path, station.serial):
        return failed(
            Text(
                f"{status.path} ({status.serial}) runs on this state directory, not {station.path} ({station.serial})",
                f"该状态目录由 {status.path}（{status.serial}）使用，而非 {station.path}（{station.serial}）",
            ),
            apart,
        )
    if len(running.users) > 1:
        who = ", ".join(map(str, running.users))
        return failed(
            Text(
                f"{len(running.users)} stations use it (processes {who})",
                f"有 {len(running.users)} 个检测站在用（进程 {who}）",
            ),
            apart,
        )
    return passed("at most one station uses it", "最多一个检测站在使用")


CHECKS = (
    Check("configuration", Text("Configuration", "配置"), _configuration, needs_config=False),
    Check("station", Text("Running station", "运行中的检测站"), _station),
    Check("one_station", Text("State directory in use", "状态目录占用"), _one_station),
)
