"""Which gateway takes the next call, and which are passed over."""

import random
from collections import Counter

import pytest

from mixminus.base.settings import Gateway
from mixminus.sip.carriers.gateways import FIRST_REST_S, LONGEST_REST_S, Gateways, leaves

A, B, SPARE = Gateway("sip:a", 1, 3), Gateway("sip:b", 1, 1), Gateway("sip:spare", 2, 1)
DOORS = (SPARE, A, B)


def draw(below: int) -> int:
    return 0


def test_the_lowest_priority_comes_first_whatever_the_order_of_the_settings() -> None:
    assert Gateways().in_order(DOORS, 0.0, draw) == [A, B, SPARE]


def test_equals_come_first_as_often_as_their_weights_say() -> None:
    source = random.Random(1)
    first = Counter(Gateways().in_order(DOORS, 0.0, source.randrange)[0].uri for _ in range(4_000))
    assert first["sip:spare"] == 0
    assert 2.7 < first["sip:a"] / first["sip:b"] < 3.3


@pytest.mark.parametrize("status", [408, 503])
def test_one_that_is_dead_is_passed_over_and_still_there_when_all_are(status: int) -> None:
    gateways = Gateways()
    gateways.failed(A.uri, status, 0.0)
    assert gateways.in_order(DOORS, 0.1, draw) == [B, SPARE, A]
    gateways.failed(B.uri, status, 0.0)
    gateways.failed(SPARE.uri, status, 0.0)
    assert gateways.in_order(DOORS, 0.1, draw) == [A, B, SPARE]


def test_it_is_tried_again_after_a_rest_that_doubles_up_to_a_bound() -> None:
    gateways = Gateways()
    rests, now = [], 0.0
    for _ in range(9):
        gateways.failed(A.uri, 503, now)
        began = now
        while gateways.is_sick(A.uri, now):
            now += 1.0
        rests.append(now - began)
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert rests[-1] == LONGEST_REST_S


def test_calls_that_were_under_way_when_it_fell_sick_do_not_prolong_its_rest() -> None:
    gateways = Gateways()
    for _ in range(20):
        gateways.failed(A.uri, 408, 0.0)
    assert not gateways.is_sick(A.uri, FIRST_REST_S)


def test_retry_after_is_believed_within_the_bound() -> None:
    gateways = Gateways()
    gateways.failed(A.uri, 503, 0.0, retry_after_s=40)
    assert gateways.is_sick(A.uri, 39.9)
    assert not gateways.is_sick(A.uri, 40.0)
    gateways.failed(B.uri, 503, 0.0, retry_after_s=86_400)
    assert not gateways.is_sick(B.uri, LONGEST_REST_S)


def test_other_failures_count_when_there_are_three_in_a_row() -> None:
    gateways = Gateways()
    for _ in range(2):
        gateways.failed(A.uri, 500, 0.0)
        gateways.failed(A.uri, 500, 0.0)
        assert not gateways.is_sick(A.uri, 0.0)
        gateways.works(A.uri)
    for _ in range(3):
        gateways.failed(A.uri, 500, 0.0)
    assert gateways.is_sick(A.uri, 0.0)


def test_a_silent_one_that_is_probed_must_answer_and_is_asked_ever_more_seldom() -> None:
    gateways = Gateways()
    gateways.probed.add(A.uri)
    waits, now = [], 0.0
    for _ in range(4):
        gateways.answered_probe(A.uri, 408, now)
        waits.append(gateways.next_probe_s(A.uri, now, 30.0))
        now += waits[-1]
        assert gateways.is_sick(A.uri, now)
    assert waits == [5.0, 10.0, 20.0, 40.0]
    gateways.answered_probe(A.uri, 404, now)
    assert not gateways.is_sick(A.uri, now)
    assert gateways.next_probe_s(A.uri, now, 30.0) == 30.0


def test_one_that_answers_probes_and_not_calls_rests_ever_longer() -> None:
    gateways = Gateways()
    gateways.probed.add(A.uri)
    gateways.failed(A.uri, 408, 0.0)
    gateways.answered_probe(A.uri, 200, 6.0)
    gateways.failed(A.uri, 408, 7.0)
    gateways.answered_probe(A.uri, 200, 8.0)
    assert gateways.is_sick(A.uri, 16.0)
    assert not gateways.is_sick(A.uri, 17.0)
    gateways.answered_probe(A.uri, 200, 30.0)
    gateways.failed(A.uri, 503, 40.0)
    assert not gateways.is_sick(A.uri, 45.0)


@pytest.mark.parametrize(
    ("status", "rang", "left"),
    [
        (500, False, True),
        (503, True, True),
        (408, False, True),
        (408, True, False),
        (407, False, True),
        (404, False, False),
        (486, True, False),
        (480, False, False),
        (487, True, False),
        (600, False, False),
        (302, False, False),
    ],
)
def test_a_gateway_is_left_for_its_own_failures_and_not_for_the_called_partys(
    status: int, rang: bool, left: bool
) -> None:
    assert leaves(status, rang=rang) is left
