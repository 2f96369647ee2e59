"""Connectivity checks, as the side that is checked (RFC 8445 sections 2.5 and 7.3)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.stun import Attribute, Class, StunMessage, is_authentic
from mixminus.webrtc.ice import CONSENT_S, MOST_PAIRS, SETTLED_S, Credentials, Generation, IceLite

OURS = Credentials("ours", "our password of 22 chrs")
THEIRS = Credentials("them", "their password of 24 char")
FIRST = Generation(OURS, THEIRS)
SECOND = Generation(Credentials("new1", "another password of ours"), Credentials("new2", "another one of theirs.."))

HOME, AWAY, ELSEWHERE = ("192.0.2.1", 5000), ("198.51.100.2", 6000), ("2001:db8::3", 7000)


def check(
    *more: tuple[int, bytes],
    generation: Generation = FIRST,
    username: str | None = None,
    key: str | None = None,
    priority: int | None = 100,
    nominates: bool = False,
    controlling: bool = True,
    method: int = 1,
) -> bytes:
    """What a browser would send."""
    said: list[tuple[int, bytes]] = [(Attribute.USERNAME, (username or generation.username).encode())]
    if priority is not None:
        said.append((Attribute.PRIORITY, priority.to_bytes(4)))
    said.append((Attribute.ICE_CONTROLLING if controlling else Attribute.ICE_CONTROLLED, bytes(8)))
    if nominates:
        said.append((Attribute.USE_CANDIDATE, b""))
    message = StunMessage(Class.REQUEST, b"transaction!", (*said, *more), method)
    return message.written((key or generation.ours.password).encode())


def refusal(answer: bytes | None) -> int | None:
    assert answer is not None
    return StunMessage.parse(answer).error_code


@pytest.fixture
def ice() -> IceLite:
    return IceLite(FIRST, now=0.0)


def test_a_check_is_answered_with_the_address_it_came_from_and_our_password(ice: IceLite) -> None:
    answer = ice.receive(check(), HOME, now=1.0)
    assert answer is not None
    message = StunMessage.parse(answer)
    assert (message.kind, message.transaction) == (Class.SUCCESS, b"transaction!")
    assert message.mapped_address == HOME
    assert is_authentic(answer, OURS.password.encode())
    assert ice.knows(HOME)
    assert not ice.knows(AWAY)


def test_nothing_is_sent_anywhere_before_a_pair_is_nominated(ice: IceLite) -> None:
    ice.receive(check(), HOME, now=1.0)
    assert ice.selected is None
    ice.receive(check(nominates=True), HOME, now=1.1)
    assert ice.selected == HOME


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (StunMessage(Class.REQUEST, b"transaction!").written(), 400),
        (StunMessage(Class.REQUEST, b"transaction!", ((Attribute.USERNAME, b"ours:them"),)).written(), 400),
        (StunMessage(Class.REQUEST, b"transaction!").written(OURS.password.encode()), 400),
        (check(username="ours:others"), 401),
        (check(username="them:ours"), 401),
        (check(key="guessed"), 401),
        (check(key=THEIRS.password), 401),
    ],
)
def test_rfc8489_9_1_3_strangers_are_refused_and_prove_nothing(ice: IceLite, data: bytes, code: int) -> None:
    answer = ice.receive(data, AWAY, now=1.0)
    assert refusal(answer) == code
    assert answer is not None
    assert not is_authentic(answer, OURS.password.encode())
    assert not ice.knows(AWAY)
    assert ice.consent_until == CONSENT_S
    assert ice.refused == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (check((0x7777, b"?")), 420),
        (check(controlling=False), 487),
        (check(priority=None), 400),
        (check(method=3), 400),
    ],
)
def test_the_far_end_is_told_what_is_wrong_with_its_check(ice: IceLite, data: bytes, code: int) -> None:
    answer = ice.receive(data, HOME, now=1.0)
    assert refusal(answer) == code
    assert answer is not None
    assert is_authentic(answer, OURS.password.encode())
    assert not ice.knows(HOME)


def test_rfc8489_14_9_a_refusal_names_what_was_not_understood(ice: IceLite) -> None:
    answer = ice.receive(check((0x7777, b"?")), HOME, now=1.0)
    assert answer is not None
    assert StunMessage.parse(answer).find(Attribute.UNKNOWN_ATTRIBUTES) == bytes.fromhex("7777")


@pytest.mark.parametrize("kind", [Class.INDICATION, Class.SUCCESS, Class.ERROR])
def test_what_is_no_request_is_not_answered_and_is_no_consent(ice: IceLite, kind: Class) -> None:
    assert ice.receive(StunMessage(kind, b"transaction!").written(), HOME, now=9.0) is None
    assert ice.consent_until == CONSENT_S


@given(st.binary(max_size=200))
def test_any_bytes_are_answered_or_dropped(data: bytes) -> None:
    ice = IceLite(FIRST, now=0.0)
    ice.receive(data, HOME, now=0.0)
    assert not ice.knows(HOME)


@given(st.integers(20, len(check(nominates=True)) - 9), st.integers(1, 255))
def test_a_damaged_check_nominates_nobody(at: int, change: int) -> None:
    ice, damaged = IceLite(FIRST, now=0.0), bytearray(check(nominates=True)[:-8])
    damaged[2:4] = (len(damaged) - 20).to_bytes(2)
    damaged[at] ^= change
    with contextlib.suppress(UnicodeDecodeError):
        ice.receive(bytes(damaged), HOME, now=0.0)
    assert ice.selected is None


def test_rfc7675_5_1_each_check_renews_the_consent(ice: IceLite) -> None:
    assert ice.consent_until == CONSENT_S
    ice.receive(check(), HOME, now=10.0)
    assert ice.consent_until == 10.0 + CONSENT_S


def test_a_better_pair_that_is_nominated_is_used_at_once(ice: IceLite) -> None:
    ice.receive(check(nominates=True, priority=100), HOME, now=1.0)
    ice.receive(check(nominates=True, priority=200), AWAY, now=1.1)
    assert ice.selected == AWAY


def test_rfc5245_8_1_1_2_of_pairs_that_are_all_nominated_the_best_is_used(ice: IceLite) -> None:
    for tick in range(50):
        now = 0.5 * tick
        ice.receive(check(nominates=True, priority=200), HOME, now=now)
        ice.receive(check(nominates=True, priority=100), AWAY, now=now + 0.1)
        assert ice.selected == HOME


def test_a_browser_moves_to_a_worse_network_by_nominating_that_alone(ice: IceLite) -> None:
    ice.receive(check(nominates=True, priority=200), HOME, now=1.0)
    ice.receive(check(nominates=True, priority=100), AWAY, now=2.0)
    assert ice.selected == HOME
    ice.receive(check(priority=200), HOME, now=2.5)  # still alive, but not wanted any more
    ice.receive(check(nominates=True, priority=100), AWAY, now=1.1 + SETTLED_S)
    assert ice.selected == AWAY


def test_rfc8445_9_after_a_restart_media_goes_on_until_the_new_pair_is_nominated(ice: IceLite) -> None:
    ice.receive(check(nominates=True), HOME, now=1.0)
    ice.restart(SECOND)
    assert ice.selected == HOME
    assert ice.knows(HOME)
    ice.receive(check(generation=SECOND), AWAY, now=2.0)
    assert ice.selected == HOME
    ice.receive(check(generation=SECOND, nominates=True, priority=1), AWAY, now=2.1)
    assert ice.selected == AWAY
    assert not ice.knows(HOME)


def test_checks_of_before_a_restart_are_answered_until_it_is_complete(ice: IceLite) -> None:
    ice.receive(check(nominates=True), HOME, now=1.0)
    ice.restart(SECOND)
    assert refusal(ice.receive(check(nominates=True), ELSEWHERE, now=1.5)) is None
    ice.receive(check(generation=SECOND, nominates=True), AWAY, now=2.0)
    assert refusal(ice.receive(check(nominates=True), HOME, now=2.1)) == 401
    assert ice.selected == AWAY


def test_a_restart_at_the_same_address_keeps_it(ice: IceLite) -> None:
    ice.receive(check(nominates=True), HOME, now=1.0)
    ice.restart(SECOND)
    ice.receive(check(generation=SECOND), HOME, now=2.0)
    ice.receive(check(nominates=True), HOME, now=2.1)  # late, of before
    assert ice.selected == HOME
    ice.receive(check(generation=SECOND, nominates=True), HOME, now=2.2)
    assert refusal(ice.receive(check(nominates=True), HOME, now=2.3)) == 401
    assert ice.selected == HOME


def test_the_same_credentials_again_are_no_restart(ice: IceLite) -> None:
    ice.receive(check(nominates=True), HOME, now=1.0)
    ice.restart(Generation(OURS, THEIRS))
    assert ice.knows(HOME)
    assert refusal(ice.receive(check(), HOME, now=2.0)) is None


def test_addresses_without_end_push_out_idle_ones_but_not_the_one_in_use(ice: IceLite) -> None:
    ice.receive(check(nominates=True), HOME, now=0.0)
    for port in range(1, 3 * MOST_PAIRS):
        ice.receive(check(), ("192.0.2.99", port), now=port / 100)
    assert ice.selected == HOME
    assert ice.knows(HOME)
    assert sum(ice.knows(("192.0.2.99", port)) for port in range(1, 3 * MOST_PAIRS)) == MOST_PAIRS - 1
