"""What a configuration file declares: everything that is wrong at once, with its place and a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig
from training.declared import AugmentSpec, Declared, Kind, SynthesizeSpec, read_declared
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
    assert len({usual.sha256(), *(TrainConfig(declared=one).sha256() for one in other)}) == 3
