"""Who can be reached: phones that registered here, and trunks, with whether they can be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.trunks.registering import Registering
from mixminus.app.trunks.trunks import Trunks
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal
from mixminus.sip.contract import Address
from mixminus.sip.messages.uri import bracketed


@dataclass(frozen=True, slots=True)
class RegisteredPhone:
    """One Contact of a user: a phone, or one of its flows."""

    contact: str
    source: str
    """Where its REGISTER came from, and where calls go unless there is a path: `udp:192.0.2.7:5060`."""
    q: float
    expires_at: datetime
    path: tuple[str, ...] = ()
    """The proxies that calls go through (RFC 3327)."""
    instance: str | None = None
    """Which phone it is (RFC 5626); those of one instance ring once."""
    reg_id: int | None = None
    """Which flow of that phone."""


@dataclass(frozen=True, slots=True)
class TrunkStanding:
    """A trunk as it is now."""

    name: str
    calls: int
    max_calls: int | None
    registered: bool | None
    """None: it needs no registration."""
    registration_status: int | None
    """What the last REGISTER met."""
    gateways: Mapping[str, bool]
    """URI to whether it is used, and not passed over."""


class Presence:
    """One per node."""

    def __init__(
        self, users: Mapping[str, str], desk: SipDesk, trunks: Trunks, registering: Registering, clock: Clock
    ) -> None:
        self._users = users
        self._desk = desk
        self._trunks = trunks
        self._registering = registering
        self._clock = clock

    def phones(self, user: str) -> list[RegisteredPhone]:
        """Where a user can be reached, most preferred first. Raises 20404 for somebody whom nobody declared."""
        if user not in self._users:
            raise Refusal(
                20404, 404, f"There is no user {user[:100]!r}: [users.NAME] of mixminus.toml declares users."
            )
        now, utc = self._clock.now(), self._clock.utc()
        return [
            RegisteredPhone(
                contact=binding.uri,
                source=_written(binding.source),
                q=binding.q,
                expires_at=utc + timedelta(seconds=binding.expires_at - now),
                path=binding.path,
                instance=binding.instance,
                reg_id=binding.reg_id,
            )
            for phone in self._desk.phones(user)
            for binding in phone.flows
        ]

    def phones_of_everybody(self) -> Mapping[str, int]:
        """How many phones each user has registered; users without any are left out."""
        counts = {user: len(self._desk.phones(user)) for user in self._users}
        return {user: count for user, count in counts.items() if count}

    def trunks(self) -> list[TrunkStanding]:
        """In the order of the settings."""
        now = self._clock.now()
        usable, calls = self._trunks.usable(), self._trunks.calls()
        standings = []
        for trunk in self._trunks.all():
            registration = self._registering.registrations.get(trunk.name)
            standings.append(
                TrunkStanding(
                    name=trunk.name,
                    calls=calls[trunk.name],
                    max_calls=trunk.max_calls or None,
                    registered=registration.is_live(now) if registration is not None else None,
                    registration_status=(registration.last_status or None) if registration is not None else None,
                    gateways={door.uri: usable[trunk.name, door.uri] for door in trunk.doors},
                )
            )
        return standings


def _written(place: Address) -> str:
    return f"{place.transport}:{bracketed(place.host)}:{place.port}"
