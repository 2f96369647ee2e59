"""Where users can be reached: bindings, flows and their expiry (RFC 3261 10, RFC 3327, 5626, 5627)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.uri import AddressError, Uri, target_of
from mixminus.sip.registrar.contacts import Asked, Contact, RegisterRefused, read
from mixminus.sip.registrar.gruu import Gruus

MAX_BINDINGS: Final = 16
"""Contacts of one user; a broken phone that draws a new address each time replaces its oldest."""
OPTIONS: Final = ("path", "outbound", "gruu")
"""Extensions that a REGISTER may require."""
FLOW_TIMER_S: Final = 120
"""How often a phone with flows is to show that they live (RFC 5626 4.4)."""

Identity = tuple[Uri, Transport] | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Binding:
    """One Contact of a user. `source` is where its REGISTER came from: through a NAT, the only way back, unless there
    is a `path` of proxies to go.
    """

    uri: str
    source: Address
    expires_at: float
    q: float
    call_id: str
    cseq: int
    path: tuple[str, ...] = ()
    instance: str | None = None
    reg_id: int | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone of a user: it rings once, by the first flow that works (RFC 5626 5.3)."""

    flows: tuple[Binding, ...]
    """The newest first."""

    @property
    def q(self) -> float:
        return max(flow.q for flow in self.flows)


