"""The DNS is asked once, believed for as long as it says, and survived when it hangs."""

import asyncio
from pathlib import Path

import pytest

from mixminus.sip.contract import Address, Transport
from mixminus.sip.io.dns_client import DnsClient, place_of_server
from mixminus.sip.io.resolver import Resolver
from mixminus.sip.places.dns import UNANSWERED, Answer, DnsCache, Host, Lookup, RecordType
from mixminus.sip.places.locating import Unlocated
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.zone import DnsServer, Zone

A = Lookup(RecordType.A, "pbx.example.com")
HERE = Answer((Host("192.0.2.1"),), 60)
NOTHING = Answer((), float("inf"))


def test_an_answer_holds_until_its_end() -> None:
    cache = DnsCache()
    cache.learn(A, HERE, 0.0)
    assert cache.find(A, 59.9) == HERE
    assert cache.find(A, 60.0) is None


def test_that_there_is_nothing_is_believed_briefly() -> None:
    cache = DnsCache()
    cache.learn(A, NOTHING, 0.0)
    assert cache.find(A, 29.0) == NOTHING
    assert cache.find(A, 30.0) is None


def test_when_nobody_answers_the_last_answer_goes_on_for_an_hour() -> None:
    cache = DnsCache()
    cache.learn(A, HERE, 0.0)
    assert cache.learn(A, UNANSWERED, 3000.0) == HERE
    assert cache.learn(A, UNANSWERED, 3700.0) == UNANSWERED
    assert cache.find(A, 3704.0) == UNANSWERED
    assert cache.find(A, 3705.0) is None


def test_what_no_server_would_say_for_long_is_kept_an_hour_at_most_and_the_memory_is_bounded() -> None:
    cache = DnsCache()
    cache.learn(A, Answer(HERE.records, 2**31), 0.0)
    assert cache.find(A, 3600.0) is None
    for number in range(5000):
        cache.learn(Lookup(RecordType.A, f"h{number}"), HERE, 0.0)
    assert len(cache) == 4096


def resolver_of(zone: Zone) -> Resolver:
    return Resolver(asyncio.get_running_loop().time, lambda below: 0, zone.ask)


def test_a_crowd_asks_once_and_names_move_when_their_time_is_up() -> None:
    zone = Zone(ttl_s=60).host("pbx.example.com", "192.0.2.1")

    async def story() -> None:
        resolver = resolver_of(zone)
        crowd = await asyncio.gather(*(resolver.locate("sip:pbx.example.com:5060") for _ in range(50)))
        assert set(crowd) == {(Address(Transport.UDP, "192.0.2.1", 5060),)}
        assert set(zone.asked.values()) == {1}
        zone.host("pbx.example.com", "192.0.2.2")
        await asyncio.sleep(59)
        assert (await resolver.locate("sip:pbx.example.com:5060"))[0].host == "192.0.2.1"
        await asyncio.sleep(2)
        assert (await resolver.locate("sip:pbx.example.com:5060"))[0].host == "192.0.2.2"

    run_virtual(story())


def test_a_dns_that_hangs_fails_what_needs_it_in_time_and_nothing_else() -> None:
    zone = Zone()
    zone.is_silent = True

    async def story() -> None:
        loop, resolver = asyncio.get_running_loop(), resolver_of(zone)
        with pytest.raises(Unlocated) as error:
            await resolver.locate("sip:pbx.example.com")
        assert error.value.unanswered
        assert loop.time() <= 6.1
        before = loop.time()
        assert await resolver.locate("sip:192.0.2.1") == (Address(Transport.UDP, "192.0.2.1", 5060),)
        assert loop.time() == before

    run_virtual(story())


@pytest.mark.network
async def test_packets_of_the_dns_are_understood() -> None:
    zone = Zone().host("a.example.com", "192.0.2.1", "2001:db8::1")
    zone.naptr("example.com", (1, 1, "SIP+D2T", "_sip._tcp.example.com"))
    zone.srv("_sip._tcp.example.com", (1, 5, 5070, "a.example.com"))
    async with DnsServer(zone) as server:
        client = DnsClient((server.address,))
        resolver = Resolver(asyncio.get_running_loop().time, lambda below: 0, client.ask)
        assert await resolver.locate("sip:example.com") == (
            Address(Transport.TCP, "192.0.2.1", 5070),
            Address(Transport.TCP, "2001:db8::1", 5070),
        )
        assert await client.ask(Lookup(RecordType.A, "nobody.example.com")) == Answer((), float("inf"))
        assert await client.ask(Lookup(RecordType.SRV, "a.example.com")) == Answer((), float("inf"))
        assert await client.ask(Lookup(RecordType.A, "x" * 70 + ".example.com")) == UNANSWERED


@pytest.mark.network
async def test_the_hosts_of_this_machine_need_no_dns(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.5 pbx PBX.local # ours\n2001:db8::5 pbx\n")
    client = DnsClient(("127.0.0.1:1",), hosts)
    assert (await client.ask(Lookup(RecordType.A, "pbx.local"))).records == (Host("192.0.2.5"),)
    assert (await client.ask(Lookup(RecordType.AAAA, "pbx"))).records == (Host("2001:db8::5"),)
    assert (await client.ask(Lookup(RecordType.A, "localhost"))).records == (Host("127.0.0.1"),)
    assert not (await client.ask(Lookup(RecordType.A, "elsewhere"))).answered


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_server_is_written_as_everywhere(text: str, place: tuple[str, int]) -> None:
    assert place_of_server(text) == place
