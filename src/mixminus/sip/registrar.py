"""Where users can be reached: bindings and their expiry (RFC 3261 10)."""

from dataclasses import dataclass, replace
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.sip.contract import Address, Transport
from mixminus.sip.message import Request, decimal
from mixminus.sip.uri import AddressError, NameAddr, Uri, target_of

DEFAULT_EXPIRES_S: Final = 3600
MIN_EXPIRES_S: Final = 60
"""RFC 3261 10.3 step 7 allows up to an hour; a minute keeps NAT bindings of phones that ask for it open."""
MAX_EXPIRES_S: Final = 7200
MAX_BINDINGS: Final = 16
"""Phones of one user; a broken one that draws a new address each time replaces its oldest."""


Identity = tuple[Uri, Transport]


class RegisterRefused(MixminusError):
    """A REGISTER that must be answered with `status`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone of a user. `source` is where its REGISTER came from: through a NAT, the only way back."""

    uri: str
    source: Address
    expires_at: float
    q: float
    call_id: str
    cseq: int


@dataclass(frozen=True, slots=True)
class _Change:
    uri: str
    expires_s: int
    q: float


class Registrar:
    """Bindings by user. Expired ones are never returned; they go when the user is next looked at."""

    def __init__(self) -> None:
        self._bindings: dict[str, dict[Identity, Binding]] = {}

    def contacts(self, user: str, now: float) -> tuple[Binding, ...]:
        """Where *user* can be reached, most preferred first."""
        live = {uri: b for uri, b in self._bindings.get(user, {}).items() if b.expires_at > now}
        if live:
            self._bindings[user] = live
        else:
            self._bindings.pop(user, None)
        return tuple(sorted(live.values(), key=lambda b: (-b.q, -b.expires_at)))

    def connection_lost(self, address: Address) -> None:
        """Who registered by a connection that is gone is where its Contact says. Nobody connects to a browser, or to
        who is behind a NAT: they are reached again when they have registered again (RFC 7118 5, RFC 5626 5.3).
        """
        for user, bindings in list(self._bindings.items()):
            for identity, binding in list(bindings.items()):
                if binding.source == address:
                    place = _listening_place(binding)
                    if place is None:
                        del bindings[identity]
                    else:
                        bindings[identity] = replace(binding, source=place)
            if not bindings:
                del self._bindings[user]

    def register(self, user: str, request: Request, source: Address, now: float) -> tuple[Binding, ...]:
        """Apply a REGISTER of an authenticated user and return all bindings; raises `RegisterRefused`.

        All changes are made or none (10.3 step 7).
        """
        known = {_identity(b.uri): b for b in self.contacts(user, now)}
        contacts = request.all("Contact")
        if "*" in contacts:
            if len(contacts) > 1 or request.get("Expires") != "0":
                raise RegisterRefused(400, "`*` stands alone and expires at once")
            changes = [_Change(b.uri, 0, b.q) for b in known.values()]
        else:
            changes = [_read(contact, request) for contact in contacts]
        for change in changes:
            old = known.get(_identity(change.uri))
            if old is not None and old.call_id == request.call_id and old.cseq >= request.cseq.number:
                raise RegisterRefused(500, "an older REGISTER came late")
        for change in changes:
            identity = _identity(change.uri)
            known.pop(identity, None)
            if change.expires_s:
                expires_at = now + change.expires_s
                known[identity] = Binding(
                    change.uri, source, expires_at, change.q, request.call_id, request.cseq.number
                )
        self._bindings[user] = dict(list(known.items())[-MAX_BINDINGS:])
        return self.contacts(user, now)


def _listening_place(binding: Binding) -> Address | None:
    """Where a phone may take connections: at its Contact, if that is the host that it registered from."""
    try:
        place = target_of(binding.uri)
    except AddressError:
        return None
    same = place.host == binding.source.host and place.transport is binding.source.transport
    return place.like(binding.source) if same and not place.transport.is_websocket else None


def _identity(uri: str) -> Identity:
    """What makes two Contacts the same binding (19.1.4, of which transport is the parameter that phones vary)."""
    parsed = Uri.parse(uri)
    return parsed, parsed.transport


def _read(contact: str, request: Request) -> _Change:
    try:
        address = NameAddr.parse(contact)
        Uri.parse(address.uri)
    except AddressError as error:
        raise RegisterRefused(400, "a Contact is not valid") from error
    wanted = address.parameters.get("expires") or request.get("Expires") or ""
    # A malformed value counts as the default (20.19, 10.2.1.1).
    expires_s = min(int(wanted), MAX_EXPIRES_S) if decimal(wanted, 2**32 - 1) else DEFAULT_EXPIRES_S
    if 0 < expires_s < MIN_EXPIRES_S:
        raise RegisterRefused(423, "interval too brief")
    try:
        q = min(1.0, max(0.0, float(address.parameters.get("q", "1"))))
    except ValueError:
        q = 1.0
    return _Change(address.uri, expires_s, q)
