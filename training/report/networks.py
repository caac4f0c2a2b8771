"""What a run tells of every network file: shipped or not and why, agreement, accuracy, size and time."""

from __future__ import annotations

from html import escape

from training.artefacts import LITERT, SYMMETRIC, Trial
from training.page import table
from training.run import Networks

_NAMES = {LITERT: "LiteRT", SYMMETRIC: "symmetric INT8 for TensorRT and ARM"}
_ALSO = "certify it on the device with okng certify"
Row = dict[str, object]


def sentences(networks: Networks) -> list[str]:
    """One sentence for each file beside the reference's: what ships, what was refused, what was left out."""
    told = [_sentence(one) for one in networks.trials if one.runtime in _NAMES]
    for name in (LITERT, SYMMETRIC):
        trials = [one for one in networks.trials if one.runtime == name]
        if trials and all(one.refusal for one in trials):
            told.append(f"The package carries NO file of {_NAMES[name]}: a station that asks for it will not start.")
    return told + [f"{reason}." for reason in networks.left_out]


def _sentence(trial: Trial) -> str:
    what = f"{_NAMES[trial.runtime]}, {trial.quantization}"
    if trial.parity is None:
        return f"{what}, REFUSED: {trial.refusal}."
    agreement = (
        f"{len(trial.parity.flips)} flips and {len(trial.parity.moves)} moves to or from RECHECK in "
        f"{trial.parity.pictures} pictures, largest difference {trial.parity.largest_difference:.4f}"
    )
    figures = f"{agreement}{_auroc(trial)}, {trial.size_bytes / 1e6:.2f} MB"
    if trial.refusal:
        return f"{what}, REFUSED: {trial.refusal} ({figures})."
    return f"{what}: {figures}" + (f"; {_ALSO}." if trial.ms is None else f", {trial.ms:.1f} ms.")


def _auroc(trial: Trial) -> str:
    return "" if trial.auroc is None else f", AUROC {100 * trial.auroc:.2f}"


def network_figures(networks: Networks) -> dict[str, object]:
    """The same for programs."""
    return {
        "fp32_onnx": {"bytes": networks.fp32_bytes, "ms": round(networks.fp32_ms, 3)},
        "tried": [_row(one, networks.fp32_ms) for one in networks.trials],
        "left_out": list(networks.left_out),
    }


def _row(trial: Trial, fp32_ms: float) -> Row:
    parity = trial.parity
    return {
        "runtime": trial.runtime,
        "quantization": trial.quantization,
        "shipped": not trial.refusal,
        "refusal": trial.refusal,
        "flips": len(parity.flips) if parity else None,
        "moves": len(parity.moves) if parity else None,
        "pictures": parity.pictures if parity else None,
        "largest_difference": round(parity.largest_difference, 6) if parity else None,
        "auroc": trial.auroc,
        "bytes": trial.size_bytes,
        "ms": None if trial.ms is None else round(trial.ms, 3),
        "times_fp32": None if trial.ms is None else round(fp32_ms / trial.ms, 3),
    }


def network_table(networks: Networks) -> str:
    """All of it as HTML."""
    head = (
        "runtime",
        "network",
        "",
        "OK ↔ NG",
        "to or from RECHECK",
        "largest difference",
        "AUROC",
        "MB",
        "ms",
        "speed",
    )
    rows: list[tuple[object, ...]] = [
        (
            "onnxruntime",
            "float32",
            "for comparison",
            "",
            "",
            "",
            "",
            _mb(networks.fp32_bytes),
            _ms(networks.fp32_ms),
            "1.0",
        )
    ]
    rows += [_cells(one, networks.fp32_ms) for one in networks.trials]
    notes = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(networks))
    return (
        notes
        + table(head, rows)
        + '<p class="note">Times are the network alone, on one thread of the machine that trained.</p>'
    )


def _cells(trial: Trial, fp32_ms: float) -> tuple[object, ...]:
    parity = trial.parity
    agreement: tuple[object, ...] = ("reference", "", "") if not trial.refusal else ("", "", "")
    if parity:
        moved = ", ".join(parity.moves) or "none"
        agreement = (f"{len(parity.flips)} of {parity.pictures}", moved, f"{parity.largest_difference:.4f}")
    return (
        trial.runtime,
        trial.quantization,
        f"REFUSED: {trial.refusal}" if trial.refusal else "shipped",
        *agreement,
        "" if trial.auroc is None else f"{100 * trial.auroc:.2f}",
        _mb(trial.size_bytes),
        "on its device" if trial.ms is None and trial.parity else _ms(trial.ms),
        "" if trial.ms is None else f"{fp32_ms / trial.ms:.1f}",
    )


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f}"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
