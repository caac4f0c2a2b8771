"""Commands and their answers: one JSON object a line on the station's socket, and the same schemas in API and MQTT.

    {"verb":"trigger","request_id":"7f…","actor":{"source":"cli","name":"ada"},"part_id":"SN-17","wait":true}
    {"type":"reply","request_id":"7f…","verb":"trigger","status":"accepted","part":{…},"verdict":{…}}

Every command is answered exactly once. What is not answered was perhaps carried out: ask again under the same request
id, which never carries a command out twice.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from appliance.commands.refusals import TEXTS, Refusal

MAX_LINE = 4096
SCHEMA_ID = "okng.reply/1"

Source = Literal["web", "mqtt", "cli", "api"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only characters that can be printed")
    return text


Shown = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Strict(BaseModel):
    """A number sent as a text, or a word nobody knows, is refused rather than guessed at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Actor(Strict):
    """Who asks. `name` is what the caller says of itself, except where the door knows better."""

    source: Source
    name: Shown


class TriggerRequest(Strict):
    """What a caller may say of a trigger. `part_id`: the part's serial or other mark, as it will stand in the result.

    `wait`: answer with the verdict, not with the acceptance. `user`: who asks, for the audit trail.
    """

    request_id: RequestId | None = None
    part_id: Shown | None = None
    wait: bool = False
    user: Shown | None = None

    def command(self, source: Source, name: str) -> TriggerCommand:
        """The command of this request; `name` where the request names no user."""
        return TriggerCommand(
            verb="trigger",
            request_id=self.request_id or secrets.token_hex(8),
            actor=Actor(source=source, name=self.user or name),
            part_id=self.part_id,
            wait=self.wait,
        )


class TriggerCommand(Strict):
    """Judge one part now."""

    verb: Literal["trigger"]
    request_id: RequestId
    actor: Actor
    part_id: Shown | None = None
    wait: bool = False


# One verb so far; the next one makes this a union discriminated by `verb`.
Command = TriggerCommand
command_line: TypeAdapter[Command] = TypeAdapter(Command)


class AcceptedPart(Strict):
    """The part that a trigger began: `id` its UUIDv7, `number` since boot, `inspection_id` as in the result."""

    id: str
    number: int
    inspection_id: int


class GivenVerdict(Strict):
    """The station's word on the part; `id` is the result's."""

    id: str
    outcome: Literal["OK", "NG", "RECHECK", "NO_PART", "ERROR"]
    decided_by: str
    reason: str
    reason_en: str
    reason_zh: str
    score: float | None


class CommandReply(Strict):
    """The one answer. `refused`: nothing was done, `code` and the texts say why.

    `accepted` without `verdict` although it was waited for carries the code `no_verdict`: that part is not OK.
    `repeated`: the command was carried out before, and this is the answer given then.
    """

    type: Literal["reply"] = "reply"
    request_id: str | None
    verb: str | None
    status: Literal["accepted", "refused"]
    code: Refusal | None = None
    text_en: str = ""
    text_zh: str = ""
    part: AcceptedPart | None = None
    verdict: GivenVerdict | None = None
    repeated: bool = False

    @classmethod
    def refusal(cls, code: Refusal, command: Command | None = None, *, verb: str | None = None) -> Self:
        english, chinese = TEXTS[code]
        return cls(
            request_id=command.request_id if command else None,
            verb=command.verb if command else verb,
            status="refused",
            code=code,
            text_en=english,
            text_zh=chinese,
        )

    def without_verdict(self) -> Self:
        """This acceptance for a caller who waited for a verdict that did not come."""
        english, chinese = TEXTS[Refusal.NO_VERDICT]
        return self.model_copy(update={"code": Refusal.NO_VERDICT, "text_en": english, "text_zh": chinese})

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()