class Registrar:
    """Bindings by user. Expired ones are never returned; they go when the user is next looked at."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._bindings: dict[str, dict[Identity, Binding]] = {}
        self._gruus = Gruus(token)

    def contacts(self, user: str, now: float) -> tuple[Binding, ...]:
        """Where *user* can be reached, most preferred first."""
        return tuple(sorted(self._live(user, now).values(), key=lambda b: (-b.q, -b.expires_at)))

    def phones(self, user: str, now: float) -> tuple[Phone, ...]:
        """What *user* can be reached by, most preferred first. Contacts without an instance are phones each."""
        newest_first = reversed(self._live(user, now).values())
        by_instance: dict[object, list[Binding]] = {}
        for binding in newest_first:
            by_instance.setdefault(binding.instance or binding, []).append(binding)
        phones = (Phone(tuple(flows)) for flows in by_instance.values())
        return tuple(sorted(phones, key=lambda phone: (-phone.q, -phone.flows[0].expires_at)))

    def phone_at(self, uri: Uri, now: float) -> Phone | None:
        """The phone that a GRUU of ours is of; None: it is no GRUU, or that phone is not here."""
        found = self._gruus.phone_of(uri)
        if found is None:
            return None
        user, instance = found
        return next((phone for phone in self.phones(user, now) if phone.flows[0].instance == instance), None)

    def places_of(self, gruu: str) -> tuple[Address, ...]:
        """Where the flows of a phone are; none: it is no GRUU of ours, or it is behind a proxy."""
        found = self._gruus.phone_of(Uri.parse(gruu))
        bindings = reversed(self._bindings.get(found[0], {}).values()) if found is not None else ()
        return tuple(b.source for b in bindings if found is not None and b.instance == found[1] and not b.path)

    def register(self, user: str, request: Request, source: Address, now: float) -> tuple[Binding, ...]:
        """Apply a REGISTER of an authenticated user and return all bindings; raises `RegisterRefused`.

        All changes are made or none (10.3 step 7).
        """
        asked = read(request)
        known = self._live(user, now)
        changes = [Contact(b.uri, 0, b.q, b.instance, b.reg_id) for b in known.values()]
        for change in changes if asked.removes_all else asked.contacts:
            old = known.get(_identity(change))
            if old is not None and old.call_id == request.call_id and old.cseq >= request.cseq.number:
                raise RegisterRefused(500, "an older REGISTER came late")
        for change in changes if asked.removes_all else asked.contacts:
            old = known.pop(_identity(change), None)
            if old is not None and old.instance is not None and old.call_id != request.call_id:
                self._gruus.restarted((user, old.instance))
            if change.expires_s:
                known[_identity(change)] = _bound(change, asked, request, source, now)
        self._keep(user, dict(list(known.items())[-MAX_BINDINGS:]))
        return self.contacts(user, now)

    def answer(self, user: str, request: Request, now: float) -> HeaderLines:
        """What the 200 says: all bindings, and what became of the extensions that were asked for."""
        asked = read(request)
        lines = [("Contact", self._shown(user, request, asked, b, now)) for b in self.contacts(user, now)]
        lines += [("Path", value) for value in asked.path]
        lines.append(("Supported", ", ".join(OPTIONS)))
        if asked.is_outbound:
            lines.append(("Require", "outbound"))  # RFC 5626 6
            if not asked.path:
                lines.append(("Flow-Timer", str(FLOW_TIMER_S)))
        return tuple(lines)

    def restore(self, user: str, bindings: Iterable[Binding], now: float) -> tuple[Binding, ...]:
        """Bindings of before a restart, oldest first. Connections did not survive it."""
        left: dict[Identity, Binding] = {}
        for binding in bindings:
            there = binding if binding.source.transport is Transport.UDP else _without(binding, binding.source)
            if there is not None:
                left[_identity(Contact(there.uri, 0, instance=there.instance, reg_id=there.reg_id))] = there
        self._keep(user, left)
        return self.contacts(user, now)

    def connection_lost(self, address: Address) -> None:
        """Who registered by a connection that is gone is where its Contact says. Nobody connects to a browser, or to
        who is behind a NAT: they are reached again when they have registered again (RFC 7118 5, RFC 5626 5.3).
        """
        for user, known in list(self._bindings.items()):
            left = {identity: _without(binding, address) for identity, binding in known.items()}
            self._keep(user, {identity: binding for identity, binding in left.items() if binding is not None})

    def _live(self, user: str, now: float) -> dict[Identity, Binding]:
        """Oldest first."""
        known = self._bindings.get(user, {})
        live = {identity: b for identity, b in known.items() if b.expires_at > now}
        if len(live) < len(known):
            self._keep(user, live)
        return dict(live)

    def _keep(self, user: str, bindings: dict[Identity, Binding]) -> None:
        gone = _instances(self._bindings.get(user, {}).values()) - _instances(bindings.values())
        for instance in gone:
            self._gruus.gone((user, instance))
        if bindings:
            self._bindings[user] = bindings
        else:
            self._bindings.pop(user, None)

    def _shown(self, user: str, request: Request, asked: Asked, binding: Binding, now: float) -> str:
        """A Contact of the 200; the phone that asks is told its GRUUs (RFC 5627 5.3)."""
        text = f"<{binding.uri}>;expires={round(binding.expires_at - now)}"
        if binding.q != 1.0:
            text += f";q={binding.q:.3f}".rstrip("0").rstrip(".")
        if binding.instance is None:
            return text
        text += f';+sip.instance="<{binding.instance}>"'
        if binding.reg_id is not None:
            text += f";reg-id={binding.reg_id}"
        if asked.wants_gruu:
            text += f';pub-gruu="{self._gruus.public(request.to.uri, (user, binding.instance))}"'
            if binding.call_id == request.call_id:
                text += f';temp-gruu="{self._gruus.draw(request.to.uri, (user, binding.instance))}"'
        return text


def _bound(contact: Contact, asked: Asked, request: Request, source: Address, now: float) -> Binding:
    return Binding(
        uri=contact.uri,
        source=source,
        expires_at=now + contact.expires_s,
        q=contact.q,
        call_id=request.call_id,
        cseq=request.cseq.number,
        path=asked.path,
        instance=contact.instance,
        reg_id=contact.reg_id,
    )


def _without(binding: Binding, connection: Address) -> Binding | None:
    """What is left of it when that connection is gone. A flow is nothing else, and a proxy opens another one."""
    if binding.source != connection or binding.path:
        return binding
    place = _listening_place(binding) if binding.reg_id is None else None
    return replace(binding, source=place) if place is not None else None


def _listening_place(binding: Binding) -> Address | None:
    """Where a phone may take connections: at its Contact, if that is the host that it registered from."""
    try:
        place = target_of(binding.uri)
    except AddressError:
        return None
    same = place.host == binding.source.host and place.transport is binding.source.transport
    return place.like(binding.source) if same and not place.transport.is_websocket else None


def _instances(bindings: Iterable[Binding]) -> set[str]:
    return {binding.instance for binding in bindings if binding.instance is not None}


def _identity(contact: Contact) -> Identity:
    """What makes two Contacts the same binding: a flow of a phone (RFC 5626 6), or the address (19.1.4, of which
    transport is the parameter that phones vary).
    """
    if contact.instance is not None and contact.reg_id is not None:
        return contact.instance, contact.reg_id
    parsed = Uri.parse(contact.uri)
    return parsed, parsed.transport
