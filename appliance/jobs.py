"""The station's recipes as the PLC's jobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from appliance.commands.desk import Ask
from appliance.commands.envelope import Actor
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeCommand
from appliance.domain.parts import RecipeKey
from appliance.kits import Kits

_PLC = Actor(source="plc", name="plc")


class PlcJobs:
    """Fills `appliance.sinks.plc.Jobs`. `changing`: whether a change is under way."""

    def __init__(self, kits: Kits, changing: Callable[[], bool], ask: Ask) -> None:
        self._kits = kits
        self._changing = changing
        self._ask = ask

    @property
    def number(self) -> int:
        return self._kits.current.key.number

    @property
    def armed(self) -> bool:
        return self._kits.current.context.armed

    def may_pass(self, recipe: RecipeKey) -> bool:
        return self._kits.may_pass(recipe)

    def load(self, number: int, failed: Callable[[], None]) -> bool:
        """The job that is in force is loaded already; while another change is under way nobody knows what will be."""
        if self._changing():
            return False
        if number == self.number:
            return True

        def hear(reply: CommandReply) -> None:
            if reply.status != "accepted":
                failed()

        order = RecipeCommand(verb="recipe", request_id=secrets.token_hex(8), actor=_PLC, number=number)
        self._ask(order, hear)
        return True
