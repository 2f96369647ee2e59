"""Which connections may come, and which may stay."""

from mixminus.sip.connections.liveness import (
    MUTE_S,
    PONG_S,
    SLOW_S,
    Fate,
    Liveness,
)


def incoming(keepalive_s: float = 0.0, *, must_pong: bool = False) -> Liveness:
    return Liveness(100.0, proven=False, keepalive_s=keepalive_s, must_pong=must_pong)


def ours(keepalive_s: float = 25.0) -> Liveness:
    return Liveness(100.0, proven=True, keepalive_s=keepalive_s, must_pong=False)


def test_a_connection_that_says_nothing_is_ended() -> None:
    mute = incoming()
    assert mute.fate(99.9 + MUTE_S) is Fate.STAYS
    assert mute.fate(100.0 + MUTE_S) is Fate.MUTE


def test_a_connection_that_spoke_may_be_quiet_for_hours() -> None:
    phone = incoming()
    phone.heard(101.0, whole=True, has_part=False, pongs=0)
    assert phone.fate(100_000.0) is Fate.STAYS


def test_a_message_that_comes_byte_by_byte_ends_its_connection() -> None:
    loris = incoming()
    loris.heard(101.0, whole=True, has_part=False, pongs=0)
    for second in range(10):
        loris.heard(200.0 + second, whole=False, has_part=True, pongs=0)
    assert loris.fate(199.9 + SLOW_S) is Fate.STAYS
    assert loris.fate(200.0 + SLOW_S) is Fate.SLOW


def test_a_busy_connection_is_not_slow_because_something_is_always_under_way() -> None:
    trunk = ours(0.0)
    for second in range(60):
        trunk.heard(100.0 + second, whole=True, has_part=True, pongs=0)
        assert trunk.fate(100.0 + second) is Fate.STAYS


def test_connections_of_ours_are_pinged_and_judged_once_they_have_answered() -> None:
    old = ours()
    assert [old.fate(100.0 + second) for second in (24, 25, 26, 50)] == [
        Fate.STAYS,
        Fate.PING,
        Fate.STAYS,
        Fate.PING,
    ]
    new = ours()
    assert new.fate(125.0) is Fate.PING
    new.heard(125.1, whole=False, has_part=False, pongs=1)
    assert new.fate(150.0) is Fate.PING
    assert new.fate(149.9 + PONG_S) is Fate.STAYS
    assert new.fate(150.0 + PONG_S) is Fate.SILENT


def test_pings_that_come_often_do_not_put_off_the_end() -> None:
    hasty = Liveness(100.0, proven=True, keepalive_s=2.0, must_pong=True)
    fates = [hasty.fate(100.0 + second) for second in range(13)]
    assert fates.count(Fate.PING) == 5
    assert fates[12] is Fate.SILENT


def test_a_message_is_as_good_as_a_pong() -> None:
    browser = incoming(25.0, must_pong=True)
    browser.heard(101.0, whole=True, has_part=False, pongs=0)
    assert browser.fate(125.0) is Fate.PING
    browser.heard(130.0, whole=True, has_part=False, pongs=0)
    assert browser.fate(140.0) is Fate.STAYS


def test_a_browser_that_answers_no_ping_is_gone() -> None:
    browser = incoming(25.0, must_pong=True)
    browser.heard(101.0, whole=True, has_part=False, pongs=0)
    assert browser.fate(125.0) is Fate.PING
    assert browser.fate(125.0 + PONG_S) is Fate.SILENT
