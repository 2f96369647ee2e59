"""The matrix is what was heard, and a leak is seen although it lasts one frame."""

import asyncio

import pytest

from mixminus.testing.call import Call
from mixminus.testing.listening import Leak, Matrix, leaks, measure_matrix
from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.virtual_time import run_virtual


async def pairs(network: MemoryNetwork, count: int) -> tuple[list[VirtualPhone], list[tuple[Call, Call]]]:
    """So many calls, each between two phones of its own."""
    phones = [VirtualPhone(network, user=f"p{n}", host=f"10.0.0.{n}") for n in range(2 * count)]
    for phone in phones:
        await phone.open()
        phone.answers()
    calls: list[tuple[Call, Call]] = [
        (await near.dial(far.uri), await far.next_call()) for near, far in zip(phones[::2], phones[1::2], strict=True)
    ]
    return phones, calls


def test_the_matrix_of_two_separate_calls() -> None:
    async def story() -> None:
        phones, [(a, b), (c, d)] = await pairs(MemoryNetwork(), 2)
        a.hum(1000)
        voice = a.voice
        matrix = await measure_matrix({"ann": a, "bob": b, "cem": c, "dot": d})
        assert matrix.pairs == {("ann", "bob"), ("bob", "ann"), ("cem", "dot"), ("dot", "cem")}
        assert matrix.heard_by("ann") == {"bob"}
        assert a.voice is voice, "everybody says again what they said before"
        await asyncio.gather(*(phone.close() for phone in phones))

    run_virtual(story())


def test_a_phone_on_hold_and_one_that_is_gone_are_not_heard() -> None:
    async def story() -> None:
        phones, [(a, b), (c, d)] = await pairs(MemoryNetwork(), 2)
        await a.hold("sendonly")
        d.vanish()
        matrix = await measure_matrix({"ann": a, "bob": b, "cem": c, "dot": d})
        assert matrix.pairs == {("bob", "ann")}
        for phone in phones:
            phone.vanish()

    run_virtual(story())


def test_the_table_shows_what_the_law_forbids_and_what_it_misses() -> None:
    levels = {("a", "a"): -120.0, ("a", "b"): 0.0, ("b", "a"): -120.0, ("b", "b"): -120.0}
    matrix = Matrix(("a", "b"), levels)
    assert matrix.text().splitlines() == [
        "hears  a      b",
        "a      .      yes",
        "b      .      .",
    ]
    assert matrix.text(expected=frozenset({("b", "a")})).splitlines() == [
        "hears  a      b",
        "a      .      LEAK",
        "b      DEAF   .",
    ]


def test_more_phones_than_notes_are_refused() -> None:
    async def story() -> None:
        phones, [(a, _)] = await pairs(MemoryNetwork(), 1)
        with pytest.raises(ValueError, match="25 phones"):
            await measure_matrix({str(n): a for n in range(25)})
        for phone in phones:
            phone.vanish()

    run_virtual(story())


def test_a_leak_of_one_packet_is_found_and_dated() -> None:
    async def story() -> None:
        phones, [(near, far)] = await pairs(MemoryNetwork(), 1)
        await asyncio.sleep(0.5)
        t0 = asyncio.get_running_loop().time()
        await asyncio.sleep(0.205)
        near.hum(1361)
        await asyncio.sleep(0.02)
        near.silence()
        await asyncio.sleep(0.5)
        t1 = asyncio.get_running_loop().time()
        [leak] = leaks(far, 1361, t0, t1)
        assert leak.begins_at == pytest.approx(t0 + 0.21, abs=0.021)
        assert leak.ends_at - leak.begins_at <= 0.041
        assert leaks(far, 1361, leak.ends_at + 0.02, t1) == []
        assert leaks(far, 521, t0, t1) == []
        assert isinstance(leak, Leak)
        for phone in phones:
            phone.vanish()

    run_virtual(story())
