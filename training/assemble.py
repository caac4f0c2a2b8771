"""Everything a run found → manifest and files of a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits
from models.geometry_entry import sealed
from models.instructions import instruction_set
from models.manifest import (
    ArtefactEntry,
    AssemblyEntry,
    CalibrationEntry,
    ClassEntry,
    ClassifierEntry,
    GoldenEntry,
    GoldenFrame,
    InputEntry,
    LimitsEntry,
    Manifest,
    NamingEntry,
    QualityEntry,
    ScoreMap,
    ScorerEntry,
    TrainingEntry,
)
from models.package import file_table
from models.quality import Quality, taught_by
from models.typical import told_of
from training.artefacts import LITERT, REFERENCE_FORM, SYMMETRIC, SYMMETRIC_FORM, Offer
from training.framing import Settled
from training.golden import Golden
from training.presence import Lesson
from training.prototypes import Prototypes

_REFERENCE = "quality/reference.npy"
# What the files are called; a symmetric one beside the general one of the same format needs a name of its own.
_NETWORK_FILES = {REFERENCE_FORM: "model.onnx", SYMMETRIC_FORM: "model.symmetric.onnx"}
_LITERT_FILE = "model.tflite"
_TASKS: dict[str, Literal["assembly", "classification"]] = {"assembly": "assembly", "classifier": "classification"}


class Taught(Protocol):
    """A fitted scorer: its arrays by role, and its entry once the arrays have files."""

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]: ...
    def entry(self, files: dict[str, str]) -> ScorerEntry | AssemblyEntry | ClassifierEntry: ...


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What goes into a package; the first of `networks` is the reference's."""

    id: str
    version: str
    created: str
    geometry: Settled
    input_size: tuple[int, int]
    catalogue: tuple[ClassEntry, ...]
    networks: Sequence[Offer]
    fitted: Taught
    prototypes: Prototypes | None
    calibration: CalibrationEntry
    maps: Mapping[str, ScoreMap]
    limits: Limits
    golden: Golden
    good_pictures: Sequence[Quality]
    presence: Lesson
    training: TrainingEntry


def assemble(parts: Ingredients) -> tuple[Manifest, dict[str, bytes]]:
    """Manifest and files, ready for `write_package`."""
    files = {_file_of(offer): offer.content for offer in parts.networks}
    arrays = {role: f"scorer/{role}.npy" for role in parts.fitted.arrays}
    files |= {arrays[role]: npy(array) for role, array in parts.fitted.arrays.items()}
    frames = []
    for index, frame in enumerate(parts.golden.frames):
        name = f"golden/{index:02d}.png"
        files[name] = frame.png
        told = {"file": name, "view": frame.view, "expected": frame.expected, "picture_px": frame.picture}
        frames.append(GoldenFrame.model_validate(told))
    naming = None
    if parts.prototypes is not None:
        files["naming/vectors.npy"] = npy(parts.prototypes.vectors)
        files["naming/codes.npy"] = npy(parts.prototypes.codes)
        naming = NamingEntry(
            vectors="naming/vectors.npy", codes="naming/codes.npy", min_similarity=parts.prototypes.min_similarity
        )
    files |= parts.geometry.files
    quality, reference = taught_by(parts.good_pictures, _REFERENCE)
    quality = quality.model_copy(update={"typical": told_of(parts.good_pictures)})
    if reference is not None:
        files[_REFERENCE] = npy(reference)
    files |= {name: npy(array) for name, array in parts.presence.arrays.items()}
    return _manifest(parts, arrays, naming, frames, quality, files), files


def _manifest(
    parts: Ingredients,
    arrays: dict[str, str],
    naming: NamingEntry | None,
    frames: list[GoldenFrame],
    quality: QualityEntry,
    files: dict[str, bytes],
) -> Manifest:
    scorer = parts.fitted.entry(arrays)
    return Manifest(
        schema_version="okng-package/1",
        id=parts.id,
        version=parts.version,
        task=_TASKS.get(scorer.kind, "anomaly"),
        created=parts.created,
        classes=parts.catalogue,
        input=InputEntry(
            width_px=parts.input_size[0],
            height_px=parts.input_size[1],
            layout="uint8 NHWC BGR",
            resize="area when shrinking, else linear",
        ),
        geometry=sealed(parts.geometry.spec),
        artefacts=tuple(artefact_entry(offer, parts.maps) for offer in parts.networks),
        scorer=scorer,
        naming=naming,
        calibration=parts.calibration,
        score_maps=dict(parts.maps),  # type: ignore[arg-type]  # pydantic checks the runtimes' names
        limits=LimitsEntry(ok_below=parts.limits.ok_below, ng_from=parts.limits.ng_from),
        golden=GoldenEntry(frames=tuple(frames), score_tolerance=parts.golden.tolerance),
        quality=quality,
        presence=parts.presence.entry,
        training=parts.training,
        files=file_table(files),
    )


def _file_of(offer: Offer) -> str:
    return _NETWORK_FILES.get(offer.quantization, _LITERT_FILE)


def artefact_entry(offer: Offer, maps: Mapping[str, ScoreMap]) -> ArtefactEntry:
    """Certified for the runtimes that were judged with this very file; a symmetric one only on its own device."""
    proven = [name for name in maps if (name == LITERT) is (offer.runtime == LITERT)]
    return ArtefactEntry.model_validate(
        {
            "file": _file_of(offer),
            "format": offer.format,
            "quantization": offer.quantization,
            "certified": {} if offer.runtime == SYMMETRIC else {name: (instruction_set(),) for name in proven},
        }
    )


def npy(array: NDArray[np.generic]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
