"""What a run tells of every network file: shipped or not and why, agreement, accuracy, size and time."""

from __future__ import annotations

from training.artefacts import LITERT, SYMMETRIC, Trial
from training.page import bullets, paragraph, table
from training.report import climbed
from training.report.wording import megabytes
from training.run import Networks
from training.text import Said, Text, same

_NAMES = {
    LITERT: same("LiteRT"),
    SYMMETRIC: Text("symmetric INT8 for TensorRT and ARM", "用于 TensorRT 和 ARM 的对称 INT8"),
}
_ALSO = Text("certify it on the device with okng certify", "请在设备上用 okng certify 认证")
_HEAD = (
    Text("runtime", "推理引擎"),
    Text("network", "网络"),
    Text("in the package", "是否随包"),
    Text("OK ↔ NG", "OK ↔ NG"),
    Text("to or from RECHECK", "转入或转出复检"),
    Text("largest difference", "最大差异"),
    Text("AUROC, held out", "留出 AUROC"),
    same("MB"),
    same("ms"),
    Text("times as fast as fp32", "相对 fp32 的速度倍数"),
)
Row = dict[str, object]


def sentences(networks: Networks) -> list[str]:
    """`told` for a terminal."""
    return [text.en for text in told(networks)]


def told(networks: Networks) -> list[Text]:
    """How the reference came to INT8, then a sentence for each file beside it: shipped, refused or left out."""
    found = climbed.told(networks.climb)
    found += [_sentence(one) for one in networks.trials if one.runtime in _NAMES]
    for name in (LITERT, SYMMETRIC):
        trials = [one for one in networks.trials if one.runtime == name]
        if trials and all(one.refusal for one in trials):
            en, zh = _NAMES[name].en, _NAMES[name].zh
            found.append(
                Text(
                    f"The package carries NO file of {en}: a station that asks for it will not start.",
                    f"模型包不含{zh}文件：要求使用它的检测站将无法启动。",
                )
            )
    return found + [Text(f"{why.en}.", f"{why.zh}。") for why in networks.left_out]


def _sentence(trial: Trial) -> Text:
    name = _NAMES[trial.runtime]
    en, zh = (f"{own}, {trial.quantization}" for own in (name.en, name.zh))
    why = trial.refusal
    if trial.parity is None:
        why = why or same("")
        return Text(f"{en}, REFUSED: {why.en}.", f"{zh}，已拒绝：{why.zh}。")
    parity, size, auroc = trial.parity, megabytes(trial.size_bytes), _auroc(trial)
    flips, moves, largest = len(parity.flips), len(parity.moves), f"{parity.largest_difference:.4f}"
    figures = Text(
        f"{flips} flips and {moves} moves to or from RECHECK in {parity.pictures} pictures, largest difference "
        f"{largest}{auroc}, {size}",
        f"{parity.pictures} 张图像中 {flips} 次翻转、{moves} 次转入或转出复检，最大差异 {largest}{auroc}，{size}",
    )
    if why is not None:
        return Text(f"{en}, REFUSED: {why.en} ({figures.en}).", f"{zh}，已拒绝：{why.zh}（{figures.zh}）。")
    if trial.ms is None:
        return Text(f"{en}: {figures.en}; {_ALSO.en}.", f"{zh}：{figures.zh}；{_ALSO.zh}。")
    return Text(f"{en}: {figures.en}, {trial.ms:.1f} ms.", f"{zh}：{figures.zh}，{trial.ms:.1f} ms。")


def _auroc(trial: Trial) -> str:
    return "" if trial.auroc is None else f", AUROC {100 * trial.auroc:.2f}"


def network_figures(networks: Networks) -> dict[str, object]:
    """The same for programs."""
    return {
        "fp32_onnx": {"bytes": networks.fp32_bytes, "ms": round(networks.fp32_ms, 3)},
        "tried": [_row(one, networks.fp32_ms) for one in networks.trials],
        "left_out": [why.en for why in networks.left_out],
        "quantization": climbed.figures(networks.climb),
    }


def _row(trial: Trial, fp32_ms: float) -> Row:
    parity = trial.parity
    return {
        "runtime": trial.runtime,
        "quantization": trial.quantization,
        "shipped": not trial.refusal,
        "refusal": "" if trial.refusal is None else trial.refusal.en,
        "flips": len(parity.flips) if parity else None,
        "moves": len(parity.moves) if parity else None,
        "pictures": parity.pictures if parity else None,
        "largest_difference": round(parity.largest_difference, 6) if parity else None,
        "auroc": trial.auroc,
        "bytes": trial.size_bytes,
        "ms": None if trial.ms is None else round(trial.ms, 3),
        "times_fp32": None if trial.ms is None else round(fp32_ms / trial.ms, 3),
    }


def network_table(networks: Networks, fp32_auroc: float | None = None) -> str:
    """All of it as HTML; `fp32_auroc`: what fp32 reaches on the same held-out pictures, where that was asked."""
    first: tuple[Said, ...] = (
        "onnxruntime",
        "float32",
        Text("for comparison", "仅供比较"),
        "",
        "",
        "",
        _points(fp32_auroc),
        _mb(networks.fp32_bytes),
        _ms(networks.fp32_ms),
        "1.0",
    )
    note = Text(
        "Times are the network alone, on one thread of the machine that trained.",
        "时间为网络本身，训练所用机器的单线程。",
    )
    rows = [first, *(_cells(one, networks.fp32_ms) for one in networks.trials)]
    return bullets(told(networks)) + table(_HEAD, rows) + paragraph(note, note=True)


def _cells(trial: Trial, fp32_ms: float) -> tuple[Said, ...]:
    parity = trial.parity
    reference = Text("reference", "基准")
    agreement: tuple[Said, ...] = (reference, "", "") if not trial.refusal else ("", "", "")
    if parity:
        flips = Text(f"{len(parity.flips)} of {parity.pictures}", f"{len(parity.flips)}/{parity.pictures}")
        moved: Said = ", ".join(parity.moves) or Text("none", "无")
        agreement = (flips, moved, f"{parity.largest_difference:.4f}")
    shipped = (
        Text("shipped", "随包")
        if trial.refusal is None
        else Text(f"REFUSED: {trial.refusal.en}", f"已拒绝：{trial.refusal.zh}")
    )
    return (
        trial.runtime,
        trial.quantization,
        shipped,
        *agreement,
        _points(trial.auroc),
        _mb(trial.size_bytes),
        Text("on its device", "在目标设备上") if trial.ms is None and trial.parity else _ms(trial.ms),
        "" if trial.ms is None else f"{fp32_ms / trial.ms:.1f}",
    )


def _points(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f}"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
