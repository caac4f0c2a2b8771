"""`okng replay`: judge recorded parts again and say, field by field, what came out otherwise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.config.load import load_config
from appliance.doctor.journal_file import read_journal
from appliance.errors import CheckFailed, NotThere, UsageError
from appliance.state_dir import StateDir
from appliance.store.evidence import PURPOSE, EvidenceBroken, find_evidence, id_of, read_evidence
from appliance.store.kept_packages import KeptPackages
from appliance.store.station_key import KeyDamaged, StationKey, derived
from models.errors import ModelError, PackageMissing

if TYPE_CHECKING:  # it loads the runtimes' libraries, which no other command needs
    from appliance.replaying import Replayed, Replayer


@click.command("replay")
@click.argument("ids", nargs=-1)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), required=True, help="The station's TOML file."
)
@click.option("--all", "everything", is_flag=True, help="Every part that there is evidence of.")
@click.option("--list", "listing", is_flag=True, help="Only say of which parts there is evidence.")
@click.option("--with", "other", type=click.Path(path_type=Path), help="Judge with this package instead.")
def replay_parts(ids: tuple[str, ...], config_path: Path, everything: bool, listing: bool, other: Path | None) -> None:
    """Judge recorded parts again, bit by bit. Example: okng replay 019b3f… --config station.toml

    Exit codes: 0 the same, 1 something differs or was changed, 3 evidence or package is missing.
    """
    from appliance.replaying import Replayer

    state = StateDir(load_config(config_path)[0].station.state_dir)
    records = list(find_evidence(state.evidence))
    if listing:
        _list(state, records)
        return
    if bool(ids) == everything:
        raise UsageError("name the ids of results, or say --all; okng replay --list shows what there is")
    chosen = records if everything else [_named(records, id) for id in ids]
    replayer = Replayer(KeptPackages(state.packages), engines=state.engines, other=other)
    with closing(replayer):
        _replay(chosen, replayer, _key(state))


def _replay(records: list[Path], replayer: Replayer, key: bytes | None) -> None:
    same = different = missing = 0
    for record in records:
        try:
            found = replayer.replay(read_evidence(record, key))
        except EvidenceBroken as error:
            different += 1
            click.echo(f"{id_of(record)}  CHANGED  {error}")
        except PackageMissing as error:
            missing += 1
            click.echo(f"{id_of(record)}  MISSING  {error}")
        except ModelError as error:
            different += 1
            click.echo(f"{id_of(record)}  FAILED  {error}")
        else:
            same, different = same + found.same, different + (not found.same)
            _say(record, found)
    click.echo(f"{len(records)} parts: {same} the same, {different} different, {missing} without their package")
    if different:
        raise CheckFailed("not every verdict came out as it was recorded; the lines above say where")
    if missing:
        raise NotThere("not every package is there; bring it back, or judge with another: --with")
    if not records:
        raise NotThere(
            "there is no evidence yet; NG, RECHECK and ERROR leave some, and [evidence] audit_share of all parts"
        )


def _say(record: Path, found: Replayed) -> None:
    word = "different" if not found.same else "the same" if found.judged else "the same, no model asked"
    exact = "to the last bit" if found.promised and found.same and found.judged else ""
    click.echo(f"{id_of(record)}  {record.stem.rpartition('-' + id_of(record))[0]}  {word} {exact}".rstrip())
    for line in (*found.notes, *found.differences):
        click.echo(f"    {line}")


def _list(state: StateDir, records: list[Path]) -> None:
    for record in records:
        click.echo(f"{record.parent.name}  {id_of(record)}  {record.stem.rpartition('-' + id_of(record))[0]}")
    click.echo(f"{len(records)} parts with evidence")
    if state.journal.exists():
        audited = sum(record.stem.startswith("audited-") for record in records)
        for line in _drawn(state.journal, audited):
            click.echo(line)


def _drawn(journal: Path, audited: int) -> Iterator[str]:
    """How many parts were drawn for the audit, and of how many of them the evidence is gone or was never there."""
    try:
        with read_journal(journal) as db:
            (drawn,) = db.execute("SELECT count(*) FROM parts WHERE audited").fetchone()
    except sqlite3.Error:
        return
    yield f"{drawn} results belong to parts that were drawn for the audit; of {audited} there is evidence"


def _named(records: list[Path], id: str) -> Path:
    found = [record for record in records if id_of(record).startswith(id)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} results begin with {id}; give more of the id")
    if not found:
        raise NotThere(f"there is no evidence of {id}: OK and not drawn, or room was short; see: okng replay --list")
    return found[0]


def _key(state: StateDir) -> bytes | None:
    """The key of the seals, or None for whoever may not read the station's secret."""
    try:
        return derived(StationKey(state.certified).read(), PURPOSE)
    except (OSError, KeyDamaged) as error:
        click.echo(f"warning: hashes are checked, seals are not: no secret of the station ({error})", err=True)
        return None
