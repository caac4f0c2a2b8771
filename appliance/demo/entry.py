"""How a process of the demonstration starts and ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from appliance import network_guard
from appliance.errors import OkngError


def run(command: click.Command) -> None:
    """Run a command of its own process; leaves with the exit code of an error, after its one sentence."""
    log = os.environ.get(network_guard.VARIABLE)
    if log:
        network_guard.install(Path(log))
    try:
        command()
    except OkngError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
