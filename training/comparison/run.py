"""`okng compare` from two packages and a data set to all that is to be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.assembly_entry import AssemblyEntry
from models.manifest import Manifest, ScorerEntry
from models.package import Package, open_package
from training.comparison.figures import Compared, compare
from training.comparison.pairs import Answering, NamedRegions, Paired, WholeParts, pair_up
from training.comparison.seen import Source, refuse_seen
from training.data.dataset import Picture, listed, open_dataset
from training.data.subsets import Subset
from training.errors import BadData, NotThere
from training.evaluate import proven_here
from training.progress import Progress
from training.rois.dataset import is_assembly, open_assembly
from training.rois.evaluate import chosen_parts, refuse_other_regions
from training.splits.chosen import Chosen
from training.text import Text

LETTERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared; `runtime`: None for the first that both were proven on."""

    packages: tuple[Path, Path]
    data: Path
    runtime: str | None = None
    threads: int = 1
    split: str | None = None
    subset: Subset = Subset.TEST


@dataclass(frozen=True, slots=True)
class Comparison:
    """`titles`: both packages as "id version"; `hashes` of their manifests; `notes`: what weakens the figures."""

    request: Request
    titles: tuple[str, str]
    hashes: tuple[str, str]
    task: str
    runtime: str
    paired: Paired
    compared: Compared
    notes: tuple[Text, ...]


def compare_packages(request: Request, progress: Progress) -> Comparison:
    """Judge the same pictures with both packages; blocks.

    Raises:
        TrainingError: the packages cannot be compared, the data set cannot be used, or one was trained on it.
        ModelError: a package cannot be used.
    """
    a, b = (open_package(path) for path in request.packages)
    _refuse_incomparable(request, a, b)
    runtime = _runtime(request, (a.manifest, b.manifest))
    source, pictures, answering = _data(request, (a.manifest, b.manifest))
    notes = [
        refuse_seen(letter, package.manifest, source, pictures, request.split)
        for letter, package in zip(LETTERS, (a, b), strict=True)
    ]
    paired = pair_up(request.packages, runtime, request.threads, pictures, answering, progress)
    if not paired.pairs:
        name, why = paired.left_out[0]
        raise BadData(f"there is no picture that both packages can judge ({name}: {why}); name the data of these parts")
    if paired.left_out:
        notes.append(_left_out(paired.left_out))
    compared = compare(paired.pairs)
    if compared.groups < compared.pictures:
        notes.append(_in_groups(compared))
    return Comparison(
        request,
        (_title(a.manifest), _title(b.manifest)),
        (a.hash, b.hash),
        a.manifest.task,
        runtime,
        paired,
        compared,
        tuple(note for note in notes if note is not None),
    )


def _refuse_incomparable(request: Request, a: Package, b: Package) -> None:
    if a.hash == b.hash:
        raise BadData(f"{request.packages[0]} and {request.packages[1]} are the same package; name two different ones")
    if a.manifest.task != b.manifest.task:
        raise BadData(
            f"{request.packages[0]} is for the task {a.manifest.task}, {request.packages[1]} for {b.manifest.task}; "
            "compare packages that do the same"
        )


def _runtime(request: Request, manifests: tuple[Manifest, Manifest]) -> str:
    """One that both were proven on, so that what differs is the packages and not what runs them."""
    common = [name for name in proven_here(manifests[0]) if name in proven_here(manifests[1])]
    if request.runtime is None:
        if not common:
            raise NotThere("no runtime that both packages were proven on is installed here; install openvino")
        return common[0]
    if request.runtime not in common:
        known = ", ".join(common) or "none"
        raise BadData(
            f"not both packages were proven on {request.runtime} here; choose one that both were proven on: {known}"
        )
    return request.runtime


def _data(request: Request, manifests: tuple[Manifest, Manifest]) -> tuple[Source, tuple[Picture, ...], Answering]:
    """Where the pictures come from, which are judged, and how."""
    # Both packages are held against the split one by one, by `refuse_seen`, which knows more than its hash alone.
    chosen = None if request.split is None else Chosen(request.split, request.subset, None, lambda _: None)
    if manifests[0].task == "assembly":
        return _parts(request, manifests, chosen)
    if is_assembly(request.data):
        raise BadData(f"the packages judge whole pictures, {request.data} has named regions; name one with good/")
    data = open_dataset(request.data, min_good=0, one_size=False)
    pictures = (data if chosen is None else chosen.of(data)).pictures
    if not pictures:
        raise BadData(f"{request.data} has no picture of a part to compare on; name another data set")
    return Source.of(data), pictures, WholeParts(_masked(manifests, pictures))


def _masked(manifests: tuple[Manifest, Manifest], pictures: Sequence[Picture]) -> tuple[str, ...]:
    """All classes that masks of the packages or of the data have; none where a package or the data has no masks."""
    heads = [
        one.scorer.head for one in manifests if isinstance(one.scorer, ScorerEntry) and one.scorer.head is not None
    ]
    shown = {label for one in pictures if one.marks.outlined for label in one.labels}
    if len(heads) < len(manifests) or not shown:
        return ()
    return tuple(dict.fromkeys((*heads[0].classes, *heads[1].classes, *sorted(shown))))


def _parts(
    request: Request, manifests: tuple[Manifest, Manifest], chosen: Chosen | None
) -> tuple[Source, tuple[Picture, ...], Answering]:
    if not is_assembly(request.data):
        raise BadData(f"the packages judge named regions, {request.data} has none; name a data set with rois.toml")
    data = open_assembly(request.data)
    for path, manifest in zip(request.packages, manifests, strict=True):
        if isinstance(manifest.scorer, AssemblyEntry):
            refuse_other_regions(path, manifest.scorer, data)
    parts = data if chosen is None else chosen_parts(data, chosen)
    return Source.of_regions(data), tuple(one.picture for one in parts.pictures), NamedRegions(parts)


def _left_out(pictures: Sequence[tuple[str, str]]) -> Text:
    names = listed([name for name, _ in pictures])
    return Text(
        f"{len(pictures)} pictures are left out, because one of the packages cannot judge them, which on a line is "
        f"ERROR: {names} ({pictures[0][1]}).",
        f"有 {len(pictures)} 张图片未计入，因为其中一个模型包无法判定（在产线上为 ERROR）："
        f"{names}（{pictures[0][1]}）。",
    )


def _in_groups(compared: Compared) -> Text:
    return Text(
        f"The {compared.pictures} pictures are of {compared.groups} parts or lots, and those of one err together: "
        "McNemar's p takes them for independent and is too small; the intervals draw whole parts or lots.",
        f"{compared.pictures} 张图片来自 {compared.groups} 个工件或批次，同组图片的错误相关："
        "McNemar 检验视其为独立，p 偏小；区间则按整组抽取。",
    )


def _title(manifest: Manifest) -> str:
    return f"{manifest.id} {manifest.version}"
