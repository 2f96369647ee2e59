"""One agent speaks at a time: the table, and what holds whatever happens."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.calls.floor import QUIET_S, STEPS, TURN_S, Cue, Floor, Move, Stand, Turn
from mixminus.calls.hearing import Place, Presence, audibility
from mixminus.calls.options import FloorPolicy

A, B, C, PERSON, OTHER = (Sid(name) for name in ("a", "b", "c", "person", "other"))
QUEUE, DROP = FloorPolicy.QUEUE, FloorPolicy.DROP
AGENTS = [A, B, C]


@dataclass
class Hall:
    """A floor, and time."""

    policy: FloorPolicy
    now: float = 0.0
    done: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.floor = Floor(self.policy)
        for agent in AGENTS:
            self.floor.enter(agent)

    def settle(self) -> tuple[Turn, ...]:
        self.floor.settle(self.now)
        turns = self.floor.drain()
        self.done += turns
        return turns

    def begins(self, agent: Sid) -> tuple[Turn, ...]:
        self.floor.begins(agent)
        return self.settle()

    def pauses(self, agent: Sid) -> tuple[Turn, ...]:
        self.floor.pauses(agent, self.now)
        return self.settle()

    def people(self, *who: Sid) -> tuple[Turn, ...]:
        self.floor.humans = frozenset(who)
        return self.settle()

    def after(self, seconds: float) -> tuple[Turn, ...]:
        self.now += seconds
        return self.settle()


def test_an_agent_that_begins_on_a_free_floor_speaks_at_once() -> None:
    hall = Hall(QUEUE)
    assert hall.begins(A) == (Turn(A, Move.GO_ON),)
    assert hall.floor.holder == A


def test_another_one_is_held_back_until_the_first_has_been_quiet_for_a_while() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    assert hall.begins(B) == (Turn(B, Move.HOLD_BACK),)
    assert hall.pauses(A) == ()
    assert hall.floor.wait_s(hall.now) == QUIET_S
    assert hall.after(QUIET_S / 2) == ()
    assert set(hall.after(QUIET_S / 2)) == {Turn(A, Move.GO_ON), Turn(B, Move.GO_ON)}
    assert hall.floor.holder == B


def test_a_pause_between_sentences_keeps_the_floor() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.begins(B)
    for _ in range(5):
        hall.pauses(A)
        hall.after(QUIET_S * 0.9)
        hall.begins(A)
    assert hall.floor.holder == A


def test_dropped_means_played_to_nobody_until_it_pauses_and_then_it_may_try_again() -> None:
    hall = Hall(DROP)
    hall.begins(A)
    assert hall.begins(B) == (Turn(B, Move.GO_ON),)
    assert hall.floor.stand(B) is Stand.DROPPED
    hall.pauses(A)
    hall.after(QUIET_S)
    assert hall.floor.holder is None, "what was begun without the floor is not heard from its middle on"
    hall.pauses(B)
    hall.after(QUIET_S)
    hall.begins(B)
    assert hall.floor.holder == B


def test_a_human_takes_the_floor_and_a_queue_goes_on_where_it_was() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.begins(B)
    assert hall.people(PERSON) == (Turn(A, Move.HOLD_BACK),)
    assert hall.people(PERSON, OTHER) == hall.people(OTHER) == ()
    assert hall.people() == (Turn(A, Move.GO_ON),), "it goes on before those who have not begun"
    assert hall.floor.holder == A


def test_a_human_clears_who_is_not_queued() -> None:
    hall = Hall(DROP)
    hall.begins(A)
    assert hall.people(PERSON) == (Turn(A, Move.CLEAR),)
    hall.begins(A)
    assert hall.people() == (), "it is still saying what it was interrupted in"
    hall.pauses(A)
    hall.after(QUIET_S)
    assert hall.begins(A) == (Turn(A, Move.GO_ON),)


@pytest.mark.parametrize("policy", [QUEUE, DROP])
def test_who_begins_while_a_human_speaks_waits_for_the_end_of_it(policy: FloorPolicy) -> None:
    """A reply often begins in the hang-over of the question; it would be lost."""
    hall = Hall(policy)
    hall.people(PERSON)
    assert hall.begins(A) == (Turn(A, Move.HOLD_BACK),)
    assert hall.people() == (Turn(A, Move.GO_ON),)


def test_who_has_finished_when_a_human_begins_has_nothing_to_go_on_with() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.pauses(A)
    hall.people(PERSON)
    assert hall.floor.stand(A) is Stand.SILENT
    hall.begins(B)
    hall.people()
    assert hall.floor.holder == B


def test_a_clear_while_waiting_gives_up_the_place() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.begins(B)
    assert hall.pauses(B) == (Turn(B, Move.GO_ON),)
    hall.begins(C)
    hall.pauses(A)
    hall.after(QUIET_S)
    assert hall.floor.holder == C


@pytest.mark.parametrize("policy", [QUEUE, DROP])
def test_whoever_is_taken_out_gives_the_floor_back(policy: FloorPolicy) -> None:
    hall = Hall(policy)
    hall.begins(A)
    hall.floor.leave(A)
    hall.settle()
    hall.begins(B)
    assert hall.floor.holder == B


def test_a_turn_is_limited_only_while_others_wait() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.after(10 * TURN_S)
    assert hall.floor.holder == A
    assert hall.begins(B) == (Turn(A, Move.HOLD_BACK), Turn(B, Move.GO_ON))
    hall.after(TURN_S)
    assert hall.floor.holder == A


def test_interruptions_do_not_make_a_turn_longer() -> None:
    hall = Hall(QUEUE)
    hall.begins(A)
    hall.begins(B)
    for _ in range(4):
        hall.after(TURN_S / 3)
        hall.people(PERSON)
        hall.after(1.0)
        hall.people()
    assert hall.floor.holder == B


def test_no_stand_knows_a_cue_that_the_core_does_not_send() -> None:
    for steps in STEPS.values():
        assert steps.keys() == set(Stand)
        assert not steps[Stand.SILENT].keys() - {Cue.BEGINS}


# --- whatever happens ----------------------------------------------------------------------------------------------

agents = st.sampled_from(AGENTS)
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("begins"), agents),
        st.tuples(st.just("pauses"), agents),
        st.tuples(st.just("leave"), agents),
        st.tuples(st.just("enter"), agents),
        st.tuples(st.just("human"), st.sets(st.sampled_from([PERSON, OTHER])).map(frozenset)),
        st.tuples(st.just("time"), st.sampled_from([0.02, 0.3, QUIET_S, 5.0, TURN_S]) | st.floats(0.001, 2.0)),
        st.tuples(st.just("wait"), st.just(None)),
    ),
    max_size=80,
)


@given(st.sampled_from([QUEUE, DROP]), HAPPENINGS)
def test_two_agents_are_never_heard_at_once_and_none_while_a_human_speaks(
    policy: FloorPolicy, story: list[tuple[str, object]]
) -> None:
    hall = Hall(policy)
    loud: set[Sid] = set()
    held_back: set[Sid] = set()
    for what, who in story:
        match what, who:
            case "begins", str(agent):
                loud.add(Sid(agent))
                hall.floor.begins(Sid(agent))
            case "pauses", str(agent):
                loud.discard(Sid(agent))
                hall.floor.pauses(Sid(agent), hall.now)
            case "leave", str(agent):
                hall.floor.leave(Sid(agent))
            case "enter", str(agent):
                hall.floor.enter(Sid(agent))
            case "human", frozenset() as people:
                hall.floor.humans = frozenset(Sid(str(one)) for one in people)
            case "time", float(seconds):
                hall.now += seconds
            case "wait", _:
                hall.now += hall.floor.wait_s(hall.now) or 0.0
        for turn in hall.settle():
            (held_back.add if turn.move is Move.HOLD_BACK else held_back.discard)(turn.agent)
        floor = hall.floor
        assert not (floor.holder and floor.humans)
        speaking = [agent for agent in AGENTS if floor.stand(agent) is Stand.SPEAKING]
        assert speaking == ([floor.holder] if floor.holder else [])
        assert held_back == {agent for agent in AGENTS if floor.stand(agent) is Stand.WAITING}
        places = [Place(agent, Presence.PRESENT, waits_for_floor=agent != floor.holder) for agent in AGENTS]
        heard = audibility([*places, Place(PERSON, Presence.PRESENT)])[PERSON]
        assert len(heard) <= 1
        if not floor.humans and any(floor.stand(agent) is Stand.WAITING for agent in AGENTS):
            assert floor.holder is not None, "nobody waits for a free floor"
        wait_s = floor.wait_s(hall.now)
        assert wait_s is None or wait_s > 0, "what is due was done"


@given(st.permutations(AGENTS), st.lists(st.floats(0.1, 20.0), min_size=1, max_size=30))
def test_nobody_starves(order: list[Sid], interruptions: list[float]) -> None:
    """All talk without end, and a human interrupts at will: everybody has the floor within two rounds of turns."""
    hall = Hall(QUEUE)
    for agent in order:
        hall.begins(agent)
    free_s, had = 0.0, {hall.floor.holder}
    for number in range(1_000):
        pause = min(interruptions[number % len(interruptions)], hall.floor.wait_s(hall.now) or TURN_S)
        hall.after(pause)
        free_s += pause
        had.add(hall.floor.holder)
        hall.people(PERSON)
        hall.after(1.0)
        hall.people()
        had.add(hall.floor.holder)
        if free_s >= len(order) * TURN_S:
            break
    assert had == set(order)
