"""A piece of the domain name system for tests: in memory, or behind a UDP port for whoever asks by packets."""

import asyncio
from collections import Counter
from typing import Final, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from mixminus.sip.places.dns import UNANSWERED, Answer, Host, Lookup, Naptr, Record, RecordType, Srv

TTL_S: Final = 60


class Zone:
    """What names mean. A name that was never mentioned does not exist."""

    def __init__(self, ttl_s: int = TTL_S) -> None:
        self.ttl_s = ttl_s
        self.asked: Counter[Lookup] = Counter()
        """How often each question was asked."""
        self.is_silent = False
        """Whether questions get no answer from now on."""
        self._records: dict[Lookup, tuple[Record, ...]] = {}

    def host(self, name: str, *addresses: str) -> Self:
        """A and AAAA records, replacing those there were."""
        for kind, is_ipv6 in ((RecordType.A, False), (RecordType.AAAA, True)):
            self._records[Lookup(kind, name)] = tuple(Host(a) for a in addresses if (":" in a) is is_ipv6)
        return self

    def srv(self, name: str, *targets: tuple[int, int, int, str]) -> Self:
        """SRV records: priority, weight, port, host."""
        self._records[Lookup(RecordType.SRV, name)] = tuple(Srv(*target) for target in targets)
        return self

    def naptr(self, name: str, *records: tuple[int, int, str, str]) -> Self:
        """NAPTR records: order, preference, service, where its SRV records are."""
        found = tuple(Naptr(order, preference, "s", service, to) for order, preference, service, to in records)
        self._records[Lookup(RecordType.NAPTR, name)] = found
        return self

    def answer(self, lookup: Lookup) -> Answer:
        self.asked[lookup] += 1
        if self.is_silent:
            return UNANSWERED
        return Answer(self._records.get(lookup, ()), self.ttl_s)

    async def ask(self, lookup: Lookup) -> Answer:
        """As `Resolver` wants it. Silence takes as long as a DNS client's patience."""
        answer = self.answer(lookup)
        if not answer.answered:
            await asyncio.sleep(3.0)
        return answer

    def exists(self, name: str) -> bool:
        return any(lookup.name == name for lookup in self._records)


class DnsServer(asyncio.DatagramProtocol):
    """Serves a zone on loopback: `async with DnsServer(zone) as server`, then ask `server.address`."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.address: str

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.address = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text(omit_final_dot=True).lower()
        answer = self.zone.answer(Lookup(RecordType(kind), name))
        if not answer.answered:
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if answer.records:
            lines = [_line(record) for record in answer.records]
            response.answer.append(dns.rrset.from_text(question.name, round(answer.ttl_s), "IN", kind, *lines))
        elif not self.zone.exists(name):
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)


def _line(record: Record) -> str:
    """As it stands in a zone file."""
    match record:
        case Host(address):
            return address
        case Srv(priority, weight, port, target):
            return f"{priority} {weight} {port} {target}."
        case Naptr(order, preference, flags, service, replacement):
            return f'{order} {preference} "{flags}" "{service}" "" {replacement}.'
