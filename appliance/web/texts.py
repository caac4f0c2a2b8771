"""Every word of the page, in both languages: one typed catalogue for the template and for the script.

Flask-Babel is not used: the language changes in the running page without asking the server again, so the texts of both
languages must be in the browser, and one table that a type checker and a test can read serves the template, the script
and the reviewers better than gettext files beside a second table for the script.
"""

from __future__ import annotations

import json
import re
from typing import Final, Literal, NamedTuple

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


class Text(NamedTuple):
    en: str
    zh: str


TEXTS: Final[dict[str, Text]] = {
    # The page itself.
    "page.title": Text("Live inspection", "实时检测"),
    "page.switch": Text("中文", "English"),
    "page.switch_label": Text("中文 – switch to Chinese", "English – 切换为英文"),
    "page.needs_script": Text("This page needs JavaScript; please allow it.", "本页面需要 JavaScript，请启用。"),
    "page.too_many": Text(
        "Too many screens are open on this station; close one. This page tries again by itself.",
        "打开的画面过多，请关闭其中一个；本页面会自动重试。",
    ),
    # Head line.
    "head.station": Text("Station", "检测站"),
    "head.recipe": Text("Recipe · model", "配方 · 模型"),
    "head.no_model": Text("no model", "无模型"),
    "head.lot": Text("Lot", "批次"),
    "head.no_lot": Text("none", "无"),
    "head.time": Text("Time", "时间"),
    "head.devices": Text("Devices", "设备状态"),
    # Operating modes.
    "mode.list": Text("Operating mode", "运行模式"),
    "mode.simulated": Text("Simulated line", "模拟产线"),
    "mode.monitor": Text("Monitor mode – Pass is never set", "监视模式 – 不会输出合格信号"),
    "mode.collect": Text(
        "Collecting pictures as “{label}” – nothing is judged, Pass is never set",
        "正在采集图像（标签：{label}）– 不做判定，不会输出合格信号",
    ),
    "golden.due": Text("Golden parts are due – no production", "需要验证标准件 – 暂停生产"),
    "golden.failed": Text("A golden part came out otherwise – no production", "标准件结果不符 – 暂停生产"),
    "golden.running": Text("Golden parts – Pass is never set", "标准件验证 – 不会输出合格信号"),
    "golden.part": Text("{name} must be {expected}", "{name} 应为 {expected}"),
    "golden.next": Text("Show now: {name} must be {expected}", "请展示：{name} 应为 {expected}"),
    "golden.drift": Text("Drift – OK becomes RECHECK", "漂移 – OK 改判为 RECHECK"),
    "verdict.golden": Text("Golden part", "标准件"),
    "mode.not_ready": Text("Not ready – parts are not inspected", "未就绪 – 工件未被检测"),
    # Devices and their states.
    "device.camera": Text("Camera", "相机"),
    "device.plc": Text("PLC", "PLC"),
    "device.mqtt": Text("MQTT", "MQTT"),
    "device.disk": Text("Disk", "磁盘"),
    "device.model": Text("Model", "模型"),
    "device.journal": Text("Journal", "日志库"),
    "state.ok": Text("ok", "正常"),
    "state.warn": Text("check", "注意"),
    "state.fault": Text("fault", "故障"),
    "state.off": Text("not used", "未启用"),
    "state.unknown": Text("old", "过时"),
    # Verdicts.
    "verdict.region": Text("Verdict", "判定结果"),
    "verdict.waiting": Text("Waiting for the first part", "等待第一个工件"),
    "verdict.waiting_why": Text(
        "The verdict appears here as soon as a part was inspected.", "工件检测完成后，结果显示在此处。"
    ),
    "verdict.no_station": Text("Waiting for the station", "等待检测站"),
    "verdict.no_station_why": Text(
        "No word from the station yet; see that the inspection service is running.",
        "尚未收到检测站的消息，请确认检测服务已运行。",
    ),
    "verdict.ok": Text("OK", "OK"),
    "verdict.ng": Text("NG", "NG"),
    "verdict.recheck": Text("RECHECK", "复检"),
    "verdict.no_part": Text("NO PART", "无工件"),
    "verdict.error": Text("ERROR", "错误"),
    "verdict.defect_at": Text("{name}, {where}", "{name}，{where}"),
    "verdict.more": Text("+{n} more", "另有 {n} 处"),
    "verdict.tolerated": Text("{n} tolerated", "{n} 处可容许"),
    "severity.critical": Text("critical", "致命"),
    "severity.minor": Text("minor", "轻微"),
    "verdict.score": Text("Score {score}", "得分 {score}"),
    "verdict.ok_below": Text("OK below {limit}", "OK 上限 {limit}"),
    "verdict.ng_from": Text("NG from {limit}", "NG 下限 {limit}"),
    "verdict.part": Text("Part", "工件"),
    "verdict.spoken": Text("{outcome}, part {number}: {why}", "{outcome}，工件 {number}：{why}"),
    # Where on the picture.
    "where.upper_left": Text("upper left", "左上"),
    "where.top": Text("top", "上方"),
    "where.upper_right": Text("upper right", "右上"),
    "where.left": Text("left", "左侧"),
    "where.centre": Text("centre", "中央"),
    "where.right": Text("right", "右侧"),
    "where.lower_left": Text("lower left", "左下"),
    "where.bottom": Text("bottom", "下方"),
    "where.lower_right": Text("lower right", "右下"),
    # The picture.
    "picture.region": Text("Picture of the part", "工件图像"),
    "picture.of_part": Text("Picture of part {number}", "工件 {number} 的图像"),
    "picture.none_yet": Text("No picture yet", "暂无图像"),
    "picture.none": Text("No picture of this part", "该工件没有图像"),
    "picture.gone": Text("The picture is no longer kept", "图像已不再保留"),
    "picture.enlarged": Text("{name}, {factor} × enlarged", "{name}，放大 {factor} 倍"),
    "picture.scale": Text("Score and limits", "得分与界限"),
    "picture.ok_below": Text("OK below", "OK 上限"),
    "picture.ng_from": Text("NG from", "NG 下限"),
    "picture.scale_label": Text("Score {score} on a scale from 0 to 1", "得分 {score}（量程 0 至 1）"),
    # The last rejected parts.
    "strip.title": Text("Last rejected parts", "最近的不合格工件"),
    "strip.empty": Text("No rejected part since the station was started", "检测站启动以来没有不合格工件"),
    "strip.part": Text("Part {number}", "工件 {number}"),
    # Counters.
    "count.title": Text("Counters since the station was started", "检测站启动以来的计数"),
    "count.inspected": Text("Inspected", "已检测"),
    "count.yield": Text("Yield", "合格率"),
    "count.yield_is": Text("OK ÷ inspected", "OK ÷ 已检测"),
    "count.kept": Text("Pictures kept", "已采集图像"),
    "count.not_kept": Text("Not kept", "未能保存"),
    "count.ng": Text("Rejected (NG)", "不合格（NG）"),
    "count.recheck": Text("RECHECK", "复检"),
    "count.error": Text("ERROR", "错误"),
    "count.missed": Text("Missed triggers", "漏触发"),
    "count.suppressed": Text("Tolerated defects", "已容许缺陷"),
    "count.drops": Text("Dropped", "已丢弃"),
    "count.outbox": Text("Waiting for MQTT", "待发 MQTT"),
    # NG rate.
    "rate.title": Text("NG rate per 50 parts", "每 50 件的 NG 率"),
    "rate.empty": Text("The first group of 50 parts is not finished", "第一组 50 件尚未完成"),
    "rate.label": Text("NG rate of the last {n} groups of 50 parts; newest {last}, mean {mean}",
                       "最近 {n} 组（每组 50 件）的 NG 率；最新 {last}，平均 {mean}"),
    "rate.mean": Text("mean {mean}", "平均 {mean}"),
    "rate.oldest": Text("{n} groups ago", "{n} 组前"),
    "rate.newest": Text("newest", "最新"),
    # Actions.
    "act.trigger": Text("Trigger once", "触发一次"),
    "act.golden_start": Text("Start golden parts", "开始标准件验证"),
    "act.golden_abort": Text("Break off golden parts", "中止标准件验证"),
    "act.pin": Text("Operator PIN", "操作密码"),
    "act.keys": Text("Digits", "数字键"),
    "act.back": Text("Delete the last digit", "删除最后一位"),
    "act.enter": Text("Enter", "确定"),
    "act.close": Text("Close", "关闭"),
    "act.wait": Text("Try again in {seconds} s", "请在 {seconds} 秒后重试"),
    "act.no_server": Text("The page's server does not answer; check the network.", "页面服务器无应答，请检查网络。"),
    # Change of recipe.
    "recipe.change": Text("Change recipe", "更换配方"),
    "recipe.code": Text("Scan or type a barcode", "扫描或输入条码"),
    "recipe.choose": Text("Or choose a recipe", "或选择配方"),
    "recipe.row": Text("{number} · {name} (version {version})", "{number} · {name}（版本 {version}）"),
    "recipe.running": Text("in force", "使用中"),
    "recipe.next": Text("Change…", "更换…"),
    "recipe.yes": Text("Yes, change now", "确认更换"),
    "recipe.sure": Text(
        "Change from {before} to {after}? Parts under way are still judged by {before}.",
        "将 {before} 更换为 {after}？在途工件仍按 {before} 判定。",
    ),
    "recipe.loading": Text("{name} is being loaded; the line goes on…", "正在加载 {name}；产线继续运行…"),
    "recipe.done": Text("{name} is in force.", "{name} 已生效。"),
    "recipe.none": Text("Choose a recipe, or scan its barcode.", "请选择配方或扫描条码。"),
    "mode.changing": Text("Changing to recipe {wanted}…", "正在更换为配方 {wanted}…"),
    # Alarms.
    "alarm.title": Text("Alarms", "报警"),
    "alarm.none": Text("No active alarms", "无活动报警"),
    "alarm.unknown": Text("Alarms unknown while the station is silent", "检测站失联，报警状态未知"),
    "alarm.spoken": Text("{device}, {state}: {text}", "{device}，{state}：{text}"),
    # The station is silent.
    "stale.since": Text("No word from the station since {time}", "自 {time} 起与检测站失去联系"),
    "stale.never": Text("No word from the station", "与检测站失去联系"),
    "stale.why": Text("Old data: do not rely on it; check the station.", "画面内容已过时，请勿依据；请检查检测站。"),
    "stale.old": Text("Old", "过时"),
}  # fmt: skip


def accepted_language(header: str) -> Language:
    """The better of the page's languages for an Accept-Language header; English where it names neither."""
    best: Language = "en"
    best_weight = 0.0
    for choice in header[:500].split(","):
        tag, _, rest = choice.partition(";")
        language = tag.strip().lower().split("-")[0]
        weight = _weight(rest)
        if weight <= best_weight:
            continue
        if language == "en":
            best, best_weight = "en", weight
        elif language == "zh":
            best, best_weight = "zh", weight
    return best


def text(key: str, language: Language) -> str:
    """One text; a key that is not in the catalogue is a bug and raises KeyError."""
    return TEXTS[key].zh if language == "zh" else TEXTS[key].en


def as_module() -> str:
    """The catalogue as the JavaScript module that the page's script imports."""
    table = {key: entry._asdict() for key, entry in TEXTS.items()}
    return f"export const TEXTS = {json.dumps(table, ensure_ascii=False, sort_keys=True)};\n"


def _weight(parameters: str) -> float:
    match = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", parameters)
    return float(match.group(1)) if match else 1.0
