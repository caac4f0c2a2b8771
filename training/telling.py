"""Train on whatever kind of data set there is, and tell of it in the same way."""

from __future__ import annotations

from dataclasses import dataclass

from models.picture_file import whole_size
from training.check.before import look_over, look_over_regions
from training.data.cache import Store
from training.progress import Progress
from training.report import document
from training.rois import report as rois_report
from training.rois.dataset import is_assembly, open_assembly
from training.rois.run import train_assembly
from training.run import Networks, Request, train


@dataclass(frozen=True, slots=True)
class Told:
    """A finished run: a few sentences, the figures of `--json`, the HTML report, and every network file tried."""

    summary: str
    figures: dict[str, object]
    html: str
    networks: Networks


def train_and_tell(request: Request, progress: Progress, store: Store) -> Told:
    """Train, gate and write one package; `store` keeps what is made of the pictures.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    if is_assembly(request.root):
        data = open_assembly(request.root, size_of=whole_size)
        progress.say_all(look_over_regions(data))
        done = train_assembly(request, data, progress, data.whole(store))
        told = Told(rois_report.summary(done), rois_report.figures(done), rois_report.html(done), done.networks)
        progress.say(f"{done.pictures.told()}; {store.told()}")
        return told
    run = train(request, progress, store, look_over)
    told = Told(document.summary(run), document.figures(run), document.html(run), run.networks)
    progress.say(f"{run.pictures.told()}; {store.told()}")
    return told
