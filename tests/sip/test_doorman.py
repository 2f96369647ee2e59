"""Whom the doorman lets in: nobody's flood takes the place of somebody who comes to speak."""

import itertools

from mixminus.sip.trust.doorman import MOST_OF_A_HOST, MOST_UNPROVEN_OF_A_HOST, Doorman


class Door:
    """A doorman, and who had to go."""

    def __init__(self, most: int, exempt: str = "") -> None:
        self.doorman = Doorman(most, lambda host: host == exempt)
        self.ended: list[str] = []
        self._number = itertools.count()

    def knocks(self, host: str) -> str | None:
        """The name of the connection; None: it was not let in."""
        who = f"{host} #{next(self._number)}"
        return who if self.doorman.admits(host, who, lambda: self.ended.append(who)) else None

    def let_in(self, host: str, times: int) -> int:
        return sum(self.knocks(host) is not None for _ in range(times))


def test_a_host_has_its_share_and_no_more() -> None:
    door = Door(4096, exempt="127.0.0.1")
    first = door.knocks("192.0.2.1")
    assert 1 + door.let_in("192.0.2.1", 100) == MOST_UNPROVEN_OF_A_HOST
    assert door.knocks("192.0.2.2"), "another host is hurt"
    assert door.let_in("127.0.0.1", 1000) == 1000
    door.doorman.left(first)
    assert door.knocks("192.0.2.1")
    assert not door.ended
    phones = [door.knocks("192.0.2.3") for _ in range(1)]
    while len(phones) < MOST_OF_A_HOST:
        door.doorman.proven(phones[-1])
        phones.append(door.knocks("192.0.2.3"))
    assert not door.knocks("192.0.2.3")
    door.doorman.left(phones[0])
    assert door.knocks("192.0.2.3")


def test_a_site_with_ipv6_is_one_host_however_many_addresses_it_has() -> None:
    door = Door(4096)
    admitted = [door.knocks(f"2001:db8::{number:x}") is not None for number in range(100)]
    assert sum(admitted) == MOST_UNPROVEN_OF_A_HOST
    assert door.knocks("2001:db8:0:1::1"), "another site is hurt"


def test_half_of_the_places_are_for_those_who_speak() -> None:
    door = Door(100)
    hosts = [f"192.0.2.{number}" for number in range(100)]
    assert all(door.knocks(host) for host in hosts)
    assert (door.doorman.open, door.doorman.unproven, len(door.ended)) == (50, 50, 50)


def test_a_flood_of_mute_connections_makes_room_for_each_newcomer() -> None:
    door = Door(100)
    slow = door.knocks("192.0.2.99")
    flood = [door.knocks(f"192.0.2.{number % 3}") for number in range(60)]
    phone = door.knocks("192.0.2.200")
    assert phone is not None
    assert door.ended == [*flood[:11], flood[11]]
    assert door.doorman.unproven == 50
    assert slow not in door.ended, "it is the only one of its host"


def test_those_who_speak_never_make_room() -> None:
    door = Door(4)
    for number in range(4):
        door.doorman.proven(door.knocks(f"192.0.2.{number}"))
    assert not door.knocks("192.0.2.9")
    assert not door.ended


def test_all_who_left_are_forgotten() -> None:
    door = Door(4)
    spoke, mute, evicted = door.knocks("192.0.2.1"), door.knocks("192.0.2.2"), None
    door.doorman.proven(spoke)
    evicted, last = door.knocks("192.0.2.2"), door.knocks("192.0.2.3")
    assert door.ended == [mute]
    for who in (spoke, mute, evicted, last):
        door.doorman.left(who)
        door.doorman.left(who)
    doorman = door.doorman
    assert (doorman.open, doorman.unproven, len(doorman._of), len(doorman._unproven_of)) == (0, 0, 0, 0)
