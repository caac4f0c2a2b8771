"""What a configuration file declares: everything that is wrong at once, with its place and a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig
from training.declared import AugmentSpec, Declared, Kind, SynthesizeSpec, TrainSpec, read_declared, refuse_mode
from training.errors import BadData, NotThere


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "training.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_differs_from_the_usual(tmp_path: Path) -> None:
    text = '[augment]\nshift = 0.1\njpeg_quality = 60\n[synthesize]\nkinds = ["pit", "crack"]\nsize = [1, 2.5]\n'
    assert read_declared(written(tmp_path, text)) == Declared(
        augment=AugmentSpec(shift=0.1, jpeg_quality=60),
        synthesize=SynthesizeSpec(kinds=(Kind.PIT, Kind.CRACK), size=(1.0, 2.5)),
    )
    assert read_declared(None) == Declared() == read_declared(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("[augment]\nshft = 0.1\n", ["augment.shft is unknown, did you mean shift?"]),
        ("[augmnt]\n", ["augmnt is unknown, did you mean augment?"]),
        (
            "[augment]\nshift = 0.9\nflip = 1\n",
            ["augment.shift: Input should be less", "augment.flip: Input should be"],
        ),
        ("[augment]\ngain = nan\n", ["augment.gain: "]),
        ('[synthesize]\nkinds = ["crak"]\n', ["synthesize.kinds.0: Input should be 'texture'"]),
        ('[synthesize]\nkinds = ["pit", "pit"]\n', ["kinds names one twice"]),
        ("[synthesize]\nkinds = []\n", ["synthesize.kinds: "]),
        ("[synthesize]\nstrength = [0.9, 0.5]\n", ["strength needs the smaller number first"]),
        ("[train]\nepochs = 5\nminutes = 3\n", ["give epochs or minutes, not both"]),
        ('[train]\nmode = "mixd"\nsize = 64\n', ["train.mode: Input should be 'auto'", "train.size is unknown"]),
        ("[augment\n", ["is no valid TOML"]),
    ],
)
def test_everything_that_is_wrong_is_said(tmp_path: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(BadData) as refused:
        read_declared(written(tmp_path, text))
    assert all(message in str(refused.value) for message in messages), refused.value


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="cannot be read"):
        read_declared(tmp_path / "nothing.toml")


def test_what_is_declared_is_in_the_hash_of_a_training() -> None:
    usual = TrainConfig()
    other = [Declared(augment=AugmentSpec(shift=0.1)), Declared(synthesize=SynthesizeSpec(size=(1.0, 2.0)))]
    assert usual.sha256() == TrainConfig(declared=Declared()).sha256()
    other += [Declared(train=TrainSpec(epochs=3)), Declared().in_mode("mixed")]
    assert len({usual.sha256(), *(TrainConfig(declared=one).sha256() for one in other)}) == 5
    # Wherever seed and size were said: what counts is what the run goes by.
    assert TrainConfig(declared=Declared(train=TrainSpec(seed=3, size_px=128))).sha256() == usual.sha256()


def test_a_file_says_how_to_train(tmp_path: Path) -> None:
    text = '[train]\nmode = "segmentation"\nsize_px = 320\nseed = 2\nminutes = 7\n'
    found = read_declared(written(tmp_path, text))
    assert found.train == TrainSpec(mode="segmentation", size_px=320, seed=2, minutes=7.0)
    assert found.in_mode("good").train == TrainSpec(mode="good", size_px=320, seed=2, minutes=7.0)
    assert not found.shows_pictures_otherwise


@pytest.mark.parametrize("spec", [TrainSpec(mode="mixed"), TrainSpec(epochs=2), TrainSpec(minutes=2)])
def test_named_regions_are_trained_in_one_way(spec: TrainSpec) -> None:
    with pytest.raises(BadData, match="named regions are classified by their labels, in one way; leave"):
        refuse_mode(spec)
    refuse_mode(TrainSpec(size_px=128, seed=4))
