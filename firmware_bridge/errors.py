"""What goes wrong on a wire.

    BridgeError
    ├── PortUnavailable     the port cannot be opened or set up: missing, taken, forbidden, or the setting is refused
    ├── TransportLost       an open port stopped working: unplugged, or its other end is gone
    └── MasterError         what a Modbus master can meet
        ├── NoAnswer        the slave did not answer in time, or with a damaged frame
        └── Refused         the slave answered with an exception code

Every message is one sentence that ends with what to do.
"""

from __future__ import annotations

from enum import Enum, auto


class BridgeError(Exception):
    """Root of everything the room `firmware_bridge` raises on purpose."""


class PortFault(Enum):
    """Why a port cannot be opened, for those who say it in other languages."""

    MISSING = auto()
    FORBIDDEN = auto()
    TAKEN = auto()
    SETTING = auto()
    OTHER = auto()


class PortUnavailable(BridgeError):
    """The port cannot be opened; nothing was sent."""

    def __init__(self, message: str, fault: PortFault = PortFault.OTHER) -> None:
        super().__init__(message)
        self.fault = fault


class TransportLost(BridgeError):
    """The port was open and is gone; open it again."""


class MasterError(BridgeError):
    """A Modbus master got no usable answer."""


class NoAnswer(MasterError):
    """Silence, or an answer that is damaged or not for this request."""


class Refused(MasterError):
    """The slave refused with an exception code (1 function, 2 address, 3 value, 6 busy)."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
