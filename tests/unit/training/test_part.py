"""What may be assumed of a part: asked, stored, and never assumed beyond the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from training.commands import part as command
from training.data.part import PART, Part, limited, part_text, read_part, told
from training.declared import AugmentSpec
from training.errors import BadData, NotThere


def call(root: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(command.part, [str(root), *options])
    return done.exit_code, done.output


def test_without_answers_nothing_is_assumed(tmp_path: Path) -> None:
    part = read_part(tmp_path)
    assert part == Part() and not part.may_mirror
    augment = limited(AugmentSpec(), part)
    assert (augment.flip, augment.rotation, augment.gain) == (False, "any", 0.06)
    assert "none mirrored" in told(part, augment) and "okng part" in told(part, augment)


@pytest.mark.parametrize(
    ("part", "may"),
    [
        (Part(chiral=False), False),
        (Part(chiral=False, rotation="any"), True),
        (Part(chiral=False, rotation="quarter"), False),
        (Part(chiral=True, rotation="any"), False),
        (Part(chiral=True, mirrored="ng"), False),
        (Part(chiral=True, mirrored="good"), True),
        (Part(chiral=False, rotation="none", mirrored="good"), True),
    ],
)
def test_a_mirrored_view_is_good_only_where_the_answers_say_so(part: Part, may: bool) -> None:
    assert part.may_mirror is may and limited(AugmentSpec(), part).flip is may
    assert limited(AugmentSpec(flip=False), part).flip is False


@pytest.mark.parametrize(
    ("asked", "part", "both"),
    [("any", "none", "none"), ("none", "any", "none"), ("any", "quarter", "quarter"), ("quarter", "any", "quarter")],
)
def test_views_turn_no_further_than_asked_and_allowed(asked: str, part: str, both: str) -> None:
    spec = AugmentSpec.model_validate({"rotation": asked})
    assert limited(spec, Part.model_validate({"rotation": part})).rotation == both


def test_light_that_does_not_vary_is_not_varied() -> None:
    spec = limited(AugmentSpec(gamma=0.2), Part(light_varies=False))
    assert (spec.gain, spec.gamma) == (0.0, 0.0)
    assert limited(AugmentSpec(), Part(light_varies=True)).gain == 0.06


def test_answers_are_written_and_read_again(tmp_path: Path) -> None:
    code, said = call(tmp_path, "--chiral", "--rotation", "quarter", "--light-constant")
    assert code == 0 and "never mirrored" in said
    assert (tmp_path / PART).read_text() == 'chiral = true\nrotation = "quarter"\nlight_varies = false\n'
    assert call(tmp_path, "--mirrored", "ng")[0] == 0
    assert read_part(tmp_path) == Part(chiral=True, mirrored="ng", rotation="quarter", light_varies=False)
    assert list(tmp_path.iterdir()) == [tmp_path / PART]


def test_a_stored_answer_is_changed_with_force_alone(tmp_path: Path) -> None:
    assert call(tmp_path, "--chiral")[0] == 0
    code, said = call(tmp_path, "--no-chiral", "--rotation", "any")
    assert code == 2 and "answers chiral otherwise; give --force" in said and read_part(tmp_path) == Part(chiral=True)
    assert call(tmp_path, "--no-chiral", "--rotation", "any", "--force")[0] == 0
    assert read_part(tmp_path).may_mirror


def test_a_terminal_is_asked_for_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["n", "none", "good", "y"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(answers))
    found = command._asked(Part())
    assert found == Part(chiral=False, rotation="none", mirrored="good", light_varies=True)
    answers = iter(["any"])
    known = Part(chiral=False, light_varies=True)
    assert command._asked(known) == Part(chiral=False, rotation="any", light_varies=True)


def test_without_a_terminal_and_options_nothing_is_written(tmp_path: Path) -> None:
    code, said = call(tmp_path)
    assert code == 2 and "nothing was answered" in said and not (tmp_path / PART).exists()
    assert call(tmp_path / "nowhere", "--chiral")[0] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("chirl = true", "chirl is unknown, did you mean chiral"),
        ('chiral = "yes"\nrotation = "some"', "chiral: Input should be a valid boolean; rotation: Input should be"),
        ('chiral = false\nrotation = "any"\nmirrored = "ng"', "cannot be .ng. when mirrored"),
        ("chiral = maybe", "is no valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / PART).write_text(content)
    with pytest.raises(BadData, match=message):
        read_part(tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / PART).mkdir()
    with pytest.raises(NotThere, match="cannot be read"):
        read_part(tmp_path)


def test_the_text_is_what_is_read(tmp_path: Path) -> None:
    part = Part(chiral=True, mirrored="good", rotation="none", light_varies=True)
    (tmp_path / PART).write_text(part_text(part))
    assert read_part(tmp_path) == part
