"""Faults of the ways to PLC and MES."""

from __future__ import annotations

import fcntl
import threading
from datetime import UTC, datetime
from pathlib import Path

from firmware_bridge.pty_line import PtyLine
from tests.fakes.illness.table import fault
from tests.fakes.mosquitto import Mosquitto, free_port
from tests.fakes.station_socket import devices
from tests.fakes.tls import self_signed
from tests.fakes.ward import Ward


@fault("plc_port", "fail", "is not there")
def no_serial_port(ward: Ward) -> None:
    ward.configure(plc={"enabled": True, "port": ward.folder / "none"}, trigger={"source": "plc"})


@fault("plc_port", "fail", "taken by another program")
def a_port_that_is_locked(ward: Ward) -> None:
    port = ward.run_plc()
    ward.configure(plc={"enabled": True, "port": port}, trigger={"source": "plc"})
    holder = ward.leaving.enter_context(port.open("rb+", buffering=0))
    fcntl.flock(holder, fcntl.LOCK_EX)


@fault("plc_port", "fail", "held by minicom (55)")
def a_port_that_another_program_reads(ward: Ward) -> None:
    ward.configure(plc={"enabled": True, "port": "/dev/null"}, trigger={"source": "plc"})
    ward.process(55, "/usr/bin/minicom", opens=["/dev/null"])


@fault("plc_port", "fail", "no serial port")
def a_port_that_is_a_file(ward: Ward) -> None:
    (ward.folder / "file").touch()
    ward.configure(plc={"enabled": True, "port": ward.folder / "file"}, trigger={"source": "plc"})


@fault("plc_port", "fail", "unplugged")
def a_running_station_without_its_port(ward: Ward) -> None:
    ward.configure(plc={"enabled": True, "port": ward.folder / "none"}, trigger={"source": "plc"})
    ward.run_station(devices=devices(plc=("fault", "unplugged; plug it in", "断开；请插好")))


@fault("plc_master", "warn", "silent")
def a_plc_that_says_nothing(ward: Ward) -> None:
    line = PtyLine(ward.folder / "plc")
    ward.leaving.callback(line.close)
    ward.configure(plc={"enabled": True, "port": ward.folder / "plc"}, trigger={"source": "plc"})


@fault("plc_master", "fail", "baudrate")
def a_plc_at_another_speed(ward: Ward) -> None:
    line = PtyLine(ward.folder / "plc")
    ward.leaving.callback(line.close)
    quiet = threading.Event()

    def babble() -> None:
        while not quiet.wait(0.05):
            line.write(bytes([0xF3, 0x99, 0xFF, 0xE1] * 20))

    talker = threading.Thread(target=babble, name="babble")
    talker.start()
    ward.leaving.callback(talker.join)
    ward.leaving.callback(quiet.set)
    ward.configure(plc={"enabled": True, "port": ward.folder / "plc"}, trigger={"source": "plc"})


@fault("plc_master", "fail", "other units")
def a_plc_that_asks_another_station(ward: Ward) -> None:
    port = ward.run_plc("--unit", 9)
    ward.configure(plc={"enabled": True, "port": port}, trigger={"source": "plc"})


@fault("plc_master", "unknown", "does not open")
def a_plc_without_a_port(ward: Ward) -> None:
    no_serial_port(ward)


@fault("plc_latency", "warn", "16 ms")
def an_ftdi_adapter_as_it_comes(ward: Ward) -> None:
    ward.configure(plc={"enabled": True, "port": "/dev/ttyUSB7"}, trigger={"source": "plc"})
    ward.kernel("sys/class/tty/ttyUSB7/device/latency_timer", "16\n")


@fault("mqtt_network", "fail", "not reachable")
def a_broker_that_is_down(ward: Ward) -> None:
    ward.configure(mqtt={"enabled": True, "port": free_port()})


@fault("mqtt_tls", "fail", "cannot be trusted")
def a_broker_with_a_foreign_certificate(ward: Ward) -> None:
    right, other = self_signed(ward.folder / "right.pem"), self_signed(ward.folder / "other.pem")
    broker(ward, certificate=right)
    ward.configure(mqtt={"ca_file": other.with_suffix(".crt")})


@fault("mqtt_tls", "warn", "ends on")
def a_certificate_that_ends_soon(ward: Ward) -> None:
    certificate = self_signed(ward.folder / "right.pem", days=5)
    ward.with_machine(utc=lambda: datetime.now(UTC))
    broker(ward, certificate=certificate)
    ward.configure(mqtt={"ca_file": certificate.with_suffix(".crt")})


@fault("mqtt_tls", "unknown", "step before")
def no_encryption_without_a_broker(ward: Ward) -> None:
    a_broker_that_is_down(ward)


@fault("mqtt_login", "fail", "refuses user okng")
def a_wrong_password(ward: Ward) -> None:
    broker(ward, users={"okng": "right"})
    with_password(ward, "wrong")


@fault("mqtt_login", "fail", "chmod 600")
def a_password_that_others_may_read(ward: Ward) -> None:
    broker(ward, users={"okng": "right"})
    with_password(ward, "right").chmod(0o644)


@fault("mqtt_login", "fail", "does not answer the login")
def a_broker_that_hangs(ward: Ward) -> None:
    broker(ward).freeze()


@fault("mqtt_rights", "fail", "does not accept messages")
def a_broker_that_lets_nobody_write(ward: Ward) -> None:
    broker(ward, acl="topic read #\n")


@fault("mqtt_rights", "unknown", "3.1.1")
def a_broker_that_does_not_tell(ward: Ward) -> None:
    broker(ward)
    ward.configure(mqtt={"version": "3.1.1"})


def broker(
    ward: Ward, *, users: dict[str, str] | None = None, acl: str | None = None, certificate: Path | None = None
) -> Mosquitto:
    """A real one, that the configuration names."""
    running = Mosquitto(ward.folder / "broker", users=users, acl=acl, certificate=certificate)
    ward.leaving.enter_context(running)
    ward.configure(mqtt={"enabled": True, "port": running.port})
    return running


def with_password(ward: Ward, password: str) -> Path:
    path = ward.folder / "password"
    path.write_text(password + "\n")
    path.chmod(0o600)
    ward.configure(mqtt={"username": "okng", "password_file": path})
    return path
