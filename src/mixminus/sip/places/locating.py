"""From a SIP address to places on the network, best first (RFC 3263 4, RFC 2782).

`locate` is a generator: it yields questions to the DNS, several that may be asked at once, is sent their answers, and
returns the places. Whoever drives it may answer from memory.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mixminus.base.types import Draw
from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.uri import AddressError, Uri
from mixminus.sip.places.dns import Answer, Host, Lookup, Naptr, RecordType, Srv
from mixminus.sip.places.networks import literal

MAX_PLACES: Final = 8
"""Of one name: the sixteenth of a farm is not worth the patience of a caller."""
MAX_SERVERS: Final = 8
"""Hosts of one name whose addresses are asked for."""
SERVICES: Final = {"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls"}
"""NAPTR services (RFC 3263 4.1, RFC 2915) and the transports that they stand for."""
PREFIXES: Final = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
"""Where a transport's SRV records are."""

Answers = Mapping[Lookup, Answer]
Locating = Generator[tuple[Lookup, ...], Answers, tuple[Address, ...]]


class Unlocated(AddressError):
    """Nobody by that name; `unanswered` if that may be because nobody could be asked."""

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered


@dataclass(frozen=True, slots=True)
class Means:
    """What we can do: transports, most wanted first, and the kinds of addresses that we can reach."""

    transports: tuple[Transport, ...] = (Transport.UDP, Transport.TCP)
    families: tuple[RecordType, ...] = (RecordType.A, RecordType.AAAA)


@dataclass(frozen=True, slots=True)
class _Server:
    """A host name, before its addresses are known."""

    transport: Transport
    host: str
    port: int


def locate(uri: Uri, means: Means, draw: Draw) -> Locating:
    """The places of *uri*. Raises `AddressError` for what we cannot speak to, `Unlocated` for nobody."""
    transports = _transports(uri, means)
    target = (uri.parameters.get("maddr") or uri.host).strip("[]").rstrip(".").lower()
    if not target:
        raise AddressError("a telephone number has no host")
    first = transports[0]
    if literal(target) is not None:
        return (Address(first, target, uri.port or first.default_port, name=target),)
    if uri.port is not None:
        return (yield from _addresses(target, [_Server(first, target, uri.port)], means))
    servers = yield from _servers(target, transports, draw)
    return (yield from _addresses(target, servers, means))


def _transports(uri: Uri, means: Means) -> tuple[Transport, ...]:
    """Those that may be used, most wanted first: one alone where the address says which (RFC 3263 4.1)."""
    named = uri.parameters.get("transport", "").lower()
    if uri.scheme == "sips":
        named = {"tcp": "tls", "ws": "wss"}.get(named, named)  # RFC 5630 3.1.3: sips over TCP is TLS
    able = [t for t in means.transports if t.is_secure or uri.scheme != "sips"]
    if named:
        able = [t for t in able if t == named]
    elif uri.scheme != "sips":
        able = [t for t in able if t in PREFIXES and not t.is_secure] + [t for t in able if t.is_secure]
    if not able:
        raise AddressError(f"{named or uri.scheme} is not spoken here")
    return tuple(able)


def _servers(
    target: str, transports: Sequence[Transport], draw: Draw
) -> Generator[tuple[Lookup, ...], Answers, list[_Server]]:
    """NAPTR says which transports there are and where their SRV records; else these have their usual names.

    All are asked for at once: hardly any name has NAPTR records, and a caller waits.
    """
    naptr = Lookup(RecordType.NAPTR, target)
    usual = {t: Lookup(RecordType.SRV, f"{PREFIXES[t]}.{target}") for t in transports if t in PREFIXES}
    answers = yield (naptr, *usual.values())
    named = _named(answers[naptr], transports)
    if unknown := tuple({lookup for _, lookup in named} - answers.keys()):
        answers = {**answers, **(yield unknown)}
    found = [(t, answers[lookup]) for t, lookup in named or usual.items()]
    servers = [_Server(t, srv.target, srv.port) for t, answer in found for srv in in_order(_srvs(answer), draw)]
    if servers:
        return [server for server in servers if server.host]  # a target of "." means: not here (RFC 2782)
    transport = named[0][0] if named else transports[0]
    return [_Server(transport, target, transport.default_port)]


def _named(answer: Answer, transports: Sequence[Transport]) -> list[tuple[Transport, Lookup]]:
    """By order and preference, those that lead to an SRV of a transport of ours."""
    records = [record for record in answer.records if isinstance(record, Naptr) and record.flags.lower() == "s"]
    spoken = {str(transport): transport for transport in transports}
    found = []
    for record in sorted(records, key=lambda record: (record.order, record.preference)):
        transport = spoken.get(SERVICES.get(record.service.lower(), ""))
        if transport is not None:
            found.append((transport, Lookup(RecordType.SRV, record.replacement.rstrip(".").lower())))
    return found[:MAX_SERVERS]


def _addresses(
    name: str, servers: Sequence[_Server], means: Means
) -> Generator[tuple[Lookup, ...], Answers, tuple[Address, ...]]:
    """Every address of every host, host after host; IPv4 before IPv6, or as `Means` has it."""
    servers = servers[:MAX_SERVERS]
    kinds = means.families
    asked = {Lookup(kind, server.host) for server in servers if literal(server.host) is None for kind in kinds}
    answers = (yield tuple(sorted(asked, key=str))) if asked else {}
    places: dict[Address, None] = {}
    for server in servers:
        hosts = [server.host] if literal(server.host) is not None else _hosts(server.host, answers, kinds)
        places.update({Address(server.transport, host, server.port, name=name): None for host in hosts})
    if not places:
        unanswered = any(not answer.answered for answer in answers.values())
        why = "the DNS does not answer" if unanswered else "no address by that name"
        raise Unlocated(f"{servers[0].host if servers else 'this service'}: {why}", unanswered=unanswered)
    return tuple(places)[:MAX_PLACES]


def _hosts(name: str, answers: Answers, kinds: Iterable[RecordType]) -> list[str]:
    records = [record for kind in kinds for record in answers[Lookup(kind, name)].records]
    return [record.address for record in records if isinstance(record, Host)]


def _srvs(answer: Answer) -> list[Srv]:
    return [record for record in answer.records if isinstance(record, Srv)]


def in_order(choices: Iterable[Srv], draw: Draw) -> list[Srv]:
    """By priority; within one, each comes first as often as its weight says (RFC 2782, "Weight")."""
    left = sorted(choices, key=lambda choice: (choice.priority, choice.weight > 0))  # those of weight 0 first
    order: list[Srv] = []
    while left:
        equals = [choice for choice in left if choice.priority == left[0].priority]
        ticket = draw(sum(choice.weight for choice in equals) + 1)
        for choice in equals:
            ticket -= choice.weight
            if ticket <= 0:
                order.append(choice)
                left.remove(choice)
                break
    return order
