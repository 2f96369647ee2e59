"""Places behind a name: the sick come last, until they have rested or work again."""

import asyncio

from mixminus.app.trunks.places import MAX_SICK, Places
from mixminus.sip.contract import Address, Transport

ONE, TWO = Address(Transport.UDP, "192.0.2.1", 5060), Address(Transport.UDP, "192.0.2.2", 5060)


class Clock:
    now = 0.0


async def both(uri: str) -> tuple[Address, ...]:
    return (ONE, TWO)


def order(places: Places) -> list[Address]:
    return list(asyncio.run(_order(places)))


async def _order(places: Places) -> tuple[Address, ...]:
    return await places.of("sip:example.com")


def test_a_place_that_failed_comes_last_for_a_while() -> None:
    clock = Clock()
    places = Places(both, lambda: clock.now)
    places.failed(ONE, 408)
    assert order(places) == [TWO, ONE]
    clock.now = 5.1
    assert order(places) == [ONE, TWO]
    places.failed(ONE, 503, retry_after_s=60)
    clock.now = 64.0
    assert order(places) == [TWO, ONE]
    places.works(ONE)
    assert order(places) == [ONE, TWO]


def test_when_all_are_sick_all_are_tried() -> None:
    places = Places(both, lambda: 0.0)
    places.failed(ONE, 408)
    places.failed(TWO, 408)
    assert order(places) == [ONE, TWO]


def test_it_remembers_so_many_failures_and_no_more() -> None:
    places = Places(both, lambda: 0.0)
    places.failed(ONE, 408)
    for port in range(MAX_SICK):
        places.failed(Address(Transport.UDP, "192.0.2.9", port), 408)
    assert order(places) == [ONE, TWO]
