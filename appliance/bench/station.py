"""The station of a bench run: `python -m appliance.bench.station --config FILE --out NAME --capacity N`.

The same station as `okng run`, with a meter beside it that keeps every value.
"""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path

import click

from appliance.bench.meter import BenchMeter
from appliance.config.load import load_config
from appliance.demo import entry
from appliance.run import run_station


@click.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="where the values go when it ends")
@click.option("--capacity", type=click.IntRange(1, 1_000_000), required=True, help="parts there is room for")
def station(config_path: Path, out: Path, capacity: int) -> None:
    """Run a station until SIGTERM, then write down what was measured."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config, config_hash = load_config(config_path)
    meter = BenchMeter(capacity)
    run_station(config, config_hash, stop, until_done=False, meters=(meter,), witnesses=(meter.witness,))
    meter.save(out)


if __name__ == "__main__":
    entry.run(station)
