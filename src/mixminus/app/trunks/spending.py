"""What was spent today, and whether another call may be afforded (`rates`, `spend_cap_per_day`)."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal
from mixminus.base.settings import Settings, Trunk
from mixminus.base.types import Sid
from mixminus.calls.prices import MICROS, Tariff, micros_per_minute
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, CallStatus
from mixminus.store.contract import Is, Store, Where

NOT_ALLOWED = 21216
"""Twilio's number: the account is not allowed to call that number."""


@dataclass(frozen=True, slots=True)
class _Live:
    tariff: Tariff
    since: datetime

    def micros(self, at: datetime) -> int:
        """What it costs if it ends now."""
        return self.tariff.price_micros(max(0, int((at - self.since).total_seconds()))) or 0


class Spending:
    """One per node. A day is one of UTC; a call counts for the day on which it was answered."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
        self._cap = settings.spend_cap_per_day
        self._clock = clock
        self._day = clock.utc().date()
        self._settled: Counter[str] = Counter()
        self._live: dict[Sid, _Live] = {}

    async def restore(self, store: Store) -> None:
        """Count the calls of today that ended before the node started."""
        midnight = self._clock.utc().replace(hour=0, minute=0, second=0, microsecond=0)
        for call in await store.query(CallRecord, Where("start_time", Is.AT_LEAST, midnight)):
            if call.trunk is not None and call.sid not in self._live:
                self._settled[call.trunk] += self._cost(call)

    def changed(self, call: CallRecord) -> None:
        """A call over a trunk was answered, or ended."""
        if call.trunk is None:
            return
        if call.status is CallStatus.IN_PROGRESS and call.sid not in self._live:
            tariff = self.tariff(call.to, self._trunks[call.trunk])
            self._live[call.sid] = _Live(tariff, call.start_time or self._clock.utc())
        elif call.status in FINAL_CALL_STATUSES and (live := self._live.pop(call.sid, None)) is not None:
            self._turn_the_page()
            if live.since.date() == self._day:
                self._settled[call.trunk] += call.price_micros or 0

    def tariff(self, number: str, trunk: Trunk) -> Tariff:
        return Tariff(trunk.name, micros_per_minute(number, trunk.rates))

    def today_micros(self) -> dict[str, int]:
        """Of each trunk with prices or calls, live calls as far as they are."""
        self._turn_the_page()
        now = self._clock.utc()
        spent = Counter({trunk.name: 0 for trunk in self._trunks.values() if trunk.rates})
        spent.update(self._settled)
        for live in self._live.values():
            spent[live.tariff.trunk] += live.micros(now)
        return dict(spent)

    def left_micros(self, trunk: Trunk) -> float:
        """What may still be spent over it today; infinity: as much as one likes."""
        spent = self.today_micros()
        caps = ((trunk.spend_cap_per_day, spent.get(trunk.name, 0)), (self._cap, sum(spent.values())))
        return min((cap * MICROS - used for cap, used in caps if cap), default=math.inf)

    def affordable(self, number: str, trunks: Iterable[Trunk]) -> tuple[Trunk, ...]:
        """Those over which at least one minute may be paid. Raises `Refusal` when there are none."""
        trunks = tuple(trunks)
        found = tuple(trunk for trunk in trunks if self._why_not(number, trunk) is None)
        if not found:
            raise Refusal(NOT_ALLOWED, 403, self._why_not(number, trunks[0]) or "")
        return found

    def _why_not(self, number: str, trunk: Trunk) -> str | None:
        left = self.left_micros(trunk)
        if left == math.inf:
            return None
        price = self.tariff(number, trunk).micros_per_minute
        if price is None:
            return (
                f"Calls to {number} have no price in [trunks.{trunk.name}.rates], and spend_cap_per_day can only be "
                "kept for those that have."
            )
        if left < max(price, 1):
            return (
                f"spend_cap_per_day is reached: a minute to {number} over trunk {trunk.name} costs "
                f"{price / MICROS:g}, and {max(0.0, left) / MICROS:g} is left until midnight (UTC)."
            )
        return None

    def _cost(self, call: CallRecord) -> int:
        """Of a call of the past; one that the node did not see the end of cost a minute at least."""
        if call.price_micros is not None:
            return call.price_micros
        trunk = self._trunks.get(call.trunk or "")
        return 0 if trunk is None else self.tariff(call.to, trunk).price_micros(call.duration_s or 0) or 0

    def _turn_the_page(self) -> None:
        today = self._clock.utc().date()
        if today != self._day:
            self._day = today
            self._settled.clear()
