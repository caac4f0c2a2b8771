"""What the doctor looks at and what it may say of it.

A check that cannot be made is `unknown`, never `pass`: in the summary it counts as a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from appliance.config.schema import Config
from appliance.doctor.patient import Patient
from appliance.domain.device import DeviceState

State = Literal["pass", "warn", "fail", "unknown"]
DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line in both languages, whatever a library put into its message."""

    en: str
    zh: str

    def __post_init__(self) -> None:
        for name in ("en", "zh"):
            object.__setattr__(self, name, " ".join(getattr(self, name).split()))


NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty for a pass alone."""

    state: State
    found: Text
    remedy: Text = NOTHING

    def __post_init__(self) -> None:
        if (self.state == "pass") != (self.remedy == NOTHING):
            raise ValueError(f"a finding that is {self.state} must{' not' * (self.state == 'pass')} have a remedy")


def always(config: Config) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """`run` may block and may raise: the examination ends it at `deadline_s`, and either is a fail, not a crash.

    `applies` says whether the configuration has what is looked at. A check that does not `need_config` is made although
    the configuration is not in order.
    """

    id: str
    title: Text
    run: Callable[[Patient], Finding]
    deadline_s: float = DEADLINE_S
    applies: Callable[[Config], bool] = always
    needs_config: bool = True


def passed(en: str, zh: str) -> Finding:
    return Finding("pass", Text(en, zh))


def warned(found: Text, remedy: Text) -> Finding:
    return Finding("warn", found, remedy)


def failed(found: Text, remedy: Text) -> Finding:
    return Finding("fail", found, remedy)


def unknown(found: Text, remedy: Text) -> Finding:
    return Finding("unknown", found, remedy)


def of_device(device: DeviceState) -> Finding:
    """A running station's own word on one of its devices; its sentence holds the remedy."""
    whole = Text(device.text_en, device.text_zh)
    if device.state == "fault":
        return failed(*_split(whole))
    if device.state == "warn":
        return warned(*_split(whole))
    if device.state == "off":
        return unknown(
            Text("the running station does not use it", "运行中的检测站未使用该设备"),
            Text("restart the station: its configuration was changed", "请重启检测站：其配置已被修改"),
        )
    return passed("the running station says that it is well", "运行中的检测站报告其正常")


def _split(whole: Text) -> tuple[Text, Text]:
    """Cut "what is wrong; what to do" into its halves, in each language."""
    found_en, _, remedy_en = whole.en.partition("; ")
    found_zh, _, remedy_zh = whole.zh.partition("；")
    return Text(found_en, found_zh), Text(remedy_en or "see the station's page", remedy_zh or "请查看检测站页面")
