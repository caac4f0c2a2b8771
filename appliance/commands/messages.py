"""Commands and their answers: one JSON object a line on the station's socket, and the same schemas in API and MQTT.

    {"verb":"trigger","request_id":"7f…","actor":{"source":"cli","name":"ada"},"part_id":"SN-17","wait":true}
    {"type":"reply","request_id":"7f…","verb":"trigger","status":"accepted","part":{…},"verdict":{…}}

Every command is answered exactly once. What is not answered was perhaps carried out: ask again under the same request
id, which never carries a command out twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, TypeAdapter

from appliance.commands.envelope import Order, Request, Shown, Source, Strict
from appliance.commands.golden import DriftCommand, DriftRequest, GoldenCommand, GoldenRequest, GoldenStanding
from appliance.commands.recipe import RecipeCommand, RecipeRequest, RunningRecipe
from appliance.commands.refusals import TEXTS, Refusal

MAX_LINE = 4096
SCHEMA_ID = "okng.reply/1"


class TriggerRequest(Request):
    """What a caller may say of a trigger. `part_id`: the part's serial or other mark, as it will stand in the result.

    `wait`: answer with the verdict, not with the acceptance.
    """

    part_id: Shown | None = None
    wait: bool = False

    def command(self, source: Source, name: str) -> TriggerCommand:
        return TriggerCommand(verb="trigger", **self.signed(source, name), part_id=self.part_id, wait=self.wait)


class TriggerCommand(Order):
    """Judge one part now."""

    verb: Literal["trigger"]
    part_id: Shown | None = None
    wait: bool = False


Command = TriggerCommand | RecipeCommand | GoldenCommand | DriftCommand
command_line: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="verb")])

# verb → what a program or a page says to ask for it; over MQTT it is the payload of `cmd/<verb>`.
AnyRequest = TriggerRequest | RecipeRequest | GoldenRequest | DriftRequest
REQUESTS: Final[Mapping[str, type[AnyRequest]]] = {
    "trigger": TriggerRequest,
    "recipe": RecipeRequest,
    "golden": GoldenRequest,
    "drift": DriftRequest,
}


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
    `recipe`: the one in force after a command that changes it. `golden`: how golden parts stand after theirs.
    `repeated`: the command was carried out before, and this
    is the answer given then.
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
    recipe: RunningRecipe | None = None
    golden: GoldenStanding | None = None
    repeated: bool = False

    @classmethod
    def refusal(
        cls,
        code: Refusal,
        command: Command | None = None,
        *,
        verb: str | None = None,
        why: tuple[str, str] | None = None,
    ) -> Self:
        """`why`: what stands in the way in English and Chinese, where more is known of it than the code."""
        english, chinese = why or TEXTS[code]
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
