"""The command `okng bench`; imports what measures only when it measures."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.errors import CheckFailed, NotThere, UsageError

_PACKAGE = Path(__file__).resolve().parents[2] / "models" / "packages" / "flange.okng"


@click.command()
@click.option(
    "--package", type=click.Path(path_type=Path), default=_PACKAGE, help="Model package; the demo's without it."
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path, allow_dash=True), help="Write JSON here; - prints it."
)
@click.option("--quick", is_flag=True, help="Short runs: everything is measured once, no speed is judged.")
@click.option(
    "--parts", type=click.IntRange(20, 60_000), help="Parts of each run of the line. [default: 3000; quick: 60]"
)
@click.option("--runtime", type=click.Choice(["auto", "openvino", "onnxruntime"]), default="auto", show_default=True)
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), help="Replay these; decoding counts too.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep transcripts, journals and raw values in this folder."
)
def bench(
    package: Path,
    json_path: Path | None,
    quick: bool,
    parts: int | None,
    runtime: str,
    pictures: Path | None,
    keep: Path | None,
) -> None:
    """Measure a whole station on this machine and hold it against its promises. Example: okng bench --json bench.json

    Takes about 20 minutes and wants the machine for itself. Exit code 1: a gate is missed, or the run is void.
    """
    from appliance.bench.bench import run_bench
    from appliance.bench.line import Subject
    from appliance.bench.plan import PARTS, QUICK_PARTS, make_plan
    from appliance.bench.report import to_json, to_text

    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep} is not empty; name a folder that does not exist yet")
    plan = make_plan(parts or (QUICK_PARTS if quick else PARTS), quick=quick)
    found = run_bench(
        Subject(package, runtime, pictures), plan, quick=quick, keep=keep, say=lambda line: click.echo(line, err=True)
    )
    if json_path == Path("-"):
        click.echo(to_json(found))
    else:
        click.echo(to_text(found))
        if json_path is not None:
            try:
                json_path.write_text(to_json(found) + "\n", encoding="utf-8")
            except OSError as error:
                raise NotThere(f"{json_path} cannot be written ({error.strerror}); choose another place") from error
    if not found.passed:
        raise CheckFailed("a gate of the bench is missed, or the run is void; the lines under 'gates' say which")
