"""Texts that come in by SIP (MESSAGE, RFC 3428): for a number or a user of ours, handed to whoever wants them."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from mixminus.app.calls.incoming_calls import number_called
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.services import Services
from mixminus.calls.records import NumberRecord
from mixminus.sip.contract import Messaged

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.texts")

TAKEN, NOT_FOUND = 202, 404


@dataclass(frozen=True, slots=True)
class Text:
    """A short text, as its receiver is told."""

    from_: str
    """`client:NAME` of a user who authenticated, else the sender's URI."""
    to: str
    number: NumberRecord | None
    """None: it is for a user."""
    body: str


class Texts:
    """Tells every taker of every text. What becomes of it there does not concern its sender, who hears 202."""

    def __init__(self, services: Services, desk: SipDesk) -> None:
        self._services = services
        self._desk = desk
        self.takers: list[Callable[[Text], Awaitable[None]]] = []
        self.counted: Counter[int] = Counter()
        """Texts, by what their senders were answered."""

    def messaged(self, message: Messaged) -> None:
        """The desk's listener."""
        self._services.tasks.spawn(self._take(message), f"text {message.call_id[:40]}")

    async def _take(self, message: Messaged) -> None:
        number = await number_called(self._services.store, message.called)
        if number is None and message.called not in self._services.settings.users:
            return self._answer(message, NOT_FOUND)
        self._answer(message, TAKEN)
        from_ = f"client:{message.user}" if message.user is not None else message.from_uri
        text = Text(from_, message.called, number, message.text)
        log.info("text", sender=from_, to=message.called, characters=len(message.text), call_id=message.call_id[:80])
        for taker in self.takers:
            await taker(text)
        return None

    def _answer(self, message: Messaged, status: int) -> None:
        self.counted[status] += 1
        self._desk.reply(message.message, status)
