"""Train on whatever kind of data set there is, and tell of it in the same way."""

from __future__ import annotations

from dataclasses import dataclass

from models.picture_file import whole_size
from training.check.before import Overlook, look_over_regions
from training.check.findings import Finding, printable
from training.check.report import WEIGHT
from training.classify import report as classes_report
from training.classify.run import ClassesRun, train_classes
from training.data.cache import Store
from training.progress import Progress
from training.report import climbed, document, summary, unseen
from training.report.account import Remark, account_of
from training.report.card import card
from training.rois import report as rois_report
from training.rois.dataset import is_assembly, open_assembly
from training.rois.run import train_assembly
from training.run import Networks, Request, open_for, train
from training.runtimes import check_runtimes


@dataclass(frozen=True, slots=True)
class Told:
    """A finished run: a few sentences, the figures of `--json`, the HTML report, every network file tried, the card."""

    summary: str
    figures: dict[str, object]
    html: str
    networks: Networks
    card: str


def train_and_tell(request: Request, progress: Progress, store: Store) -> Told:
    """Train, gate and write one package; `store` keeps what is made of the pictures.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    if is_assembly(request.root):
        data = open_assembly(request.root, size_of=whole_size)
        progress.say_all(look_over_regions(data))
        done = train_assembly(request, data, progress, data.whole(store))
        measured = rois_report.measure(done)
        page = printable(rois_report.html(done, measured))
        text = card(done.manifest, done.package_bytes, rois_report.unseen(done))
        told = Told(rois_report.summary(done), rois_report.figures(done, measured), page, done.networks, text)
        progress.say(f"{done.pictures.told()}; {store.told()}")
        return told
    check_runtimes(request.config)
    mode, parted = open_for(request, progress)
    if mode.mode == "classification":
        return _classes_told(train_classes(request, mode, parted, progress, store), progress, store)
    overlook = Overlook()
    run = train(request, progress, store, overlook, (mode, parted))
    account = account_of(run, [_remark(one) for one in overlook.findings])
    said = "\n".join(text.en for text in summary.sentences(account))
    text = card(
        run.manifest, run.package_bytes, unseen.sentences(run.unseen), account.test, climbed.told(run.networks.climb)
    )
    told = Told(said, summary.figures(account), printable(document.html(account)), run.networks, text)
    progress.say(f"{run.pictures.told()}; {store.told()}")
    return told


def _classes_told(done: ClassesRun, progress: Progress, store: Store) -> Told:
    measured = classes_report.measure(done)
    said = "\n".join(text.en for text in classes_report.sentences(done))
    page, text = printable(classes_report.html(done, measured)), classes_report.card_of(done)
    progress.say(f"{done.pictures.told()}; {store.told()}")
    return Told(said, classes_report.figures(done, measured), page, done.networks, text)


def _remark(one: Finding) -> Remark:
    return Remark(one.code, WEIGHT[one.severity], one.title, one.found, one.remedy)
