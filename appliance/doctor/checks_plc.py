"""Checks of the serial line to the PLC. A port that a running station holds is not opened: the station is asked."""

from __future__ import annotations

from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding, Text, failed, of_device, passed, unknown, warned
from appliance.doctor.patient import Patient
from appliance.domain.device import DeviceState
from appliance.live import LiveDevice

_FTDI_MS = 1


def _port(patient: Patient) -> Finding:
    if patient.running.runs:
        device = patient.running.device("plc")
        if device is not None and device.state in ("ok", "warn"):
            return passed("held by the running station", "由运行中的检测站占用")
        return _of_station(device)
    heard = patient.heard
    if heard.port.state != "ok":
        return of_device(heard.port)
    if heard.rs485:
        return passed("opens; the driver switches RS-485 direction", "可打开；驱动支持 RS-485 方向切换")
    return passed(
        "opens; RS-485 needs an adapter that switches direction itself (ENOTTY)",
        "可打开；RS-485 需使用自动换向的适配器（ENOTTY）",
    )


def _master(patient: Patient) -> Finding:
    if patient.running.runs:
        return _of_station(patient.running.device("plc"))
    heard, plc = patient.heard, patient.config.plc
    if heard.port.state != "ok":
        return unknown(
            Text("not heard: the port does not open", "未监听：串口无法打开"),
            Text("mend the PLC port first", "请先处理 PLC 串口"),
        )
    if heard.ours:
        return passed(f"the PLC asks unit {plc.unit}", f"PLC 正在轮询站号 {plc.unit}")
    if heard.others:
        return failed(
            Text(f"the PLC asks other units, never unit {plc.unit}", f"PLC 只轮询其他站号，未轮询 {plc.unit}"),
            Text("correct [plc] unit, or the address in the PLC", "请更正 [plc] unit 或 PLC 中的站号"),
        )
    if heard.noise:
        return failed(
            Text(f"{heard.noise} bytes came, none of them Modbus RTU", f"收到 {heard.noise} 字节，均非 Modbus RTU"),
            Text(
                "set [plc] baudrate, parity and stop_bits as in the PLC", "请使 [plc] 波特率、校验、停止位与 PLC 一致"
            ),
        )
    return warned(
        Text("the PLC is silent", "PLC 无通信"),
        Text(
            "check that it runs and polls; swap A and B on RS-485", "请检查 PLC 是否运行并轮询；RS-485 可对调 A、B 线"
        ),
    )


def _of_station(device: LiveDevice | None) -> Finding:
    if device is None:
        return unknown(
            Text("the running station has the port and is not heard", "串口由检测站占用，但无法获知其状态"),
            Text("see the row of the running station", "请查看“运行中的检测站”一行"),
        )
    return of_device(DeviceState(device.state, device.text_en, device.text_zh))


def _latency(patient: Patient) -> Finding:
    name = patient.config.plc.port.resolve().name
    timer = patient.machine.number(f"sys/class/tty/{name}/device/latency_timer")
    if timer is None:
        return passed(f"{name} has no latency timer", f"{name} 没有延迟定时器")
    if timer > _FTDI_MS:
        return warned(
            Text(f"{name} holds bytes back for up to {timer} ms", f"{name} 最多延迟 {timer} ms 才交付数据"),
            Text(
                f"echo 1 | sudo tee /sys/class/tty/{name}/device/latency_timer, and by a udev rule",
                f"执行 echo 1 | sudo tee /sys/class/tty/{name}/device/latency_timer，并加入 udev 规则",
            ),
        )
    return passed(f"{name} hands over every {timer} ms", f"{name} 每 {timer} ms 交付一次")


def _plc(config: Config) -> bool:
    return config.plc.enabled


CHECKS = (
    Check("plc_port", Text("PLC serial port", "PLC 串口"), _port, applies=_plc),
    Check("plc_master", Text("PLC heartbeat", "PLC 通信"), _master, applies=_plc),
    Check("plc_latency", Text("Serial adapter delay", "串口适配器延迟"), _latency, applies=_plc),
)
