"""One subset of a data set, for `okng eval --split`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.dataset import DataSet, Picture
from training.data.subsets import SEEN, Subset
from training.splits.parted import only, subset_names


@dataclass(frozen=True, slots=True)
class Chosen:
    """`trained_with`: the hash of the split that the package was trained with; `note` tells the user of more."""

    split: str
    subset: Subset
    trained_with: str | None
    note: Callable[[str], None]

    def of(self, data: DataSet) -> DataSet:
        """The pictures of the subset. Raises TrainingError: as `names`."""
        return only(data, self.names(data.root, (*data.pictures, *data.empty), data.copies))

    def names(self, root: Path, pictures: Sequence[Picture], copies: Sequence[tuple[str, str]]) -> frozenset[str]:
        """The names of the subset's pictures.

        Raises:
            TrainingError: the split does not fit the data set, or has no such picture.
        """
        names, digest = subset_names(root, pictures, copies, self.split, self.subset)
        if self.subset in SEEN:
            self.note(f"{self.subset} pictures may have been trained on: these figures are no test.")
        elif digest != self.trained_with:
            self.note(
                f"The package was not trained with this very split: whether it saw these {self.subset} pictures is not "
                "known."
            )
        return names
