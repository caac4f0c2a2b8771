"""`okng limits`: what is certified of the limits in force, and others as a version of the recipe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.config.load import load_config
from appliance.errors import UsageError
from appliance.recipe_commands import user_name
from models.certificate_text import Language
from models.costs import Costs
from models.decision import Limits

if TYPE_CHECKING:
    from appliance.config.schema import Config
    from appliance.limits import Draft, Known
    from appliance.recipes.catalogue import Catalogue, Entry
    from models.certificate import Certificate

_PROBABILITY = click.FloatRange(0.0, 1.0)
_COST = click.FloatRange(0.0)


@click.command("limits")
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)
@click.option("--recipe", "recipe_id", help="Which recipe; the active one where it is left out.")
@click.option("--version", help="Which version; the highest where it is left out.")
@click.option("--ok-below", type=_PROBABILITY, help="OK below this score.")
@click.option("--ng-from", type=_PROBABILITY, help="NG from this score on; RECHECK between.")
@click.option("--reason", default="", help="Why the limits are changed, for the history.")
@click.option("--dry-run", is_flag=True, help="Check and certify, and save nothing.")
@click.option("--cost-escape", type=_COST, help="What a defective part judged OK costs; proposes limits.")
@click.option("--cost-reject", type=_COST, help="What a good part judged NG costs.")
@click.option("--cost-recheck", type=_COST, help="What looking at a part again costs.")
@click.option("--defect-rate", type=_PROBABILITY, help="The share of defective parts on the line.")
@click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the certificate."
)
@click.option("--json", "as_json", is_flag=True, help="Print the certificate as JSON.")
def limits(
    config_path: Path,
    recipe_id: str | None,
    version: str | None,
    ok_below: float | None,
    ng_from: float | None,
    reason: str,
    dry_run: bool,
    language: Language,
    as_json: bool,
    **costs: float | None,
) -> None:
    """Show what is certified of a recipe's limits, or save others as its next version.

    Example: okng limits --config station.toml --ok-below 0.5 --ng-from 0.6 --reason "fewer rechecks" --dry-run

    Nothing changes on the line: activate the version that was saved.
    """
    from appliance.fitting import catalogue_of
    from appliance.limits import look_up

    wanted = _wanted(ok_below, ng_from, reason, dry_run=dry_run)
    weighed = _costs(**costs)
    os.nice(10)  # a running line comes first
    config, _ = load_config(config_path)
    catalogue = catalogue_of(config)
    known = look_up(config, _entry(catalogue, recipe_id, version))
    if wanted is None:
        _show(known, weighed, language, as_json=as_json)
        return
    made = _drafted(config, catalogue, known, wanted, language, as_json=as_json)
    if dry_run:
        click.echo("nothing was saved", err=True)
        return
    _save(config, catalogue, made, reason, as_json=as_json)
    click.echo(f"bring it into force with: okng recipe activate {made.recipe.id} --config {config_path}", err=True)


def _wanted(ok_below: float | None, ng_from: float | None, reason: str, *, dry_run: bool) -> Limits | None:
    """The limits asked for, or None where there are none.

    Raises:
        UsageError: one is missing, they cross, or nobody says why.
    """
    if ok_below is None and ng_from is None:
        if dry_run or reason:
            raise UsageError("--dry-run and --reason belong to other limits; give --ok-below and --ng-from, too")
        return None
    if ok_below is None or ng_from is None:
        raise UsageError("give both --ok-below and --ng-from; they are certified together")
    if ok_below > ng_from:
        raise UsageError(f"--ok-below {ok_below:g} is above --ng-from {ng_from:g}: they cross; exchange them")
    if not reason.strip() and not dry_run:
        raise UsageError('nobody would know later why the limits were changed; say it: --reason "fewer rechecks"')
    return Limits(ok_below, ng_from)


def _costs(
    cost_escape: float | None, cost_reject: float | None, cost_recheck: float | None, defect_rate: float | None
) -> Costs | None:
    if cost_escape is None and cost_reject is None and cost_recheck is None and defect_rate is None:
        return None
    if cost_escape is None or cost_reject is None or cost_recheck is None or defect_rate is None:
        raise UsageError(
            "give --cost-escape, --cost-reject, --cost-recheck and --defect-rate together, or none of them"
        )
    try:
        return Costs(cost_escape, cost_reject, cost_recheck, defect_rate)
    except ValueError as error:
        raise UsageError(f"the costs contradict each other: {error}") from error


def _entry(catalogue: Catalogue, recipe_id: str | None, version: str | None) -> Entry:
    """The recipe named, or the active one."""
    if recipe_id is not None:
        return catalogue.find(recipe_id, version)
    if version is not None:
        raise UsageError("--version needs --recipe: whose version is it?")
    return catalogue.in_force()


def _show(known: Known, weighed: Costs | None, language: Language, *, as_json: bool) -> None:
    from appliance.limits import histogram, proposal

    if as_json:
        click.echo(_json(known.issued))
        return
    recipe, in_force = known.recipe, known.limits
    click.echo(
        f"recipe {recipe.id} {recipe.version} on {known.info.runtime}: OK below {in_force.ok_below:g}, "
        f"NG from {in_force.ng_from:g}"
    )
    for line in (*histogram(known), *_lines(known.issued, language)):
        click.echo(line)
    if weighed is not None:
        found = proposal(known, weighed)
        click.echo(
            f"these costs ask for --ok-below {found.limits.ok_below:.4f} --ng-from {found.limits.ng_from:.4f}: "
            f"{found.expected:.4g} a part on the held-out pictures, no more than {found.at_most:.4g} a part with the "
            "certificate's confidence, for defects in the mix that was shown"
        )


def _drafted(
    config: Config, catalogue: Catalogue, known: Known, wanted: Limits, language: Language, *, as_json: bool
) -> Draft:
    from appliance.limits import draft

    made = draft(config, catalogue, known, wanted)
    if as_json:
        click.echo(_json(made.issued))
        return made
    before = known.limits
    click.echo(
        f"recipe {made.recipe.id} {known.recipe.version} -> {made.recipe.version}: OK below {before.ok_below:g} -> "
        f"{wanted.ok_below:g}, NG from {before.ng_from:g} -> {wanted.ng_from:g}"
    )
    for line in _lines(made.issued, language):
        click.echo(line)
    return made


def _save(config: Config, catalogue: Catalogue, made: Draft, reason: str, *, as_json: bool) -> None:
    from appliance.limits import save

    stored = save(config, catalogue, made, user_name(), reason)
    click.echo(f"saved {made.recipe.id} {made.recipe.version} ({stored.seal.sha256})", err=as_json)


def _lines(issued: Certificate | None, language: Language) -> list[str]:
    from models.certificate_text import lines

    return [] if issued is None else lines(issued, language)


def _json(issued: Certificate | None) -> str:
    """With its id and whether it certifies, which follow from the rest."""
    if issued is None:
        return "null"
    told = {"id": issued.id, "certifies": issued.certifies, **issued.model_dump(mode="json")}
    return json.dumps(told, ensure_ascii=False, indent=1)
