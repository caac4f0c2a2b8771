"""Faults of rights, ports and of the machine itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from appliance.doctor.machine import Said
from tests.fakes.illness.table import NOBODY, fault, hold_lock, make_journal
from tests.fakes.illness.wires import with_password
from tests.fakes.ward import Ward


@fault("groups", "fail", "usermod -aG")
def a_user_outside_the_group(ward: Ward) -> None:
    ward.configure(plc={"enabled": True, "port": "/dev/kmsg"}, trigger={"source": "plc"})
    ward.with_machine(user=NOBODY)


@fault("state_dir", "fail", "cannot make")
def a_state_directory_that_cannot_be_made(ward: Ward) -> None:
    ward.configure(station={"state_dir": "/etc/okng-state"})
    ward.with_machine(user=NOBODY)


@fault("state_dir", "fail", "chown -R")
def a_journal_of_root(ward: Ward) -> None:
    make_journal(ward)
    ward.state.journal.chmod(0o644)
    for path in (ward.state.root, ward.state.run, ward.state.live, ward.state.pictures):
        os.chown(path, NOBODY.uid, NOBODY.uid)


@fault("state_dir", "warn", "anybody may write")
def a_state_directory_for_all(ward: Ward) -> None:
    ward.state.root.chmod(0o777)


@fault("private_files", "fail", "chmod 600")
def a_password_file_for_all(ward: Ward) -> None:
    ward.configure(mqtt={"enabled": True})
    with_password(ward, "right").chmod(0o644)


@fault("private_files", "fail", "others may read")
def a_pin_for_all(ward: Ward) -> None:
    pin = ward.folder / "pin"
    pin.write_text("4711\n")
    pin.chmod(0o640)
    ward.configure(web={"pin_file": pin})


@fault("private_files", "warn", "password in")
def an_address_with_a_key_for_all(ward: Ward) -> None:
    ward.configure(camera={"type": "video", "source": "http://camera.line/video?key=4711"})


@fault("private_files", "fail", "chmod o-w")
def a_configuration_for_all(ward: Ward) -> None:
    ward.config_path.chmod(0o666)


@fault("file_limit", "fail", "LimitNOFILE")
def too_few_open_files(ward: Ward) -> None:
    ward.with_machine(open_files=lambda: (64, 64))


@fault("file_limit", "fail", "9 of 10")
def a_station_that_has_used_them_up(ward: Ward) -> None:
    pid = hold_lock(ward)
    ward.process(pid, "okng", "run", opens=[f"/file{number}" for number in range(9)])
    ward.kernel(f"proc/{pid}/limits", "Max open files            10                   10                   files\n")


@fault("priority", "warn", "nice 19")
def a_station_that_gives_way(ward: Ward) -> None:
    fields = ["0"] * 49
    fields[15] = "19"
    ward.kernel("proc/3/stat", "1 (okng (run) S " + " ".join(fields))


@fault("priority", "unknown", "does not tell")
def a_kernel_without_priorities(ward: Ward) -> None:
    ward.kernel("proc/3/stat", "")


@fault("web_port", "fail", "taken by nginx (77)")
def a_web_port_that_is_taken(ward: Ward) -> None:
    listening(ward, 4711)
    ward.process(77, "/usr/sbin/nginx", opens=["socket:[4711]"])


@fault("web_port", "unknown", "sudo")
def a_web_port_of_somebody_unseen(ward: Ward) -> None:
    listening(ward, 4711)


@fault("web_port", "fail", "needs root")
def a_web_port_below_1024(ward: Ward) -> None:
    ward.configure(web={"port": 80})
    ward.with_machine(user=NOBODY)


@fault("web_port", "fail", "address of this machine")
def an_address_of_another_machine(ward: Ward) -> None:
    ward.configure(web={"host": "203.0.113.7"})


@fault("clock_sync", "fail", "1970")
def a_clock_without_a_battery(ward: Ward) -> None:
    ward.with_machine(utc=lambda: datetime(1970, 1, 1, tzinfo=UTC))


@fault("clock_sync", "warn", "set-ntp")
def a_clock_that_follows_nobody(ward: Ward) -> None:
    ward.with_machine(clock_state=lambda: 5)


@fault("clock_sync", "unknown", "does not tell")
def a_kernel_that_hides_its_clock(ward: Ward) -> None:
    ward.with_machine(clock_state=lambda: -1)


COUNT = "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"


@fault("throttling", "fail", "slowed down by heat now")
def a_processor_that_is_being_throttled(ward: Ward) -> None:
    ward.with_machine(wait=lambda seconds: ward.kernel(COUNT, "3"))


@fault("throttling", "warn", "since boot")
def a_processor_that_was_throttled(ward: Ward) -> None:
    ward.kernel(COUNT, "3")


@fault("throttling", "fail", "undervoltage")
def a_raspberry_with_a_weak_supply(ward: Ward) -> None:
    raspberry(ward, "throttled=0x50005\n")


@fault("throttling", "warn", "since boot: throttled")
def a_raspberry_that_was_throttled(ward: Ward) -> None:
    raspberry(ward, "throttled=0x40000\n")


@fault("throttling", "unknown", "vcgencmd")
def a_raspberry_without_vcgencmd(ward: Ward) -> None:
    ward.kernel("proc/device-tree/model", "Raspberry Pi 5 Model B\0")


@fault("throttling", "unknown", "does not tell")
def a_machine_without_counters(ward: Ward) -> None:
    (ward.root / COUNT).unlink()


@fault("temperature", "fail", "97 °C")
def a_machine_about_to_switch_off(ward: Ward) -> None:
    ward.kernel("sys/class/thermal/thermal_zone0/temp", "97000")
    ward.kernel("sys/class/thermal/thermal_zone0/trip_point_0_type", "critical")
    ward.kernel("sys/class/thermal/thermal_zone0/trip_point_0_temp", "100000")


@fault("temperature", "warn", "fan")
def a_machine_that_is_warm(ward: Ward) -> None:
    ward.kernel("sys/class/thermal/thermal_zone0/temp", "84000")


@fault("temperature", "unknown", "thermometer")
def a_machine_without_a_thermometer(ward: Ward) -> None:
    (ward.root / "sys/class/thermal/thermal_zone0/temp").unlink()


CPUFREQ = "sys/devices/system/cpu/cpu0/cpufreq"


@fault("cpu_governor", "warn", "cpupower")
def a_processor_that_saves_power(ward: Ward) -> None:
    ward.kernel(f"{CPUFREQ}/scaling_governor", "powersave")


@fault("cpu_governor", "warn", "800 of 3000 MHz")
def a_processor_that_is_held_back(ward: Ward) -> None:
    ward.kernel(f"{CPUFREQ}/cpuinfo_max_freq", "3000000")
    ward.kernel(f"{CPUFREQ}/scaling_max_freq", "800000")


@fault("cpu_governor", "unknown", "frequency")
def a_machine_without_cpufreq(ward: Ward) -> None:
    (ward.root / CPUFREQ / "scaling_governor").unlink()


@fault("memory", "fail", "50 of 7812 MB")
def a_machine_out_of_memory(ward: Ward) -> None:
    ward.kernel("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 52000 kB\n")


@fault("memory", "warn", "more memory")
def a_machine_with_little_memory(ward: Ward) -> None:
    ward.kernel("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 500000 kB\n")


@fault("memory", "unknown", "does not tell")
def a_machine_without_meminfo(ward: Ward) -> None:
    ward.kernel("proc/meminfo", "")


@fault("swap", "warn", "swapoff")
def a_machine_that_swaps(ward: Ward) -> None:
    ward.kernel("proc/meminfo", "SwapTotal: 1000000 kB\nSwapFree: 100000 kB\n")


@fault("swap", "unknown", "does not tell")
def a_kernel_without_swap_figures(ward: Ward) -> None:
    ward.kernel("proc/meminfo", "")


@fault("steal", "fail", "30.0%")
def a_host_that_takes_the_processor(ward: Ward) -> None:
    ward.with_machine(wait=lambda seconds: ward.kernel("proc/stat", "cpu 170 0 100 1000 0 0 0 30 0 0\n"))


@fault("steal", "warn", "5.0%")
def a_host_that_takes_a_little(ward: Ward) -> None:
    ward.with_machine(wait=lambda seconds: ward.kernel("proc/stat", "cpu 195 0 100 1000 0 0 0 5 0 0\n"))


@fault("steal", "unknown", "does not tell")
def a_kernel_without_ticks(ward: Ward) -> None:
    ward.kernel("proc/stat", "")


def raspberry(ward: Ward, says: str) -> None:
    ward.kernel("proc/device-tree/model", "Raspberry Pi 5 Model B\0")
    ward.with_machine(command=lambda words: Said(0, says))


def listening(ward: Ward, inode: int) -> None:
    """The kernel says that somebody listens on the page's port."""
    port = ward.patient().config.web.port
    row = f"0: 0100007F:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 {inode} 1"
    ward.kernel("proc/net/tcp", f"  sl  local_address\n   {row}\n")
