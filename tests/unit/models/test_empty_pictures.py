"""Empty is only what is proven to be: any part, any doubt about lamp, lens or camera, and the picture is not."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from models.decision import Box
from models.errors import PackageError
from models.fitness import PresenceEntry
from models.geometry_entry import GeometrySpec
from models.presence import NoPresence, Presence, area, load_presence
from tests.fakes.gaps import ROI, SIZE, gap, with_part, write_gaps
from tests.fakes.packages import npy, parsed, small_files, small_manifest
from training.config import TrainConfig
from training.data.dataset import open_dataset
from training.presence import Lesson, teach_presence
from training.progress import Progress

Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    root = write_gaps(tmp_path_factory.mktemp("gaps"))
    return teach_presence(open_dataset(root), TrainConfig(geometry=GeometrySpec(roi=ROI)), Progress(io.StringIO()))


@pytest.fixture(scope="module")
def entry(lesson: Lesson) -> PresenceEntry:
    assert lesson.entry is not None
    return lesson.entry


def files_of(lesson: Lesson) -> dict[str, bytes]:
    return {name: npy(array) for name, array in lesson.arrays.items()}


@pytest.fixture(scope="module")
def presence(lesson: Lesson, entry: PresenceEntry) -> Presence:
    made = load_presence(entry, files_of(lesson))
    assert isinstance(made, Presence)
    return made


def test_new_pictures_of_the_belt_are_empty(presence: Presence) -> None:
    found = [presence.empty(gap(seed)) for seed in range(5000, 5200)]
    assert found.count(True) >= 190


def test_gray_pictures_are_as_good(presence: Presence) -> None:
    gray = [np.ascontiguousarray(gap(seed)[:, :, 0]) for seed in range(6000, 6020)]
    assert [presence.empty(one) for one in gray].count(True) >= 18


@pytest.mark.parametrize("tone", [150, 100, 80, 30, 255, 0])
@pytest.mark.parametrize("side", [12, 24, 80, 400])
def test_a_part_of_any_size_is_a_part(presence: Presence, tone: float, side: int) -> None:
    assert not any(presence.empty(with_part(seed, tone, side)) for seed in range(6100, 6120))


@pytest.mark.parametrize("side", [24, 80, 160, 400])
def test_a_smooth_part_of_the_belts_own_brightness_is_told_by_its_texture(presence: Presence, side: int) -> None:
    assert not any(presence.empty(with_part(seed, 60, side)) for seed in range(6200, 6220))


@pytest.mark.parametrize("at", [(40, 120), (279, 120), (160, 30), (160, 209), (120, 120), (44, 34)])
def test_a_corner_of_a_part_at_the_border_or_beside_the_region_is_a_part(
    presence: Presence, at: tuple[int, int]
) -> None:
    assert not any(presence.empty(with_part(seed, 150, 24, at)) for seed in range(6300, 6310))


def test_a_speck_is_a_part(presence: Presence) -> None:
    assert not any(presence.empty(with_part(seed, 95, 2)) for seed in range(6400, 6420))


def test_a_large_part_that_is_hardly_darker_is_a_part(presence: Presence) -> None:
    faint = []
    for seed in range(6500, 6520):
        image = gap(seed)
        image[70:170, 110:210] -= 9
        faint.append(presence.empty(image))
    assert not any(faint)


@pytest.mark.parametrize(
    "taught",
    [
        {"focus_min": 1e5},
        {"contrast_min": 250.0},
        {"light": (250.0, 255.0), "light_median": 252.0},
        {"tint": (1.0, 1.0, 1.0, 1.0)},
    ],
)
def test_emptiness_needs_the_focus_contrast_light_and_colour_of_the_empty_pictures(
    lesson: Lesson, entry: PresenceEntry, taught: dict[str, object]
) -> None:
    other = entry.model_copy(update={"quality": entry.quality.model_copy(update=taught)})
    assert not any(load_presence(other, files_of(lesson)).empty(gap(seed)) for seed in range(5000, 5010))


def lamp(factor: float) -> Image:
    return gap(7000, factor)


def half_black() -> Image:
    image = gap(7001)
    image[120:] = 0
    return image


def blurred() -> Image:
    return np.asarray(cv2.GaussianBlur(gap(7002), (0, 0), 4), np.uint8)


def one_side_lit() -> Image:
    return np.asarray(gap(7003) * np.linspace(0.5, 1.2, SIZE[0])[None, :, None], np.uint8)


def coloured() -> Image:
    return np.asarray(gap(7004) * np.array([1.3, 1.0, 1.0]), np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        *(lamp(factor) for factor in (0.0, 0.02, 0.3, 0.5, 0.8, 1.3, 2.0, 10.0)),
        half_black(),
        blurred(),
        one_side_lit(),
        coloured(),
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320, 3), 60, np.uint8),
        np.full((240, 320, 3), 255, np.uint8),
    ],
)
def test_a_lamp_or_camera_that_fails_proves_no_emptiness(presence: Presence, image: Image) -> None:
    assert not presence.empty(image)


def test_a_picture_of_another_size_is_not_empty(presence: Presence) -> None:
    assert presence.empty(gap(5001))
    assert not presence.empty(gap(5001)[:-1])
    assert not presence.empty(np.vstack([gap(5001), gap(5002)]))


def test_what_nobody_taught_is_never_empty() -> None:
    without = load_presence(None, {})
    assert isinstance(without, NoPresence) and not without.empty(gap(1))


def test_a_quarter_around_the_region_is_looked_at_as_far_as_the_picture_goes() -> None:
    assert area(None, (900, 640)) == Box(0, 0, 900, 640)
    assert area(Box(100, 100, 200, 80), (900, 640)) == Box(50, 80, 300, 120)
    assert area(Box(0, 560, 900, 80), (900, 640)) == Box(0, 540, 900, 100)


@pytest.mark.parametrize("shape", [(1944, 2592), (2048, 2448, 3), (123, 457), (33, 32), (640, 900, 3), (2000, 90)])
def test_pictures_of_any_size_can_be_looked_at(entry: PresenceEntry, shape: tuple[int, ...]) -> None:
    size = (shape[1], shape[0])
    rng = np.random.default_rng(0)
    image = rng.integers(50, 70, shape, np.uint8)
    wanted = entry.model_copy(update={"picture_size": size, "area": (0, 0, *size)})
    files = {name: npy(np.full(_cells_of(image), 60, np.float32)) for name in (entry.median, entry.spread)}
    assert load_presence(wanted, files).empty(image) in (True, False)


def _cells_of(image: Image) -> tuple[int, ...]:
    from models.presence import cells, small

    return cells(small(image, Box(0, 0, image.shape[1], image.shape[0]))).shape


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nearest_part": 1.5}, "too much like an empty picture"),
        ({"limit": 1000.0}, "too much like an empty picture"),
        ({"light": (1.2, 0.9)}, "must rise"),
        ({"area": (200, 30, 240, 180)}, "inside the picture"),
        ({"limit": 0.0}, "greater than 0"),
        ({"most": (1.0, float("nan"), 1.0)}, "greater than 0|finite"),
    ],
)
def test_an_entry_that_would_prove_too_little_is_refused(
    entry: PresenceEntry, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        PresenceEntry.model_validate({**dict(entry), **changes})


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4, 4), np.float32), np.full((120, 160, 4), np.nan, np.float32), np.zeros(4, np.float32)]
)
def test_arrays_that_are_no_empty_pictures_are_refused(
    lesson: Lesson, entry: PresenceEntry, array: NDArray[np.float32]
) -> None:
    with pytest.raises(PackageError):
        load_presence(entry, files_of(lesson) | {entry.spread: npy(array)})


def test_a_manifest_with_presence_needs_its_files(lesson: Lesson, entry: PresenceEntry) -> None:
    content = small_files() | files_of(lesson)
    shown = entry.model_dump(mode="json")
    assert parsed(small_manifest(content, presence=shown)).presence == entry
    with pytest.raises(ValidationError, match=r"presence/\w+.npy is used but not listed"):
        parsed(small_manifest(small_files(), presence=shown))


def test_a_package_of_before_has_no_presence(tmp_path: Path) -> None:
    assert parsed(small_manifest(small_files())).presence is None
