"""`okng regression`: which pictures are put into the regression set, and how a finished package does on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.durable import write_atomically
from models.package import open_package
from models.picture_file import read_picture
from training.data.dataset import EMPTY, GOOD, MASKS, SPLITS, UNLABELLED, labelled_files, open_dataset
from training.data.synthetic_mark import SYNTHETIC, refuse_synthetic
from training.errors import BadData, NotThere
from training.evaluate import proven_here
from training.progress import Progress
from training.splits.census import Known, census_of
from training.splits.parted import Data, only, plan
from training.splits.unseen import PICTURES, Caught, Jury, on_runtime

_NO_DEFECTS = frozenset({EMPTY, UNLABELLED, MASKS, SPLITS, SYNTHETIC})


def pick(root: Path, files: Sequence[Path], label: str | None, progress: Progress) -> tuple[Known, ...]:
    """The pictures that are meant: paths, or names inside the data set. With `label` those from outside are copied in.

    Raises:
        NotThere: there is no such picture.
        BadData: it lies outside and no label is given, is not labelled, or its name is taken.
        BadPicture: it cannot be read, or was made and not taken.
    """
    if not (root / GOOD).is_dir():
        raise NotThere(f"{root} is no data set: it has no folder {GOOD}/; name one that holds {GOOD}/ and its defects")
    places = [_place(root, file, label) for file in files]
    contents = {target: source.read_bytes() for source, target in places}
    doubled = [source for source, target in places if source.read_bytes() != contents[target]]
    if doubled:
        raise BadData(f"{doubled[0]} has the name of another picture that is to be added; rename one of them")
    # All are known to be fit before the first is copied.
    for target, content in contents.items():
        if not target.exists():
            write_atomically(target, content)
    inside = [target for _, target in places]
    labels = {path: own for path, own in labelled_files(root) if own not in (UNLABELLED, EMPTY)}
    strangers = [path for path in inside if path not in labels]
    if strangers:
        raise BadData(
            f"{strangers[0]} is not labelled; put it into the folder of its defect (or of {root / 'good'} if it was "
            "rejected though good)"
        )
    return census_of(root, [(path, labels[path]) for path in dict.fromkeys(inside)], progress)


def _place(root: Path, file: Path, label: str | None) -> tuple[Path, Path]:
    """Where a picture is, and where it is to be inside the data set."""
    path = root / file if (root / file).is_file() else file
    if not path.is_file():
        raise NotThere(f"there is no picture {file}, neither as a path nor in {root}; check its name")
    read_picture(path)
    content = path.read_bytes()
    refuse_synthetic(path.name, content)
    resolved, home = path.resolve(), root.resolve()
    if resolved.is_relative_to(home):
        return path, root / resolved.relative_to(home)
    if label is None:
        raise BadData(f"{file} lies outside {root}; say with --label which defect it shows, and it is copied there")
    if not label or label in _NO_DEFECTS or label.startswith(".") or "/" in label or "\0" in label:
        raise BadData(f"{label!r} is no name of a defect; give one such as scratch")
    target = root / label / path.name
    if target.exists() and target.read_bytes() != content:
        raise BadData(f"{target} is another picture of that name; rename {file} before it is added")
    return path, target


def check_pictures(package: Path, root: Path, threads: int) -> list[Caught]:
    """A package on the regression set of a data set, on every runtime it was proven on that is here.

    Raises:
        TrainingError: the set is not whole, empty, or the data set cannot be used.
        ModelError: the package cannot be used.
    """
    data = open_dataset(root, min_good=0, one_size=False)
    found = plan(root, (*data.pictures, *data.empty), data.copies, None)
    return check(package, only(data, found.regression), PICTURES, threads)


def check(package: Path, regression: Data, jury: Jury[Data], threads: int) -> list[Caught]:
    """The same of any kind of data set.

    Raises:
        BadData: the set is empty.
        ModelError: the package cannot be used.
    """
    if not jury.size(regression):
        raise BadData("the regression set is empty; add an escape with okng regression add")
    return [
        on_runtime(package, runtime, threads, lambda detector: jury.regression(detector, regression))
        for runtime in proven_here(open_package(package).manifest)
    ]
