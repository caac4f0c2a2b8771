"""The fake outbox keeps the contract that the journal keeps."""

from __future__ import annotations

import pytest

from tests.contracts.outbox import OutboxContract, OutboxDesk
from tests.fakes.outbox import MemoryOutbox


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    def desk(self) -> OutboxDesk:
        outbox = MemoryOutbox()

        def add(payloads: list[bytes]) -> None:
            for payload in payloads:
                outbox.add(payload)

        return OutboxDesk(outbox, add, flush=lambda: None)
