"""Who is ignored, for what and for how long; and how much may be asked."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sip.strangers import THERE, Stranger

from mixminus.sip.contract import Credentials, Invited
from mixminus.sip.settings import SipSettings, TrunkLimit
from mixminus.sip.trust.bans import MAX_BAN_S, MAX_HOSTS, STRIKE_FADES_S, TOLERANCE, Bans, Offence, peer_of
from mixminus.sip.trust.limits import MAX_BUCKETS, Limiter, Pace, Rate, Rates

USERS = SipSettings(users={"alice": "secret"})
FREE = Rates(Rate(0), Rate(0), Rate(0))


def banned(bans: Bans, host: str = "h", now: float = 0.0, offence: Offence = Offence.REFUSED) -> float:
    """Offend until there is a ban; how long it lasts."""
    while not bans.is_banned(host, now):
        bans.blame(host, offence, 60.0, now)
    [ban] = [ban for ban in bans.all(now) if ban.peer == peer_of(host)]
    return ban.until - now


def test_each_ban_lasts_twice_as_long_as_the_one_before_up_to_a_day() -> None:
    bans, now, lasted = Bans(), 0.0, []
    for _ in range(14):
        lasted.append(banned(bans, now=now))
        now += lasted[-1]
    assert lasted[:4] == [60, 120, 240, 480]
    assert lasted[-1] == MAX_BAN_S


def test_time_without_a_ban_makes_the_next_one_shorter() -> None:
    bans = Bans()
    now = banned(bans) + 0.0
    now += banned(bans, now=now)
    now += banned(bans, now=now)
    assert banned(bans, now=now + 2 * STRIKE_FADES_S) == 120


def test_what_is_refused_slowly_is_forgotten() -> None:
    bans = Bans()
    for second in range(1000):
        bans.blame("h", Offence.REFUSED, 60.0, float(second))
    assert not bans.is_banned("h", 999.0)


def test_a_phone_with_a_wrong_password_that_asks_every_half_minute_is_never_banned() -> None:
    bans = Bans()
    for number in range(1000):
        bans.blame("h", Offence.PASSWORDS, 60.0, number * 30.0)
    assert bans.counted == {}


def test_whoever_guesses_passwords_gets_ten_tries() -> None:
    bans = Bans()
    tries = 0
    while not bans.is_banned("h", tries * 0.1):
        bans.blame("h", Offence.PASSWORDS, 60.0, tries * 0.1)
        tries += 1
    assert tries == 11  # ten, and what a second forgives
    assert bans.counted == {Offence.PASSWORDS: 1}


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("no address", "no address"),
    ],
)
def test_a_site_of_ipv6_is_one_peer(host: str, peer: str) -> None:
    assert peer_of(host) == peer


def test_a_ban_can_be_lifted_by_any_address_of_its_site() -> None:
    bans = Bans()
    banned(bans, "2001:db8::1")
    assert bans.is_banned("2001:db8::2", 1.0)
    assert bans.lift("2001:db8::/64", 1.0)
    assert not bans.is_banned("2001:db8::1", 1.0)
    assert not bans.lift("2001:db8::/64", 1.0)


def test_a_bounded_number_of_hosts_is_remembered_and_new_ones_do_not_set_banned_ones_free() -> None:
    bans = Bans()
    banned(bans, "worst", now=0.0)
    for number in range(MAX_HOSTS + 500):
        bans.blame(f"host{number}", Offence.REFUSED, 60.0, 1.0)
    assert len(bans) == MAX_HOSTS
    assert bans.is_banned("worst", 1.0)


def test_where_bans_last_0_seconds_there_are_none() -> None:
    bans = Bans()
    for _ in range(100):
        bans.blame("h", Offence.SCANNER, 0.0, 0.0)
    assert not bans.is_banned("h", 0.0)


@given(st.lists(st.tuples(st.sampled_from(list(Offence)), st.floats(0, 10)), max_size=200))
def test_a_ban_never_ends_before_the_first_ones_time_and_levels_stay_bounded(
    steps: list[tuple[Offence, float]],
) -> None:
    bans, now = Bans(), 0.0
    for offence, wait in steps:
        now += wait
        bans.blame("h", offence, 60.0, now)
        for ban in bans.all(now):
            assert 59.999 < ban.until - ban.since < MAX_BAN_S + 0.001
    assert set(bans.counted) <= set(TOLERANCE)


# --- at the agent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["friendly-scanner", "sipcli/v1.8", "VaxSIPUserAgent/3.5", "SIPVicious"])
def test_a_scanner_hears_nothing_and_is_banned(name: str) -> None:
    scanner = Stranger(USERS)
    assert scanner.says("OPTIONS", f"User-Agent: {name}") == []
    assert scanner.says("OPTIONS", now=1.0) == []
    [ban] = scanner.agent.bans(1.0)
    assert (ban.peer, ban.offence, ban.ignored) == (THERE.host, Offence.SCANNER, 1)
    assert scanner.agent.lift_ban(THERE.host, 1.0)
    assert [answer.status for answer in scanner.says("OPTIONS", now=2.0)] == [200]


def test_a_phone_that_is_no_scanner_is_heard() -> None:
    assert Stranger(USERS).says("OPTIONS", "User-Agent: Yealink SIP-T46S 66.86.0.15")


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_wrong_password_and_an_unknown_user_meet_the_same(name: str) -> None:
    guesser = Stranger(USERS)
    [answer] = guesser.proves(Credentials(name, "guess"), "REGISTER", To=f"<sip:{name}@node>")
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert sorted(key for key, _ in answer.headers) == ["CSeq", "Call-ID", "From", "Server", "To", "Via"]


def test_guessing_is_over_after_ten_tries_whatever_the_user() -> None:
    guesser = Stranger(USERS)
    heard = 0
    for number in range(30):
        if guesser.says("REGISTER", now=0.0):
            heard += 1
            digest = 'Authorization: Digest username="u%d", realm="mixminus", nonce="x", uri="sip:a", qop=auth, nc=1,'
            guesser.says("REGISTER", digest % number + ' cnonce="c", response="0"', now=0.0)
    assert heard == 10
    assert guesser.agent.bans(0.0)[0].offence is Offence.PASSWORDS


def test_who_tries_one_number_after_another_is_banned() -> None:
    dialler = Stranger(replace(USERS, users={"bob": "b"}))
    for number in range(30):
        dialler.proves(Credentials("bob", "b"), "INVITE", Call_ID=f"c{number}")
        for event in dialler.events:
            if isinstance(event, Invited):
                dialler.agent.refuse(event.dialog, 404, 0.0)
        dialler.events.clear()
        dialler.heard()
        if dialler.agent.bans(0.0):
            break
    assert number < 21


def test_a_banned_hosts_call_goes_on() -> None:
    bob = Stranger(replace(USERS, users={"bob": "b"}))
    bob.proves(Credentials("bob", "b"), "INVITE")
    [event] = [event for event in bob.events if isinstance(event, Invited)]
    bob.agent.answer(event.dialog, b"v=0", 0.0)
    tag = next(message.to.tag for message in bob.heard() if getattr(message, "status", 0) == 200)
    there: dict[str, Any] = {"To": f"<sip:alice@node>;tag={tag}"}
    bob.says("ACK", CSeq="2 ACK", **there)
    bob.says("OPTIONS", "User-Agent: friendly-scanner", Call_ID="another")
    assert bob.says("OPTIONS", Call_ID="another") == []
    assert [answer.status for answer in bob.says("BYE", **there)] == [200]


# --- rates -------------------------------------------------------------------------------------------------------


def test_a_host_that_asks_too_much_is_told_and_one_that_floods_is_not() -> None:
    rates = Rates(invites=Rate(1.0), registers=Rate(0), others=Rate(2.0))
    host = Stranger(replace(USERS, host_rates=rates))
    said = [[answer.status for answer in host.says("OPTIONS", Call_ID=f"c{n}")] for n in range(30)]
    assert said == [[200]] * 10 + [[503]] * 10 + [[]] * 10
    assert (host.agent.counters.limited, host.agent.counters.flooded) == (10, 10)
    [answer] = host.says("OPTIONS", now=5.0)
    assert (answer.status, answer.get("Retry-After")) == (503, "10")
    assert [answer.status for answer in host.says("OPTIONS", now=10.1)] == [200]


def test_a_user_has_a_rate_of_its_own() -> None:
    rates = Rates(invites=Rate(0.2), registers=Rate(0), others=Rate(0))
    bob = Stranger(SipSettings(users={"bob": "b"}, host_rates=FREE, user_rates=rates))
    assert bob.proves(Credentials("bob", "b"), "INVITE", Call_ID="c1")[0].status == 100
    assert bob.proves(Credentials("bob", "b"), "INVITE", Call_ID="c2")[0].status == 503


def test_a_trunk_is_limited_by_its_own_settings_alone() -> None:
    none = Rates(Rate(0.001), Rate(0.001), Rate(0.001))
    trusted = SipSettings(trusted_networks=("203.0.113.0/24",), host_rates=none)
    free = Stranger(trusted)
    assert all(free.says("INVITE", Call_ID=f"c{n}")[0].status == 100 for n in range(50))
    limited = Stranger(replace(trusted, trunk_limits=(TrunkLimit("carrier", ("203.0.113.0/24",), 2.0),)))
    said = [[answer.status for answer in limited.says("INVITE", Call_ID=f"c{n}")] for n in range(12)]
    assert said == [[100]] * 10 + [[503]] * 2


def test_buckets_are_bounded() -> None:
    limiter = Limiter()
    for number in range(MAX_BUCKETS + 100):
        limiter.take(f"h{number}", "INVITE", Rate(1.0), 0.0)
    assert len(limiter) == MAX_BUCKETS


@given(st.floats(0.1, 100), st.lists(st.floats(0, 2), max_size=300))
def test_no_more_passes_than_a_burst_and_the_rate(per_s: float, waits: list[float]) -> None:
    limiter, rate, now, fine = Limiter(), Rate(per_s), 0.0, 0
    for wait in waits:
        now += wait
        fine += limiter.take("h", "INVITE", rate, now) is Pace.FINE
    assert fine <= rate.burst + now * per_s + 1e-6
