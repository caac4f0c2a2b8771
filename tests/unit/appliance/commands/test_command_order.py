"""What a shell makes of an answer: zero is OK, and nothing but an OK or an acceptance asked for is zero."""

from __future__ import annotations

import pytest

from appliance.commands.messages import AcceptedPart, CommandReply, GivenVerdict
from appliance.commands.order import exit_code, sentence, trigger_once
from appliance.commands.refusals import Refusal
from appliance.errors import UsageError
from tests.fakes.commands import config_with

ACCEPTED = CommandReply(
    request_id="1", verb="trigger", status="accepted", part=AcceptedPart(id="p", number=7, inspection_id=7)
)


def judged(outcome: str) -> CommandReply:
    given = {"outcome": outcome, "id": "v", "decided_by": "model", "reason": "r", "reason_en": "why", "reason_zh": "因"}
    return ACCEPTED.model_copy(update={"verdict": GivenVerdict.model_validate({**given, "score": None})})


@pytest.mark.parametrize(
    ("reply", "waited", "code"),
    [
        (ACCEPTED, False, 0),
        (judged("OK"), True, 0),
        *[(judged(outcome), True, 1) for outcome in ("NG", "RECHECK", "ERROR", "NO_PART")],
        (ACCEPTED, True, 1),
        (ACCEPTED.without_verdict(), True, 1),
        *[
            (CommandReply.refusal(code), waited, 3 if code is Refusal.NO_SUCH_RECIPE else 4)
            for code in Refusal
            for waited in (True, False)
        ],
    ],
)
def test_exit_code(reply: CommandReply, waited: bool, code: int) -> None:
    assert exit_code(reply, waited=waited) == code


def test_one_line_says_it() -> None:
    assert sentence(judged("NG")) == "part 7: NG (why)"
    assert sentence(ACCEPTED) == "part 7 accepted"
    assert sentence(ACCEPTED.without_verdict()).startswith("part 7 accepted; The part was accepted, and no verdict")
    assert sentence(CommandReply.refusal(Refusal.NOT_READY)).startswith(
        "refused (not_ready): The station takes no part"
    )


@pytest.mark.parametrize("words", [{"part_id": ""}, {"part_id": "a\nb"}, {"request_id": "a b"}])
def test_what_cannot_be_asked_is_said_before_anybody_is_asked(words: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="correct it"):
        trigger_once(config_with(), **{"part_id": None, "wait": False, "request_id": None, **words})
