"""Checks of the machine: its clock, its heat, its speed, its memory."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.clock import TIME_ERROR
from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.machine import Machine
from appliance.doctor.patient import Patient

_EARLIEST_YEAR = 2025
_SAMPLE_S = 1.0
_RASPBERRY_NOW = ((1 << 0, "undervoltage", "欠压"), (1 << 1, "frequency capped", "限频"),
                  (1 << 2, "throttled", "降频"), (1 << 3, "too warm", "过热"))  # fmt: skip
_SINCE_BOOT = 16
_HOT_C, _NEAR_C = 80, 5
_STEAL_WARN, _STEAL_FAIL = 0.02, 0.10
_LOW_SHARE, _LOW_MB, _OUT_MB = 0.10, 400, 100
_SWAP_SHARE = 0.25
_COOL = Text("cool the computer: fan, heat sink, shade", "请改善散热：风扇、散热片、遮阳")
_POWER = Text("use the maker's power supply and cool the computer", "请使用原厂电源并改善散热")


def _clock(patient: Patient) -> Finding:
    machine = patient.machine
    now, state = machine.utc(), machine.clock_state()
    set_it = Text("enable a time source: timedatectl set-ntp true", "请启用对时：timedatectl set-ntp true")
    if now.year < _EARLIEST_YEAR:
        return failed(Text(f"the clock says {now:%Y-%m-%d}", f"系统时间为 {now:%Y-%m-%d}"), set_it)
    if state < 0:
        return unknown(
            Text("the kernel does not tell whether the clock is set", "内核不提供对时状态"),
            Text("ask outside the container: timedatectl", "请在容器外执行 timedatectl"),
        )
    source = _time_source(machine)
    if state >= TIME_ERROR:
        return warned(
            Text(f"the clock follows no time source ({source})", f"系统时钟未对时（{source}）"),
            set_it,
        )
    return passed(f"follows {source}", f"已对时（{source}）")


def _time_source(machine: Machine) -> str:
    names = {(machine.text(f"proc/{pid}/comm") or "") for pid in machine.processes()}
    known = ("chronyd", "systemd-timesyn", "ntpd", "ptp4l", "phc2sys")
    return ", ".join(name for name in known if name in names) or "no time service"


def _throttling(patient: Patient) -> Finding:
    machine = patient.machine
    if "Raspberry Pi" in (machine.text("proc/device-tree/model") or ""):
        return _raspberry(machine)
    before = _throttle_counts(machine)
    if not before:
        return unknown(
            Text("this machine does not tell", "本机不提供降频信息"),
            Text("watch p99 of the latency when it is warm", "请在机器升温后观察 p99 延迟"),
        )
    machine.wait(_SAMPLE_S)
    grown = sum(_throttle_counts(machine)) - sum(before)
    if grown > 0:
        return failed(Text("the processor is slowed down by heat now", "处理器正因过热降频"), _COOL)
    if sum(before):
        return warned(
            Text(f"slowed down by heat {sum(before)} times since boot", f"开机以来因过热降频 {sum(before)} 次"), _COOL
        )
    return passed("never since boot", "开机以来未降频")


def _throttle_counts(machine: Machine) -> list[int]:
    names = machine.paths("sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count")
    return [count for name in names if (count := machine.number(name)) is not None]


def _raspberry(machine: Machine) -> Finding:
    said = machine.command(("vcgencmd", "get_throttled"))
    key, _, value = said.text.strip().partition("=")
    try:
        bits = int(value, 16) if said.code == 0 and key == "throttled" else None
    except ValueError:
        bits = None
    if bits is None:
        return unknown(
            Text("vcgencmd does not answer", "vcgencmd 无响应"),
            Text("install raspi-utils and add the user to the group video", "请安装 raspi-utils 并将用户加入 video 组"),
        )
    now, before = _named(bits), _named(bits >> _SINCE_BOOT)
    if now.en:
        return failed(Text(f"now: {now.en}", f"当前：{now.zh}"), _POWER)
    if before.en:
        return warned(Text(f"since boot: {before.en}", f"开机以来曾：{before.zh}"), _POWER)
    return passed("never since boot", "开机以来未降频")


def _named(bits: int) -> Text:
    found = [(en, zh) for bit, en, zh in _RASPBERRY_NOW if bits & bit]
    return Text(", ".join(en for en, _ in found), "、".join(zh for _, zh in found))


def _temperature(patient: Patient) -> Finding:
    machine = patient.machine
    zones = [
        (name, celsius)
        for name in machine.paths("sys/class/thermal/thermal_zone*")
        if (celsius := _celsius(machine, f"{name}/temp")) is not None
    ]
    if not zones:
        return unknown(
            Text("this machine has no thermometer that Linux reads", "本机没有可读取的温度传感器"),
            Text("watch the case's temperature", "请留意机箱温度"),
        )
    hottest = max(celsius for _, celsius in zones)
    found = Text(f"{hottest:.0f} °C", f"{hottest:.0f} °C")
    if any(celsius >= trip - _NEAR_C for name, celsius in zones for trip in _trips(machine, name, ("hot", "critical"))):
        return failed(found, _COOL)
    if hottest >= _HOT_C or any(
        celsius >= trip for name, celsius in zones for trip in _trips(machine, name, ("passive",))
    ):
        return warned(found, _COOL)
    return Finding("pass", found)


def _celsius(machine: Machine, name: str) -> float | None:
    milli = machine.number(name)
    return None if milli is None else milli / 1000


def _trips(machine: Machine, zone: str, kinds: tuple[str, ...]) -> Iterator[float]:
    for name in machine.paths(f"{zone}/trip_point_*_type"):
        celsius = _celsius(machine, name.removesuffix("type") + "temp")
        # Some firmware leaves a trip at or below zero to say that there is none.
        if machine.text(name) in kinds and celsius is not None and celsius > 0:
            yield celsius


def _governor(patient: Patient) -> Finding:
    machine, base = patient.machine, "sys/devices/system/cpu/cpu0/cpufreq"
    governor, driver = machine.text(f"{base}/scaling_governor"), machine.text(f"{base}/scaling_driver") or ""
    if governor is None:
        return unknown(
            Text("this machine does not tell its frequency", "本机不提供频率信息"),
            Text("set the host or firmware to full performance", "请在主机或固件中设为最高性能"),
        )
    highest, limit = machine.number(f"{base}/cpuinfo_max_freq"), machine.number(f"{base}/scaling_max_freq")
    if highest and limit and limit < highest:
        return warned(
            Text(
                f"held at {limit // 1000} of {highest // 1000} MHz",
                f"频率被限制为 {limit // 1000} / {highest // 1000} MHz",
            ),
            Text("raise scaling_max_freq to the processor's own", "请将 scaling_max_freq 调至处理器上限"),
        )
    # With these drivers "powersave" is the one that follows the load.
    if governor == "powersave" and driver not in ("intel_pstate", "amd-pstate-epp"):
        return warned(
            Text("powersave keeps the lowest frequency", "powersave 使处理器保持最低频率"),
            Text("cpupower frequency-set -g performance", "请执行 cpupower frequency-set -g performance"),
        )
    return passed(governor, governor)


def _memory(patient: Patient) -> Finding:
    values = _meminfo(patient.machine)
    if "MemAvailable" not in values:
        return unknown(Text("the kernel does not tell", "内核不提供内存信息"), Text("see: free -m", "请查看 free -m"))
    free, whole = values["MemAvailable"] // 1024, values["MemTotal"] // 1024
    found = Text(f"{free} of {whole} MB free", f"可用 {free} / {whole} MB")
    remedy = Text("stop other programs, or use a machine with more memory", "请停止其他程序或增加内存")
    if free < _OUT_MB:
        return failed(found, remedy)
    return warned(found, remedy) if free < _LOW_MB or free < _LOW_SHARE * whole else Finding("pass", found)


def _swap(patient: Patient) -> Finding:
    values = _meminfo(patient.machine)
    if "SwapTotal" not in values:
        return unknown(Text("the kernel does not tell", "内核不提供交换区信息"), Text("see: free -m", "请查看 free -m"))
    total = values["SwapTotal"] // 1024
    used = total - values.get("SwapFree", 0) // 1024
    if total and used > _SWAP_SHARE * total:
        return warned(
            Text(
                f"{used} of {total} MB of swap in use: pauses of seconds",
                f"已用交换区 {used} / {total} MB：可能卡顿数秒",
            ),
            Text("stop other programs, then: swapoff -a && swapon -a", "请停止其他程序，然后 swapoff -a && swapon -a"),
        )
    return passed(f"{used} of {total} MB of swap in use", f"已用交换区 {used} / {total} MB")


def _meminfo(machine: Machine) -> dict[str, int]:
    """`/proc/meminfo` in kB."""
    rows = (line.split() for line in (machine.text("proc/meminfo") or "").splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in rows if len(words) > 1 and words[1].isdecimal()}


def _steal(patient: Patient) -> Finding:
    before = _cpu_ticks(patient.machine)
    patient.machine.wait(_SAMPLE_S)
    after = _cpu_ticks(patient.machine)
    if before is None or after is None:
        return unknown(Text("the kernel does not tell", "内核不提供信息"), Text("see: vmstat 1", "请查看 vmstat 1"))
    passed_by = sum(after) - sum(before)
    share = (after[_STEAL] - before[_STEAL]) / passed_by if passed_by else 0.0
    found = Text(f"{share:.1%} of the processor taken by the host", f"被宿主机占用 {share:.1%}")
    remedy = Text("give this virtual machine cores of its own, or use real hardware", "请为虚拟机独占核心或使用实体机")
    if share >= _STEAL_FAIL:
        return failed(found, remedy)
    return warned(found, remedy) if share >= _STEAL_WARN else Finding("pass", found)


_STEAL = 7  # user nice system idle iowait irq softirq steal


def _cpu_ticks(machine: Machine) -> tuple[int, ...] | None:
    line = (machine.text("proc/stat") or "").partition("\n")[0].split()
    return tuple(int(word) for word in line[1:9]) if len(line) >= 9 and line[0] == "cpu" else None


CHECKS = (
    Check("clock_sync", Text("Clock", "时钟"), _clock, needs_config=False),
    Check("throttling", Text("Throttling", "降频"), _throttling, needs_config=False),
    Check("temperature", Text("Temperature", "温度"), _temperature, needs_config=False),
    Check("cpu_governor", Text("Processor frequency", "处理器频率"), _governor, needs_config=False),
    Check("memory", Text("Memory", "内存"), _memory, needs_config=False),
    Check("swap", Text("Swap", "交换区"), _swap, needs_config=False),
    Check("steal", Text("Time taken by the host", "宿主机占用"), _steal, needs_config=False),
)
