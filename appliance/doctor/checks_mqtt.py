"""Checks of the way to the MES: reach the broker, trust it, be let in, be allowed to write."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding, Text, of_device, passed, unknown, warned
from appliance.doctor.patient import Patient
from appliance.domain.device import DeviceState

_DEADLINE_S = 40.0
_NOT_MADE = Text("not asked: the step before failed", "未检查：前一步未通过")
_FIRST = Text("mend the MQTT row above", "请先处理上面的 MQTT 问题")
_EXPIRES_SOON = timedelta(days=30)


def _of_step(step: DeviceState | None, en: str, zh: str) -> Finding:
    if step is None:
        return unknown(_NOT_MADE, _FIRST)
    return of_device(step) if step.state != "ok" else passed(en, zh)


def _network(patient: Patient) -> Finding:
    where = f"{patient.config.mqtt.host}:{patient.config.mqtt.port}"
    return _of_step(patient.broker.reached, f"{where} takes connections", f"{where} 可连接")


def _tls(patient: Patient) -> Finding:
    mqtt, broker = patient.config.mqtt, patient.broker
    if broker.trusted is None or broker.trusted.state != "ok":
        return _of_step(broker.trusted, "", "")
    if mqtt.ca_file is None:
        if _is_this_machine(mqtt.host):
            return passed("no TLS, and none needed on this machine", "未用 TLS；本机通信无需加密")
        return warned(
            Text("no TLS: results and password can be read on the way", "未用 TLS：结果和密码在网络上可被读取"),
            Text("set [mqtt] ca_file and the broker's TLS port", "请设置 [mqtt] ca_file 和服务器的 TLS 端口"),
        )
    if broker.expires is not None and broker.expires - patient.machine.utc() < _EXPIRES_SOON:
        day = f"{broker.expires:%Y-%m-%d}"
        return warned(
            Text(f"the broker's certificate ends on {day}", f"服务器证书将于 {day} 到期"),
            Text("renew the broker's certificate before", "请在此之前更新服务器证书"),
        )
    return passed("the broker's certificate is trusted", "服务器证书可信")


def _login(patient: Patient) -> Finding:
    user = "a user" if patient.config.mqtt.username else "without a user"
    return _of_step(patient.broker.let_in, f"the broker lets {user} in", "服务器允许登录")


def _rights(patient: Patient) -> Finding:
    if patient.broker.let_in is None or patient.broker.let_in.state != "ok":
        return unknown(_NOT_MADE, _FIRST)
    step = patient.broker.may_write
    if step is not None and step.state == "ok" and patient.config.mqtt.version != "5":
        return unknown(
            Text("an MQTT 3.1.1 broker does not tell what it denies", "MQTT 3.1.1 服务器不会告知拒绝的消息"),
            Text(
                'set [mqtt] version to "5", or see that results arrive',
                '请将 [mqtt] version 设为 "5"，或确认结果已送达',
            ),
        )
    root = f"okng/v1/{patient.config.station.path}"
    return _of_step(step, f"the broker accepts messages below {root}", f"服务器接受 {root} 下的消息")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mqtt(config: Config) -> bool:
    return config.mqtt.enabled


CHECKS = (
    Check("mqtt_network", Text("MQTT network", "MQTT 网络"), _network, _DEADLINE_S, applies=_mqtt),
    Check("mqtt_tls", Text("MQTT encryption", "MQTT 加密"), _tls, _DEADLINE_S, applies=_mqtt),
    Check("mqtt_login", Text("MQTT login", "MQTT 登录"), _login, _DEADLINE_S, applies=_mqtt),
    Check("mqtt_rights", Text("MQTT rights", "MQTT 权限"), _rights, _DEADLINE_S, applies=_mqtt),
)
