"""What the command line asks of a running station, and what the answer means to a shell."""

from __future__ import annotations

import getpass

from pydantic import ValidationError

from appliance.commands.client import MARGIN_S, ask_station
from appliance.commands.desk import VERDICT_MARGIN_NS
from appliance.commands.messages import Command, CommandReply, TriggerCommand, TriggerRequest
from appliance.commands.recipe import RecipeRequest
from appliance.commands.refusals import Refusal
from appliance.config.schema import Config
from appliance.errors import UsageError
from appliance.state_dir import StateDir

CHANGE_S = 60.0  # a model is proven in a process of its own, loaded and warmed up before it comes into force


def trigger_once(config: Config, *, part_id: str | None, wait: bool, request_id: str | None) -> CommandReply:
    """Ask the running station for one part.

    Raises:
        UsageError: the serial or the request id has characters or a length that is not allowed.
        NoStation: it does not run, or did not answer.
    """
    try:
        request = TriggerRequest(request_id=request_id, part_id=part_id, wait=wait)
    except ValidationError as error:
        raise UsageError(
            "a serial has 1 to 64 printable characters, a request id 1 to 64 of A-Z a-z 0-9 _ . : -; correct it"
        ) from error
    return ask(config, request.command("cli", user()))


def change_recipe(
    config: Config, *, id: str, version: str | None, reason: str | None, request_id: str | None
) -> CommandReply:
    """Ask the running station for another recipe, and wait until it is in force or refused.

    Raises:
        UsageError: the id, the version, the reason or the request id is none.
        NoStation: it does not run, or did not answer.
    """
    try:
        request = RecipeRequest(request_id=request_id, id=id, version=version, reason=reason)
    except ValidationError as error:
        raise UsageError(
            "a recipe's id has 1 to 64 of A-Z a-z 0-9 _ -, its version 1 to 32 and a . as well, a reason 1 to 64 "
            "printable characters; correct it"
        ) from error
    return ask(config, request.command("cli", user()))


def ask(config: Config, command: Command) -> CommandReply:
    """Put a command to the station of this configuration; waits longer than the station itself takes for it.

    Raises:
        NoStation: it does not run, or did not answer.
    """
    return ask_station(StateDir(config.station.state_dir).socket, command, MARGIN_S + _work_s(config, command))


def sentence(reply: CommandReply) -> str:
    """The answer in one line."""
    if reply.verdict is not None and reply.part is not None:
        verdict = reply.verdict
        return f"part {reply.part.number}: {verdict.outcome} ({verdict.reason_en})"
    if reply.recipe is not None:
        return f"recipe {reply.recipe.id} {reply.recipe.version} is in force (number {reply.recipe.number})"
    if reply.golden is not None:
        left = ", ".join(reply.golden.remaining)
        return f"golden parts: {reply.golden.phase}" + (f"; show {left}" if left else "")
    if reply.part is not None:
        return f"part {reply.part.number} accepted" + (f"; {reply.text_en}" if reply.text_en else "")
    return f"refused ({reply.code}): {reply.text_en}"


def exit_code(reply: CommandReply, *, waited: bool) -> int:
    """0 accepted, or OK where the verdict was waited for; 1 any other verdict or none; 3 no such recipe; 4 refused."""
    if reply.status == "refused":
        return 3 if reply.code is Refusal.NO_SUCH_RECIPE else 4
    if not waited:
        return 0
    return 0 if reply.verdict is not None and reply.verdict.outcome == "OK" else 1


def _work_s(config: Config, command: Command) -> float:
    """How long the station may take for a command before it answers."""
    if not isinstance(command, TriggerCommand):
        return CHANGE_S
    return config.recipe.deadline_ms / 1e3 + VERDICT_MARGIN_NS / 1e9 if command.wait else 0.0


def user() -> str:
    """Who runs this process, as far as the machine knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = ""
    return name[:64] if name.isprintable() and name else "unknown"
