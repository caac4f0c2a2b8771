"""A command through the station's socket, for the command line and the web's process."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from pydantic import ValidationError

from appliance.commands.lines import LineSplitter
from appliance.commands.messages import MAX_LINE, Command, CommandReply
from appliance.commands.refusals import TEXTS, Refusal
from appliance.errors import NotThere

MARGIN_S = 4.0
_MAX_EVENT = 256 * 1024


class NoStation(NotThere):
    """`code` tells a station that does not run from one that did not answer."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(TEXTS[code][0])
        self.code = code


def ask_station(path: Path, command: Command, timeout_s: float) -> CommandReply:
    """Send one command and wait for its answer; blocks for `timeout_s` at most.

    Raises:
        NoStation: nobody listens on `path`, or no answer came. Nothing is known then of the command's fate.
    """
    deadline = time.monotonic() + timeout_s
    line = command.model_dump_json().encode() + b"\n"
    if len(line) > MAX_LINE:
        return CommandReply.refusal(Refusal.MALFORMED, command)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise NoStation(Refusal.STATION_DOWN) from error
        try:
            connection.sendall(line)
            return _answer(connection, command, deadline)
        except OSError as error:
            raise NoStation(Refusal.NO_ANSWER) from error


def _answer(connection: socket.socket, command: Command, deadline: float) -> CommandReply:
    """The reply among the live events that the socket streams to everyone."""
    splitter = LineSplitter(_MAX_EVENT)
    while (left_s := deadline - time.monotonic()) > 0:
        connection.settimeout(left_s)
        data = connection.recv(65536)
        if not data:
            break
        for line in splitter.split(data):
            reply = _reply_in(line)
            # A line that the station could not read carries no id; this connection sent only one.
            if reply is not None and reply.request_id in (None, command.request_id):
                return reply
    raise NoStation(Refusal.NO_ANSWER)


def _reply_in(line: bytes) -> CommandReply | None:
    try:
        event = json.loads(line)
        return CommandReply.model_validate_json(line) if event.get("type") == "reply" else None
    except (ValueError, ValidationError, AttributeError):
        return None
