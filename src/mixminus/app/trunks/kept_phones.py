"""Keeps users' registrations, so that phones can be called after the node was restarted."""

from collections.abc import Iterable

import structlog

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.base.clock import Clock
from mixminus.calls.records import RegistrationRecord
from mixminus.sip.contract import Registered
from mixminus.sip.registrar.kept_bindings import read, written
from mixminus.store.contract import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.phones")


class KeptPhones:
    """One per node. A row that cannot be read is as good as none: its phones register again."""

    def __init__(self, desk: SipDesk, store: Store, clock: Clock) -> None:
        self._desk = desk
        self._store = store
        self._clock = clock

    def registered(self, event: Registered) -> None:
        """The desk's listener. Not waited for: after a crash a phone is where its last REGISTER but one was."""
        bindings = (flow for phone in self._desk.phones(event.user) for flow in reversed(phone.flows))
        utc = self._clock.utc()
        self._store.save_soon(RegistrationRecord(event.user, utc, written(bindings, self._ahead_s())))

    async def restore(self, users: Iterable[str]) -> None:
        """Before the node is on the network. Users that nobody declares any more are left out."""
        known, phones = set(users), 0
        for kept in await self._store.query(RegistrationRecord):
            if kept.user not in known:
                continue
            try:
                bindings = read(kept.bindings, self._ahead_s())
            except (ValueError, KeyError, TypeError):
                log.warning("a registration could not be read", user=kept.user)
                continue
            phones += self._desk.restore(kept.user, bindings)
        if phones:
            log.info("phones are still registered", phones=phones)

    def _ahead_s(self) -> float:
        return self._clock.utc().timestamp() - self._clock.now()
