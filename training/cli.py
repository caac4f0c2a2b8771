"""`okng train` and `okng eval`; importable without torch, which only a running training needs."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.commands.cache import Caching, cache_options
from training.guard import guarded, need_training_libraries

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.declared import Asked
    from training.run import Request


_MODES = ("auto", "good", "mixed", "segmentation", "classification")
_SUBSETS = ("train", "validation", "calibration", "test", "regression")


def _region(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, int, int, int] | None:
    if value is None:
        return None
    numbers = value.split(",")
    if len(numbers) != 4 or not all(re.fullmatch(r"\d+", number.strip()) for number in numbers):
        raise click.BadParameter("give x,y,w,h in camera pixels, such as 130,0,640,640")
    x, y, width, height = (int(number) for number in numbers)
    if min(width, height) < 32:
        raise click.BadParameter("the region must be at least 32 pixels wide and high")
    return x, y, width, height


def _word(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    letters = "a-z0-9" if parameter.name == "model_id" else "A-Za-z0-9"
    if value is not None and not re.fullmatch(rf"[{letters}][{letters}._-]{{0,63}}", value):
        raise click.BadParameter(f"use at most 64 of {letters} . _ - and begin with a letter or number")
    return value


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        raise click.BadParameter("give the time as 2026-01-31T08:00:00Z")
    return value


def _runtimes(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    from training.config import RUNTIMES

    names = tuple(sorted({name.strip() for name in value.split(",")} - {"onnxruntime"}))
    wrong = [name for name in names if name not in RUNTIMES]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} is none; choose from onnxruntime, {', '.join(RUNTIMES)}")
    return names


@click.command(
    epilog="Example: okng train pictures/flange --out flange.okng --roi 130,0,640,640\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 4 refused (parity, an old escape), 130 stopped."
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The package to write, NAME.okng.")
@click.option(
    "--mode", type=click.Choice(_MODES), help="What the pictures teach; see docs/training.md  [default: auto]"
)
@click.option("--resume", is_flag=True, help="Go on with a run of the same data and settings that was stopped.")
@click.option("--seed", type=click.IntRange(0), help="Same data and seed, same package.  [default: 0]")
@click.option("--size", type=click.IntRange(64, 1024), help="Network input, pixels  [default: 256; 128 a named region]")
@click.option("--roi", callback=_region, metavar="X,Y,W,H", help="Region of the picture to look at.")
@click.option(
    "--geometry",
    "geometry_file",
    type=click.Path(path_type=Path),
    help="TOML file: region, masks, alignment, tiles; see docs/geometry.md.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file: [train], [augment], [synthesize]; see docs/training.md.",
)
@click.option("--id", "model_id", callback=_word, help="Model id  [default: NAME of the package]")
@click.option("--model-version", callback=_word, help="Model version  [default: date of the newest picture]")
@click.option("--created", callback=_moment, metavar="TIME", help="Time to record  [default: of the newest picture]")
@click.option(
    "--runtimes",
    callback=_runtimes,
    metavar="NAMES",
    help="Of openvino,tflite,symmetric (TensorRT, ARM); onnxruntime always.  [default: all installed]",
)
@click.option("--report", type=click.Path(path_type=Path), help="HTML report  [default: NAME.report.html]")
@click.option("--card", type=click.Path(path_type=Path), help="Model card  [default: NAME.MODEL_CARD.md]")
@cache_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
@click.option("--split", metavar="NAME", help="Train on DATA/splits/NAME.csv (or a file) but its test, and judge that.")
@click.option("--accept-escapes", metavar="REASON", help="Write a package that misses old escapes (okng regression).")
@click.option("--backbone", metavar="NAME", help="A network of torchvision in place of the trunk; needs --weights.")
@click.option("--weights", type=click.Path(path_type=Path), metavar="FILE", help="Its weights; see docs/backbones.md.")
@click.option("--fp32", type=click.Path(path_type=Path), help="Write the same package without quantization, too.")
@click.option("--folds", type=click.IntRange(2, 20), help="Named regions: judge each N-th part unseen, write nothing.")
@click.option(
    "--repeats", default=1, show_default=True, type=click.IntRange(1, 20), help="Seeds to repeat --folds with."
)
def train(
    data: Path,
    out: Path | None,
    mode: Asked | None,
    resume: bool,
    seed: int | None,
    size: int | None,
    roi: tuple[int, int, int, int] | None,
    geometry_file: Path | None,
    config_file: Path | None,
    model_id: str | None,
    model_version: str | None,
    created: str | None,
    runtimes: tuple[str, ...] | None,
    report: Path | None,
    card: Path | None,
    as_json: bool,
    split: str | None,
    accept_escapes: str | None,
    backbone: str | None,
    weights: Path | None,
    fp32: Path | None,
    folds: int | None,
    repeats: int,
    caching: Caching,
) -> None:
    """Train a model package from DATA: good/ and one folder a defect, or named regions in rois.toml.

    Masks may lie in ground_truth/<defect>/. Twelve good pictures are the least, 80 certify 5 % overkill.
    Named regions need labels.csv beside rois.toml, a label for each region of every picture.
    """
    need_training_libraries()

    def work() -> None:
        from training.config import ROI_SIZE_PX, SIZE_PX, TrainConfig
        from training.declared import read_declared
        from training.framing import asked_geometry
        from training.networks.backbones import asked_backbone
        from training.rois.dataset import is_assembly
        from training.run import Request

        geometry, declared = asked_geometry(geometry_file, roi), read_declared(config_file)
        said = declared.train
        side = size or said.size_px or (ROI_SIZE_PX if is_assembly(data) else SIZE_PX)
        first = said.seed if seed is None else seed
        declared = declared.in_mode(mode or said.mode)
        chosen = asked_backbone(backbone, weights)
        config = TrainConfig(first, side, geometry, runtimes, declared, chosen)
        if accept_escapes is not None and not accept_escapes.strip():
            raise click.UsageError("say with --accept-escapes why; the report will tell it")
        if folds is not None:
            if split is not None:
                raise click.UsageError("--folds judges every picture unseen; leave --split out")
            _cross_validate(data, config, folds, repeats, caching, as_json)
            return
        if out is None:
            raise click.UsageError("say with --out which package to write")
        moment = created or _newest(data)
        name = model_id or re.sub(r"[^a-z0-9._-]+", "-", out.stem.lower()).strip("-._")[:64] or "model"
        version, why = model_version or moment[:10].replace("-", "."), (accept_escapes or "").strip()
        if fp32 is not None and is_assembly(data):
            raise click.UsageError("--fp32 is for packages that judge whole parts; leave it out")
        request = Request(data, out, config, name, version, moment, split, why, fp32, resume)
        page = report or out.with_name(f"{out.stem}.report.html")
        _train(request, page, card or out.with_name(f"{out.stem}.MODEL_CARD.md"), caching, as_json)

    guarded(work)


def _train(request: Request, report: Path, card: Path, caching: Caching, as_json: bool) -> None:
    from models.durable import write_atomically
    from training.progress import Progress
    from training.report.networks import sentences
    from training.telling import train_and_tell

    for path in (request.package, report, card, *((request.fp32,) if request.fp32 else ())):
        if not path.absolute().parent.is_dir():
            raise click.UsageError(f"there is no folder {path.absolute().parent}; make it first")
        # Now and not after an hour of training: a folder that takes nothing, a disk that is read-only.
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            continue
    told = train_and_tell(request, Progress(sys.stderr), caching.store())
    write_atomically(report, told.html.encode())
    write_atomically(card, told.card.encode())
    if as_json:
        click.echo(json.dumps(told.figures, ensure_ascii=False, indent=1))
        click.echo("\n".join(sentences(told.networks)), err=True)
        return
    click.echo(told.summary)
    click.echo(f"package {request.package}\nreport  {report}\ncard    {card}")


def _cross_validate(data: Path, config: TrainConfig, folds: int, repeats: int, caching: Caching, as_json: bool) -> None:
    from training.progress import Progress
    from training.rois.cross_validate import cross_validate
    from training.rois.evaluate import as_dict, as_text

    seeds = range(config.seed, config.seed + repeats)
    found = cross_validate(data, config, folds, seeds, Progress(sys.stderr), caching.store())
    if as_json:
        click.echo(json.dumps([as_dict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(as_text(one) for one in found))


@click.command(
    "eval",
    epilog="Example: okng eval flange.okng pictures/flange_test --runtime openvino --json\n\n"
    "Exit codes: 0 done, 2 unusable data, 3 not there, 4 package refused, 130 stopped.",
)
@click.argument("package", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--runtime",
    type=click.Choice(["all", "openvino", "onnxruntime", "tflite"]),
    default="all",
    show_default=True,
    help="All are those installed here that the package was proven on.",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 64), help="Threads of the runtime.")
@click.option("--split", metavar="NAME", help="Only a subset of DATA/splits/NAME.csv (or of a file).")
@click.option("--subset", default="test", show_default=True, type=click.Choice(_SUBSETS), help="Which one.")
@click.option("--audited", is_flag=True, help="Only what okng suggest drew at random with this package.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON on stdout.")
def evaluate(
    package: Path,
    data: Path,
    runtime: str,
    threads: int,
    split: str | None,
    subset: str,
    audited: bool,
    as_json: bool,
) -> None:
    """Judge every picture of DATA with PACKAGE by the station's own code.

    Prints AUROC, escapes, overkill and rechecks with exact 95 % intervals, names and latency, for each runtime, and how
    well maps, masks and boxes fit what is marked; of named regions how often each is judged right.
    """

    def work() -> None:
        from models.package import open_package
        from training import evaluation_text
        from training.data.subsets import Subset
        from training.rois import evaluate as rois
        from training.rois.dataset import is_assembly
        from training.splits.chosen import Chosen

        opened = open_package(package)  # a wrong path is said before a large data set is read
        chosen = Chosen(split, Subset(subset), opened.manifest.training.split_sha256, _note) if split else None
        if is_assembly(data):
            if audited:
                raise click.UsageError("--audited is for packages that judge whole parts; leave it out")
            regions = rois.evaluate_assembly(package, data, runtime, threads, chosen)
            texts, figures = [rois.as_text(one) for one in regions], [rois.as_dict(one) for one in regions]
        else:
            found = evaluation_text.evaluate_package(
                package, data, runtime, threads, audited, chosen.of if chosen else None
            )
            texts = [evaluation_text.as_text(one) for one in found]
            figures = [one.figures() for one in found]
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1) if as_json else "\n".join(texts))

    guarded(work)


def _note(text: str) -> None:
    click.echo(text, err=True)


def _newest(root: Path) -> str:
    """The time of the newest picture: a package tells when its data was taken, not when it was made."""
    # A split made today says nothing of when pictures were taken.
    times = [path.stat().st_mtime for path in root.glob("*/*") if path.is_file() and path.parent.name != "splits"]
    return datetime.fromtimestamp(int(max(times, default=0)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
