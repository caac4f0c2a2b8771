"""Checks of the TCP ports the station's pages and metrics listen on, read from the kernel and never taken."""

from __future__ import annotations

import socket
from pathlib import Path

from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown
from appliance.doctor.machine import Machine
from appliance.doctor.patient import Patient

_LISTENS = "0A"
_FIRST_FREE = 1024


def _web(patient: Patient) -> Finding:
    web = patient.config.web
    return _port(patient, web.host, web.port, "web", "[web]")


def _port(patient: Patient, host: str, port: int, owner: str, section: str) -> Finding:
    """`owner`: the okng command whose process may hold it."""
    machine = patient.machine
    fault = _no_address(host, section)
    if fault is not None:
        return fault
    if port < (machine.number("proc/sys/net/ipv4/ip_unprivileged_port_start") or _FIRST_FREE) and patient.user.uid:
        return failed(
            Text(f"port {port} needs root", f"端口 {port} 需要 root 权限"),
            Text(f"set {section} port to 1024 or more", f"请将 {section} port 设为 1024 以上"),
        )
    inodes = _listeners(machine, port)
    if not inodes:
        return passed(f"port {port} is free", f"端口 {port} 空闲")
    pid = _owner(machine, inodes)
    if pid is None:
        return unknown(
            Text(f"port {port} is in use by a process of another user", f"端口 {port} 被其他用户的进程占用"),
            Text("ask again with sudo", "请用 sudo 重试"),
        )
    words = machine.command_line(pid)
    if owner in words and any("okng" in word or "appliance.cli" in word for word in words):
        return passed(f"port {port} is served by okng {owner} ({pid})", f"端口 {port} 由 okng {owner}（{pid}）提供服务")
    name = Path((words or ["?"])[0]).name
    return failed(
        Text(f"port {port} is taken by {name} ({pid})", f"端口 {port} 被 {name}（{pid}）占用"),
        Text(f"stop that program or set another {section} port", f"请停止该程序或更改 {section} port"),
    )


def _no_address(host: str, section: str) -> Finding | None:
    """Bind any free port there: what fails is no address of this machine."""
    remedy = Text(
        f"set {section} host to an address of this machine, or 0.0.0.0", f"请将 {section} host 设为本机地址或 0.0.0.0"
    )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError as error:
        why = error.strerror or str(error)
        return failed(Text(f"nothing can listen on {host} ({why})", f"无法在 {host} 上监听（{why}）"), remedy)
    return None


def _listeners(machine: Machine, port: int) -> set[str]:
    """Inodes of sockets that listen on the port, on whatever address: `sl local rem st … uid timeout inode`."""
    inodes = set()
    for table in ("proc/net/tcp", "proc/net/tcp6"):
        for line in (machine.text(table) or "").splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                inodes.add(words[9])
    return inodes


def _owner(machine: Machine, inodes: set[str]) -> int | None:
    sockets = {f"socket:[{inode}]" for inode in inodes}
    return next((pid for pid in machine.processes() if sockets & set(machine.open_paths(pid) or ())), None)


CHECKS = (Check("web_port", Text("Page's port", "页面端口"), _web),)
