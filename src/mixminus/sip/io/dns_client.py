"""Asks the domain name system, and the hosts file of this machine before it."""

from pathlib import Path
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from mixminus.sip.places.dns import UNANSWERED, Answer, Host, Lookup, Naptr, Record, RecordType, Srv

PATIENCE_S: Final = 3.0
"""For one question, to all servers together."""
HOSTS_FILE: Final = Path("/etc/hosts")
HOSTS_TTL_S: Final = 5.0
NO_RECORDS: Final = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)
DNS_PORT: Final = 53


class DnsClient:
    """`ask` never raises: what went wrong is an answer that was not given."""

    def __init__(self, servers: tuple[str, ...] = (), hosts_file: Path = HOSTS_FILE) -> None:
        """*servers*: as in `place_of_server`; none: those of the system."""
        self._dns = _dns_at(servers)
        self._hosts_file = hosts_file

    async def ask(self, lookup: Lookup) -> Answer:
        is_host = lookup.type in (RecordType.A, RecordType.AAAA)
        if is_host and (listed := _of_this_machine(self._hosts_file, lookup)):
            return Answer(listed, HOSTS_TTL_S)
        try:
            # Only hosts are looked for in the system's search domains: `pbx` is one, `_sip._udp.pbx` is none.
            found = await self._dns.resolve(lookup.name, lookup.type.value, search=is_host, lifetime=PATIENCE_S)
        except NO_RECORDS as nothing:
            return Answer((), _negative_ttl_s(nothing))
        except (dns.exception.DNSException, OSError):
            return UNANSWERED
        return Answer(tuple(_record(item) for item in found), found.rrset.ttl if found.rrset is not None else 0)


def _dns_at(servers: tuple[str, ...]) -> dns.asyncresolver.Resolver:
    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
    if servers:
        places = [place_of_server(server) for server in servers]
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in places]
    return resolver


def place_of_server(server: str) -> tuple[str, int]:
    """`192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`."""
    host, colon, port = server.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        return server.strip("[]"), DNS_PORT
    return host.strip("[]"), int(port)


def _record(item: object) -> Record:
    match item:
        case NAPTR():
            flags, service = item.flags.decode("latin-1"), item.service.decode("latin-1")
            return Naptr(item.order, item.preference, flags, service, _name(item.replacement))
        case SRV():
            return Srv(item.priority, item.weight, item.port, _name(item.target))
    return Host(str(item))


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def _negative_ttl_s(nothing: dns.exception.DNSException) -> float:
    """As the zone's SOA has it (RFC 2308 5); where none came, as long as we like."""
    kwargs = nothing.kwargs
    responses = [kwargs["response"]] if "response" in kwargs else [*kwargs.get("responses", {}).values()]
    authorities = [rrset for response in responses for rrset in response.authority]
    soas = [rrset for rrset in authorities if rrset.rdtype == dns.rdatatype.SOA]
    return min((float(min(rrset.ttl, rrset[0].minimum)) for rrset in soas), default=float("inf"))


def _of_this_machine(path: Path, lookup: Lookup) -> tuple[Record, ...]:
    """What the hosts file says, and `localhost` (RFC 6761 6.3), which no DNS is asked for."""
    is_ipv6 = lookup.type is RecordType.AAAA
    try:
        lines = [line.partition("#")[0].split() for line in path.read_text(errors="replace").splitlines()]
    except OSError:
        lines = []
    found = [line[0] for line in lines if lookup.name in (name.lower().rstrip(".") for name in line[1:])]
    if lookup.name == "localhost" or lookup.name.endswith(".localhost"):
        found = ["::1" if is_ipv6 else "127.0.0.1"]
    return tuple(Host(address) for address in found if (":" in address) is is_ipv6)
