"""The four figures: timers and arrows in virtual time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sip.transactions.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    Act,
    Ev,
    Figure,
    State,
    Transaction,
    event_of,
)

FIGURES = {
    "INVITE client": INVITE_CLIENT,
    "non-INVITE client": NON_INVITE_CLIENT,
    "INVITE server": INVITE_SERVER,
    "non-INVITE server": NON_INVITE_SERVER,
}


def timers(machine: Transaction, until: float) -> list[tuple[float, Ev, tuple[Act, ...]]]:
    """Let the machine alone and write down what its timers do."""
    seen = []
    while (at := machine.deadline) is not None and at <= until:
        event = machine.pop_due(at)
        assert event is not None
        seen.append((at, event, machine.feed(event, at)))
    return seen


def test_rfc3261_17_1_1_2_an_unanswered_invite_is_sent_seven_times_in_32_seconds() -> None:
    machine = Transaction(INVITE_CLIENT, 0.0, reliable=False)
    seen = timers(machine, 100)
    assert [at for at, event, _ in seen if event is Ev.A] == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert seen[-1] == (32.0, Ev.B, (Act.TIMED_OUT,))
    assert machine.state is State.TERMINATED


def test_rfc3261_17_1_2_2_an_unanswered_request_slows_down_to_every_four_seconds() -> None:
    machine = Transaction(NON_INVITE_CLIENT, 0.0, reliable=False)
    seen = timers(machine, 100)
    repeats = [at for at, event, _ in seen if event is Ev.E]
    assert repeats == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert seen[-1] == (32.0, Ev.F, (Act.TIMED_OUT,))


def test_a_provisional_answer_does_not_give_a_request_more_time() -> None:
    machine = Transaction(NON_INVITE_CLIENT, 0.0, reliable=False)
    machine.feed(Ev.PROVISIONAL, 1.0)
    seen = timers(machine, 100)
    assert [at for at, event, _ in seen if event is Ev.E] == [5.0, 9.0, 13.0, 17.0, 21.0, 25.0, 29.0]
    assert seen[-1][:2] == (32.0, Ev.F)


def test_a_provisional_answer_gives_an_invite_all_the_time_it_wants() -> None:
    machine = Transaction(INVITE_CLIENT, 0.0, reliable=False)
    assert machine.feed(Ev.PROVISIONAL, 1.0) == (Act.PASS_UP,)
    assert machine.deadline is None


def test_a_refusal_is_acknowledged_each_time_and_told_once() -> None:
    machine = Transaction(INVITE_CLIENT, 0.0, reliable=False)
    assert machine.feed(Ev.FAILURE, 1.0) == (Act.ACK, Act.PASS_UP)
    assert machine.feed(Ev.FAILURE, 2.0) == (Act.ACK,)
    assert timers(machine, 100) == [(33.0, Ev.D, ())]


def test_rfc6026_7_2_every_2xx_is_told_for_32_seconds() -> None:
    machine = Transaction(INVITE_CLIENT, 0.0, reliable=False)
    assert machine.feed(Ev.SUCCESS, 1.0) == (Act.PASS_UP,)
    assert machine.feed(Ev.SUCCESS, 2.0) == (Act.PASS_UP,)
    assert machine.feed(Ev.FAILURE, 2.0) == ()
    assert timers(machine, 100) == [(33.0, Ev.M, ())]


def test_rfc3261_17_2_1_a_refusal_is_repeated_until_its_ack() -> None:
    machine = Transaction(INVITE_SERVER, 0.0, reliable=False)
    assert machine.feed(Ev.FAILURE, 0.0) == (Act.SEND,)
    assert [at for at, _, _ in timers(machine, 12)] == [0.5, 1.5, 3.5, 7.5, 11.5]
    machine.feed(Ev.ACK, 12.0)
    assert machine.state is State.CONFIRMED
    assert machine.feed(Ev.REQUEST, 13.0) == ()
    assert timers(machine, 100) == [(17.0, Ev.I, ())]


def test_rfc6026_7_1_repeats_of_an_accepted_invite_are_absorbed() -> None:
    machine = Transaction(INVITE_SERVER, 0.0, reliable=False)
    assert machine.feed(Ev.SUCCESS, 0.0) == (Act.SEND,)
    assert machine.feed(Ev.REQUEST, 1.0) == ()
    assert machine.feed(Ev.FAILURE, 1.0) == ()
    assert timers(machine, 100) == [(32.0, Ev.L, ())]


def test_an_answered_request_is_answered_again_when_repeated() -> None:
    machine = Transaction(NON_INVITE_SERVER, 0.0, reliable=False)
    assert machine.feed(Ev.REQUEST, 0.1) == ()
    assert machine.feed(Ev.SUCCESS, 0.2) == (Act.SEND,)
    assert machine.feed(Ev.REQUEST, 0.3) == (Act.RESEND,)
    assert machine.feed(Ev.FAILURE, 0.4) == ()
    assert timers(machine, 100) == [(32.2, Ev.J, ())]


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_a_stream_repeats_nothing_and_waits_for_no_stray_packet(figure: Figure) -> None:
    for final in (Ev.SUCCESS, Ev.FAILURE):
        machine = Transaction(figure, 0.0, reliable=True)
        machine.feed(final, 1.0)
        machine.feed(Ev.ACK, 1.0)
        seen = timers(machine, 100)
        assert all(Act.RESEND not in acts for _, _, acts in seen)
        assert machine.state is State.TERMINATED


@given(st.sampled_from(list(FIGURES)), st.booleans(), st.lists(st.sampled_from(Ev), max_size=12))
def test_no_order_of_events_leaves_a_final_state_for_another_or_a_timer_running(
    name: str, reliable: bool, events: list[Ev]
) -> None:
    machine = Transaction(FIGURES[name], 0.0, reliable=reliable)
    for event in events:
        before = machine.state
        acts = machine.feed(event, 1.0)
        if before is State.TERMINATED:
            assert (machine.state, acts) == (State.TERMINATED, ())
    if machine.state is State.TERMINATED:
        assert machine.deadline is None


@pytest.mark.parametrize(
    ("status", "event"),
    [(100, Ev.PROVISIONAL), (199, Ev.PROVISIONAL), (200, Ev.SUCCESS), (299, Ev.SUCCESS), (300, Ev.FAILURE)],
)
def test_a_status_is_an_event(status: int, event: Ev) -> None:
    assert event_of(status) is event
