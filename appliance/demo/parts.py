"""The command `okng demo-parts`, also `python -m appliance.demo.parts`; imports what draws only when it draws."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.errors import OkngError


@click.command("demo-parts")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--good", type=click.IntRange(0, 99_999), default=240, show_default=True, help="Good parts to draw.")
@click.option("--defects", type=click.IntRange(0, 99_999), default=20, show_default=True, help="Parts of each defect.")
@click.option("--empty", type=click.IntRange(0, 99_999), default=0, show_default=True, help="Empty belts to draw.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Other seeds draw other parts."
)
@click.option("--format", "picture_format", type=click.Choice(["png", "jpg"]), default="png", show_default=True)
def demo_parts(folder: Path, good: int, defects: int, empty: int, seed: int, picture_format: str) -> None:
    """Draw a data set of the simulated line's parts into FOLDER. Example: okng demo-parts flanges --good 240"""
    from appliance.cameras.flange_defects import KINDS
    from appliance.demo.data_set import PartsToDraw, write_parts

    wanted = PartsToDraw(good, defects, seed, picture_format, empty)
    total = good + defects * len(KINDS) + empty
    with click.progressbar(write_parts(folder, wanted), length=total, label="Drawing parts") as paths:
        written = sum(1 for _ in paths)
    click.echo(
        f"wrote {written} pictures to {folder}: {good} good, {defects} of each of {', '.join(KINDS)}, {empty} empty"
    )


def main() -> int:
    """Run as `python -m appliance.demo.parts`."""
    try:
        demo_parts.main(standalone_mode=False)
    except OkngError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
