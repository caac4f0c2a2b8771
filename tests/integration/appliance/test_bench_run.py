"""`okng bench --quick` on real processes: everything is there and fits together. No speed is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from appliance.bench.verdicts import FULL, LINE_30, WAKE
from tests.fakes.line import okng

SPANS = ("captured to verdict", "captured to answer")
STAGES = ("expose", "wait", "preprocess", "infer", "score", "record", "answer", "total")


def test_a_quick_bench_is_complete_and_consistent(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    done = okng("bench", "--quick", "--parts", "40", "--json", out, "--keep", tmp_path / "kept", timeout_s=280)
    print(done.stdout)  # noqa: T201 - the figures of this run
    assert out.exists(), done.stderr
    bench: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    gates = {gate["name"]: gate["word"] for gate in bench["gates"]}
    lost = ("lost parts", "doubled or foreign results", "runs without a part", "runs whose ledger does not add up")
    assert [gates[name] for name in lost] == ["met"] * 4, done.stdout
    assert {word for name, word in gates.items() if name not in lost} == {"not judged"}
    assert done.returncode == 0, done.stderr
    assert (bench["schema"], bench["quick"], bench["passed"]) == ("okng.bench/1", True, True)
    runs = {run["name"]: run for run in bench["runs"]}
    for run in runs.values():
        check_run(run)
    for name in (LINE_30, FULL):
        assert runs[name]["stages_ms"]["captured to coil"]["count"] > 0
        assert runs[name]["deliveries"]["triggers"] == 44
    assert runs[WAKE]["stages_ms"]["wake"]["count"] > 50
    assert {app["mode"] for app in bench["benchmark_app"]} == {"line", "throughput"}
    assert all(app["throughput"] > 0 for app in bench["benchmark_app"])
    assert bench["ratios"]["throughput"] > 0
    assert "gates" in done.stdout
    assert any((tmp_path / "kept").rglob("measured.npz"))


def check_run(run: dict[str, Any]) -> None:
    found = run["deliveries"]
    assert found["journal_rows"] == found["distinct_ids"] > 0
    for reader in ("plc", "mqtt"):
        tally = found[reader]
        assert tally is None or tally["heard"] == tally["owed"] > 0
    for name in (*STAGES, *SPANS):
        row = run["stages_ms"][name]
        assert 0 <= row["p50"] <= row["p95"] <= row["p99"] <= row["p99_9"] <= row["max"], name
    assert run["stages_ms"]["captured to verdict"]["p50"] <= run["stages_ms"]["captured to answer"]["p50"]
    assert 0 <= run["quiet"]["steal"] <= 1
