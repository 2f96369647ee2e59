"""A SIP address and a zone become places, in the order of RFC 3263 and RFC 2782."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.uri import AddressError, Uri
from mixminus.sip.places.dns import Lookup, RecordType, Srv
from mixminus.sip.places.locating import MAX_PLACES, Means, Unlocated, in_order, locate
from mixminus.testing.zone import Zone

UDP, TCP = Transport.UDP, Transport.TCP


def never(below: int) -> int:
    return below - 1


def places(uri: str, zone: Zone, means: Means | None = None) -> list[tuple[str, str, int]]:
    steps = locate(Uri.parse(uri), means or Means(), never)
    try:
        lookups = next(steps)
        while True:
            lookups = steps.send({lookup: zone.answer(lookup) for lookup in lookups})
    except StopIteration as done:
        found: tuple[Address, ...] = done.value
        return [(place.transport.value, place.host, place.port) for place in found]


def farm() -> Zone:
    return (
        Zone()
        .host("a.example.com", "192.0.2.1")
        .host("b.example.com", "192.0.2.2")
        .host("c.example.com", "192.0.2.3")
    )


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:192.0.2.7", ("udp", "192.0.2.7", 5060)),
        ("sip:bob@192.0.2.7:5070;transport=tcp", ("tcp", "192.0.2.7", 5070)),
        ("sip:[2001:db8::7]", ("udp", "2001:db8::7", 5060)),
        ("sip:example.com;maddr=192.0.2.7", ("udp", "192.0.2.7", 5060)),
    ],
)
def test_an_ip_address_needs_no_dns(uri: str, place: tuple[str, str, int]) -> None:
    zone = Zone()
    assert places(uri, zone) == [place]
    assert not zone.asked


def test_a_port_skips_naptr_and_srv() -> None:
    zone = farm().srv("_sip._udp.a.example.com", (1, 1, 5099, "b.example.com"))
    assert places("sip:a.example.com:5080", zone) == [("udp", "192.0.2.1", 5080)]
    assert {lookup.type for lookup in zone.asked} == {RecordType.A, RecordType.AAAA}


def test_naptr_names_the_transport_and_where_its_srv_records_are() -> None:
    zone = farm()
    zone.naptr(
        "example.com",
        (50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
        (90, 50, "SIP+D2T", "_sip._tcp.example.com"),
        (100, 50, "SIP+D2U", "udp.elsewhere.example.com"),
    )
    zone.srv("_sips._tcp.example.com", (1, 1, 5061, "c.example.com"))
    zone.srv("_sip._tcp.example.com", (1, 1, 5060, "a.example.com"))
    zone.srv("udp.elsewhere.example.com", (1, 1, 5062, "b.example.com"))
    assert places("sip:bob@example.com", zone) == [("tcp", "192.0.2.1", 5060), ("udp", "192.0.2.2", 5062)]


def test_without_naptr_the_srv_records_of_each_transport_are_where_they_always_are() -> None:
    zone = farm().srv("_sip._udp.example.com", (20, 1, 5062, "b.example.com"), (10, 1, 5061, "a.example.com"))
    zone.srv("_sip._tcp.example.com", (1, 1, 5063, "c.example.com"))
    everywhere = [("udp", "192.0.2.1", 5061), ("udp", "192.0.2.2", 5062), ("tcp", "192.0.2.3", 5063)]
    assert places("sip:example.com", zone) == everywhere
    assert places("sip:EXAMPLE.com.;transport=tcp", zone) == everywhere[2:]


def test_without_srv_the_name_is_a_host() -> None:
    zone = Zone().host("pbx.example.com", "2001:db8::1", "192.0.2.9")
    assert places("sip:pbx.example.com", zone) == [("udp", "192.0.2.9", 5060), ("udp", "2001:db8::1", 5060)]
    only_ipv6 = Means(families=(RecordType.AAAA,))
    assert places("sip:pbx.example.com;transport=tcp", zone, only_ipv6) == [("tcp", "2001:db8::1", 5060)]


def test_rfc2782_a_dot_says_that_the_service_is_not_there() -> None:
    zone = Zone().host("example.com", "192.0.2.1").srv("_sip._udp.example.com", (0, 0, 0, ""))
    with pytest.raises(Unlocated):
        places("sip:example.com", zone)


def test_nobody_by_that_name_and_nobody_to_ask_are_told_apart() -> None:
    zone = Zone()
    with pytest.raises(Unlocated) as error:
        places("sip:nobody.example.com", zone)
    assert not error.value.unanswered
    zone.is_silent = True
    with pytest.raises(Unlocated) as error:
        places("sip:nobody.example.com", zone)
    assert error.value.unanswered


@pytest.mark.parametrize("uri", ["sips:example.com", "sip:example.com;transport=sctp", "tel:+15550001000"])
def test_what_cannot_be_spoken_to_is_not_looked_up(uri: str) -> None:
    zone = Zone()
    with pytest.raises(AddressError):
        places(uri, zone)
    assert not zone.asked


def test_a_name_with_hundreds_of_addresses_has_a_few_places() -> None:
    zone = Zone().host("many.example.com", *(f"192.0.2.{n}" for n in range(200)))
    assert len(places("sip:many.example.com", zone)) == MAX_PLACES
    zone.srv("_sip._udp.far.example.com", *((n, 1, 5060, f"h{n}.example.com") for n in range(200)))
    with pytest.raises(Unlocated):
        places("sip:far.example.com", zone)
    assert sum(zone.asked.values()) < 30


def test_the_same_place_by_two_names_is_one() -> None:
    zone = Zone().host("a.example.com", "192.0.2.1").host("b.example.com", "192.0.2.1")
    zone.srv("_sip._udp.example.com", (1, 1, 5060, "a.example.com"), (2, 1, 5060, "b.example.com"))
    assert places("sip:example.com", zone) == [("udp", "192.0.2.1", 5060)]


def test_a_sealed_address_goes_over_tls_alone() -> None:
    means = Means((UDP, TCP, Transport.TLS))
    zone = farm().srv("_sips._tcp.example.com", (1, 1, 5071, "c.example.com"))
    zone.srv("_sip._udp.example.com", (1, 1, 5060, "a.example.com"))
    steps = locate(Uri.parse("sips:example.com;transport=tcp"), means, never)
    assert set(next(steps)) == {
        Lookup(RecordType.NAPTR, "example.com"),
        Lookup(RecordType.SRV, "_sips._tcp.example.com"),
    }
    assert places("sips:example.com", zone, means) == [("tls", "192.0.2.3", 5071)]


def test_weights_share_the_load() -> None:
    draw = random.Random(7).randrange
    records = [Srv(1, 3, 5060, "heavy"), Srv(1, 1, 5060, "light"), Srv(1, 0, 5060, "none")]
    first = Counter(in_order(records, draw)[0].target for _ in range(5_000))
    assert 0.55 < first["heavy"] / 5_000 < 0.66  # tickets 2, 3 and 4 of 0 to 4
    assert first["none"] < first["light"] * 1.2


@given(
    st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 65535), st.just(5060), st.text("abc", max_size=2))),
    st.randoms(use_true_random=False),
)
def test_every_record_comes_once_and_priorities_rise(records: list[Srv], chance: random.Random) -> None:
    ordered = in_order(records, chance.randrange)
    assert Counter(ordered) == Counter(records)
    assert [r.priority for r in ordered] == sorted(r.priority for r in records)
