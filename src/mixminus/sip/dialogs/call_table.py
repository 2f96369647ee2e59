"""Which call a command or a message belongs to."""

from collections.abc import Iterator
from typing import Protocol

from mixminus.sip.contract import Address, DialogKey
from mixminus.sip.messages.message import Request
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.transactions.transaction_layer import ServerTransaction


class InDialog(Protocol):
    """Takes the requests of one dialog; the transaction layer has removed repetitions."""

    def receive(self, server: ServerTransaction, now: float) -> None:
        """Any request but ACK."""

    def acknowledged(self, ack: Request, now: float) -> None:
        """An ACK of a 2xx."""

    def connection_lost(self, address: Address) -> None:
        """That connection must not be used any more."""

    def replaced(self, replaces: Replaces) -> DialogKey:
        """The owner's key, if a call may take its place. Raises `CannotReplace`."""


class CallTable:
    """By the owner's key while the owner may command it, by Call-ID and our tag while the peer may speak to it."""

    def __init__(self) -> None:
        self._by_key: dict[DialogKey, InDialog] = {}
        self._by_tag: dict[tuple[str, str], InDialog] = {}

    def __len__(self) -> int:
        return len(self._by_tag)

    def __iter__(self) -> Iterator[InDialog]:
        """Everybody whose peer may speak to us."""
        return iter(tuple(self._by_tag.values()))

    def put(self, key: DialogKey, call_id: str, local_tag: str, call: InDialog) -> None:
        """Enter a call, or the next stage of it."""
        self._by_key[key] = call
        self._by_tag[call_id, local_tag] = call

    def get(self, key: DialogKey) -> InDialog | None:
        return self._by_key.get(key)

    def find(self, request: Request) -> InDialog | None:
        return self._by_tag.get((request.call_id, request.to.tag or ""))

    def replaced(self, replaces: Replaces) -> DialogKey:
        """The call that another is to take the place of. Raises `CannotReplace` (RFC 3891 3)."""
        name = replaces.dialog
        call = self._by_tag.get((name.call_id, name.our_tag))
        if call is None:
            raise CannotReplace(481)
        return call.replaced(replaces)

    def connection_lost(self, address: Address) -> None:
        for call in self._by_tag.values():
            call.connection_lost(address)

    def drop_key(self, key: DialogKey) -> None:
        """The owner is done with it: commands do nothing any more."""
        self._by_key.pop(key, None)

    def drop_tag(self, call_id: str, local_tag: str) -> None:
        """The peer gets 481 from now on."""
        self._by_tag.pop((call_id, local_tag), None)
