"""Two agents back to back, in virtual time, over a link that may lose packets."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import sipmessage
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mixminus.base.errors import MixminusError
from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    Credentials,
    DialogKey,
    Ended,
    Ending,
    Established,
    Invitation,
    Invited,
    Progressed,
    Refused,
    Reoffered,
    SipEvent,
    Transmit,
    Transport,
)
from mixminus.sip.messages.message import Request, Response, parse
from mixminus.sip.settings import SipSettings

OFFER, ANSWER, EARLY = b"v=0 offer", b"v=0 answer", b"v=0 early"
CALL = DialogKey("call")


class Party:
    """An agent, what it told its owner, and what the owner does about it."""

    def __init__(self, host: str, transport: Transport, sip: SipSettings, seed: int) -> None:
        self.address = Address(transport, host, 5060)
        self.agent = SipAgent(sip, random.Random(seed).randbytes)
        self.agent.bound(host, 5060)
        self.events: list[SipEvent] = []
        self.react: Callable[[SipEvent, float], None] = lambda event, now: None

    def told(self, kind: type[SipEvent]) -> list[SipEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def dialog(self) -> DialogKey:
        """The dialog of the last call that came in."""
        return next(event.dialog for event in reversed(self.events) if isinstance(event, Invited))


class World:
    """A network with a delay of 10 ms. `fate` says of each packet whether it arrives, `delay_s` how late."""

    def __init__(self, transport: Transport = Transport.UDP, caller_knows: SipSettings | None = None) -> None:
        trusting = SipSettings(trusted_hosts=frozenset({"10.0.0.1", "10.0.0.2"}))
        self.now = 1000.0
        self.caller = Party("10.0.0.1", transport, trusting, seed=1)
        self.callee = Party("10.0.0.2", transport, caller_knows or trusting, seed=2)
        self.fate: Callable[[bytes], bool] = lambda data: True
        self.delay_s: Callable[[], float] = lambda: 0.01
        self.rewrite: Callable[[bytes], bytes] = lambda data: data
        self.wire: list[str] = []
        self.messages: list[Request | Response] = []
        self._flying: list[tuple[float, int, bytes, Address, Party]] = []
        self._order = itertools.count()

    def run(self, seconds: float) -> None:
        """Run everything that is due in the next *seconds*, earliest first."""
        end = self.now + seconds
        self._drain()
        while (at := self._next()) <= end:
            self.now = max(self.now, at)
            while self._flying and self._flying[0][0] <= self.now:
                _, _, data, source, party = heapq.heappop(self._flying)
                party.agent.receive(data, source, self.now)
                self._drain()
            for party in (self.caller, self.callee):
                party.agent.handle_timeout(self.now)
            self._drain()
        self.now = end

    def _next(self) -> float:
        times = [self._flying[0][0]] if self._flying else []
        times += [at for p in (self.caller, self.callee) if (at := p.agent.deadline()) is not None]
        return min(times, default=float("inf"))

    def _drain(self) -> None:
        for party in (self.caller, self.callee):
            while (output := party.agent.poll()) is not None:
                if isinstance(output, Transmit):
                    self._fly(output, party)
                else:
                    party.events.append(output)
                    party.react(output, self.now)

    def _fly(self, transmit: Transmit, sender: Party) -> None:
        data = self.rewrite(transmit.data)
        message = parse(data)
        assert sipmessage.Message.parse(data)  # a reader that is not ours understands it
        name = message.method if isinstance(message, Request) else f"{message.status}"
        self.wire.append(name)
        self.messages.append(message)
        receiver = self.callee if transmit.to == self.callee.address else self.caller
        assert transmit.to == receiver.address
        if self.fate(data):
            entry = (self.now + self.delay_s(), next(self._order), data, sender.address, receiver)
            heapq.heappush(self._flying, entry)

    # --- what tests do ---------------------------------------------------------------------------------------

    def dial(self, credentials: Credentials | None = None) -> None:
        target = "sip:+15005550006@10.0.0.2"
        invitation = Invitation(
            CALL, target, self.callee.address, "sip:alice@10.0.0.1", "Alice", OFFER, credentials, {"X-Case": "7"}
        )
        self.caller.agent.invite(invitation, self.now)

    def answered(self) -> "World":
        """A call that is up."""
        self.callee.react = self.pick_up
        self.dial()
        self.run(1)
        assert self.caller.told(Answered)
        assert self.callee.told(Established)
        return self

    def pick_up(self, event: SipEvent, now: float) -> None:
        if isinstance(event, Invited):
            self.callee.agent.ring(event.dialog, now)
            self.callee.agent.answer(event.dialog, ANSWER, now)

    def is_clean(self) -> bool:
        """Whether both sides forgot everything."""
        agents = (self.caller.agent, self.callee.agent)
        return all(a.open_calls == a.open_transactions == 0 and a.deadline() is None for a in agents)


def reinvite(world: World, cseq: int, body: bytes = OFFER) -> bytes:
    """A re-INVITE by the caller, whose agent never sends one by itself."""
    first = next(m for m in world.messages if isinstance(m, Request) and m.method == "INVITE")
    ok = next(m for m in world.messages if isinstance(m, Response) and m.status == 200)
    lines = [line for line in first.headers if line[0] not in ("Via", "To", "CSeq")]
    via = ("Via", f"SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKre{cseq}")
    lines = [via, *lines, ("To", ok.get("To") or ""), ("CSeq", f"{cseq} INVITE")]
    return bytes(Request(tuple(lines), body, "INVITE", ok.contact or ""))


def ack(world: World, cseq: int, body: bytes = b"") -> bytes:
    request = parse(reinvite(world, cseq))
    assert isinstance(request, Request)
    lines = [("CSeq", f"{cseq} ACK") if line[0] == "CSeq" else line for line in request.headers]
    return bytes(Request(tuple(lines), body, "ACK", request.uri))


@pytest.mark.parametrize("transport", list(Transport))
def test_a_call_is_set_up_and_ended_by_its_caller(transport: Transport) -> None:
    world = World(transport).answered()
    world.caller.agent.hang_up(CALL, world.now)
    world.run(1)
    assert world.wire == ["INVITE", "100", "180", "200", "ACK", "BYE", "200"]
    assert world.caller.events == [Progressed(CALL, 180, None), Answered(CALL, ANSWER)]
    assert world.callee.events[1:] == [Established(world.callee.dialog, None), Ended(world.callee.dialog, Ending.BYE)]
    world.run(60)
    assert world.is_clean()


def test_the_owner_learns_who_calls_whom_and_with_what() -> None:
    world = World().answered()
    invited = world.callee.events[0]
    assert isinstance(invited, Invited)
    assert (invited.called, invited.from_uri, invited.from_display) == ("+15005550006", "sip:alice@10.0.0.1", "Alice")
    assert (invited.offer, invited.headers, invited.user) == (OFFER, {"X-Case": "7"}, None)


def test_the_callee_may_end_the_call() -> None:
    world = World().answered()
    world.callee.agent.hang_up(world.callee.dialog, world.now, 'Q.850;cause=16;text="bye"')
    world.run(60)
    assert world.caller.events[-1] == Ended(CALL, Ending.BYE, 'Q.850;cause=16;text="bye"')
    assert world.is_clean()


def test_both_may_hang_up_at_once() -> None:
    world = World().answered()
    world.caller.agent.hang_up(CALL, world.now)
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    world.run(60)
    assert world.wire[-4:] == ["BYE", "BYE", "200", "200"]
    assert world.is_clean()


def test_early_media_reaches_the_caller() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.progress(world.callee.dialog, EARLY, world.now)
    world.run(1)
    assert world.caller.events == [Progressed(CALL, 183, EARLY)]


def test_a_refusal_reaches_the_caller_with_its_reason() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.refuse(world.callee.dialog, 404, world.now, "No such number\r\nX-Evil: 1")
    world.run(60)
    assert world.caller.events == [Refused(CALL, 404, "No such number X-Evil: 1")]
    assert world.wire == ["INVITE", "100", "404", "ACK"]
    assert world.is_clean()


def test_a_caller_that_hangs_up_while_it_rings_cancels() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.ring(world.callee.dialog, world.now)
    world.run(1)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.wire == ["INVITE", "100", "180", "CANCEL", "200", "487", "ACK"]
    assert world.callee.events[-1] == Ended(world.callee.dialog, Ending.CANCELLED)
    assert world.caller.events == [Progressed(CALL, 180, None)]
    assert world.is_clean()


@pytest.mark.parametrize("picks_up", [True, False])
def test_rfc3261_9_2_the_answers_to_a_cancel_and_to_its_invite_have_one_tag(picks_up: bool) -> None:
    world = World()
    world.dial()
    world.run(1)
    if picks_up:
        world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    answers = [m for m in world.messages if isinstance(m, Response) and m.status >= 200]
    assert [m.status for m in answers if m.cseq.method == "CANCEL"] == [200]
    assert len({m.to.tag for m in answers}) == 1


def test_rfc3261_9_1_a_cancel_waits_for_the_first_provisional() -> None:
    world = World()
    world.dial()
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.wire == ["INVITE", "100", "CANCEL", "200", "487", "ACK"]
    assert world.caller.events == []
    assert world.is_clean()


def test_rfc3261_9_1_a_cancelled_call_that_is_never_answered_is_forgotten() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.caller.agent.hang_up(CALL, world.now)
    world.fate = lambda data: False
    world.run(200)
    assert world.caller.agent.open_calls == world.caller.agent.open_transactions == 0


def test_a_call_whose_bye_came_and_whose_answer_never_does_is_forgotten() -> None:
    world = World()
    world.callee.react = world.pick_up
    world.fate = lambda data: b"CSeq: 1 INVITE" not in data or not data.startswith(b"SIP/2.0 200")
    world.dial()
    world.run(40)
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.NO_ACK)]
    assert (world.caller.told(Answered), world.caller.told(Ended)) == ([], [Ended(CALL, Ending.BYE)])
    world.run(100)
    assert world.is_clean()


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.caller.events == []
    assert [type(event) for event in world.callee.events] == [Invited, Established, Ended]
    assert world.is_clean()


def test_silence_is_a_408() -> None:
    world = World()
    world.fate = lambda data: False
    world.dial()
    world.run(40)
    assert world.caller.events == [Refused(CALL, 408, "Request Timeout")]
    # 0.5, 1, 2, 4, 8 and 16 s after the first one, and no more (RFC 3261 17.1.1.2).
    assert world.wire == ["INVITE"] * 7
    assert world.is_clean()


def test_a_broken_connection_is_a_503() -> None:
    world = World(Transport.TCP)
    world.fate = lambda data: False
    world.dial()
    world.run(1)
    world.caller.agent.connection_lost(world.callee.address, world.now)
    world.run(1)
    assert world.caller.events == [Refused(CALL, 503, "Service Unavailable")]


def test_a_connection_that_closes_while_it_rings_ends_nothing() -> None:
    world = World(Transport.TCP)
    world.dial()
    world.run(1)
    world.caller.agent.connection_lost(world.callee.address, world.now)
    world.callee.agent.connection_lost(world.caller.address, world.now)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(1)
    assert world.caller.events == [Answered(CALL, ANSWER)]


def test_an_answer_without_ack_is_repeated_for_32_seconds_and_then_hung_up() -> None:
    world = World()
    world.fate = lambda data: not data.startswith(b"ACK")
    world.callee.react = world.pick_up
    world.dial()
    world.run(31)
    assert world.callee.told(Ended) == []
    world.run(40)
    assert world.wire.count("ACK") == world.wire.count("200") - 1 == 11
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.NO_ACK)]
    assert world.caller.told(Ended) == [Ended(CALL, Ending.BYE)]
    world.run(60)
    assert world.is_clean()


def test_rfc3261_15_the_callee_that_hangs_up_before_the_ack_says_bye_after_it() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    world.run(60)
    assert world.wire == ["INVITE", "100", "200", "ACK", "BYE", "200"]
    assert world.is_clean()


def test_commands_that_come_too_late_do_nothing() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(1)
    agent, dialog, before = world.callee.agent, world.callee.dialog, list(world.wire)
    agent.ring(dialog, world.now)
    agent.answer(dialog, ANSWER, world.now)
    agent.refuse(dialog, 486, world.now)
    agent.accept_reoffer(dialog, ANSWER, world.now)
    agent.hang_up(dialog, world.now)
    agent.hang_up(DialogKey("nobody"), world.now)
    world.run(1)
    assert world.wire == before


def test_a_ringing_call_is_heard_of_every_minute() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.ring(world.callee.dialog, world.now)
    world.run(181)
    assert world.wire.count("180") == 4


# --- digest ------------------------------------------------------------------------------------------------------

USERS = SipSettings(users={"alice": "open sesame"})


def test_a_user_calls_in_with_its_password() -> None:
    world = World(caller_knows=USERS)
    world.callee.react = world.pick_up
    world.dial(Credentials("alice", "open sesame"))
    world.run(1)
    assert world.wire == ["INVITE", "401", "ACK", "INVITE", "100", "180", "200", "ACK"]
    invited = world.callee.events[0]
    assert isinstance(invited, Invited)
    assert invited.user == "alice"


@pytest.mark.parametrize("credentials", [Credentials("alice", "guess"), Credentials("mallory", "")])
def test_a_wrong_password_is_refused_once(credentials: Credentials) -> None:
    world = World(caller_knows=USERS)
    world.dial(credentials)
    world.run(60)
    assert world.caller.events == [Refused(CALL, 403, "Forbidden")]
    assert world.callee.events == []
    assert world.is_clean()


def test_without_credentials_a_challenge_is_a_refusal() -> None:
    world = World(caller_knows=USERS)
    world.dial()
    world.run(60)
    assert world.caller.events == [Refused(CALL, 401, "Unauthorized")]
    assert world.is_clean()


def test_what_an_owner_passes_on_cannot_break_the_message() -> None:
    world = World()
    nasty = Invitation(
        CALL,
        "sip:1@10.0.0.2",
        world.callee.address,
        "sip:a@h",
        'A"\r\nX: 1\ud800',
        OFFER,
        None,
        {"X-A": "1\r\nX-B: 2"},
    )
    world.caller.agent.invite(nasty, world.now)
    world.run(1)
    invited = world.callee.events[0]
    assert isinstance(invited, Invited)
    assert (invited.headers, invited.from_display) == ({"X-A": "1 X-B: 2"}, 'A" X: 1?')
    for wrong in (
        replace(nasty, target="sip:1@h\r\nX: 1"),
        replace(nasty, from_uri="sip:a@h>\r\nX: 1"),
        replace(nasty, headers={"X\r\nY": "1"}),
    ):
        with pytest.raises(MixminusError):
            world.caller.agent.invite(wrong, world.now)
    assert world.caller.agent.open_calls == 1


# --- re-INVITE ---------------------------------------------------------------------------------------------------


def test_a_reinvite_is_answered_and_the_call_goes_on() -> None:
    world = World().answered()
    world.callee.agent.receive(reinvite(world, 5), world.caller.address, world.now)
    world.run(0.1)
    assert world.callee.events[-1] == Reoffered(world.callee.dialog, OFFER)
    world.callee.agent.accept_reoffer(world.callee.dialog, ANSWER, world.now)
    world.run(1.4)
    assert world.wire.count("200") == 3  # the first call's one, this one, and its repetitions until the ACK
    world.callee.agent.receive(ack(world, 5), world.caller.address, world.now)
    world.run(60)
    assert world.wire.count("200") == 3
    assert len(world.callee.told(Established)) == 1
    assert world.callee.told(Ended) == []


def test_a_reinvite_without_an_offer_brings_its_answer_in_the_ack() -> None:
    world = World().answered()
    world.callee.agent.receive(reinvite(world, 5, b""), world.caller.address, world.now)
    world.run(0.1)
    assert world.callee.told(Reoffered) == [Reoffered(world.callee.dialog, None)]
    world.callee.agent.accept_reoffer(world.callee.dialog, OFFER, world.now)
    world.callee.agent.receive(ack(world, 5, ANSWER), world.caller.address, world.now)
    world.run(0.1)
    assert world.callee.told(Established)[1:] == [Established(world.callee.dialog, ANSWER)]


def test_rfc3261_14_2_two_reinvites_at_once_and_one_before_the_ack_are_refused() -> None:
    world = World().answered()
    world.callee.agent.receive(reinvite(world, 5), world.caller.address, world.now)
    world.callee.agent.receive(reinvite(world, 6), world.caller.address, world.now)
    world.run(0.1)
    assert world.wire[-2:] == ["100", "500"]
    world.callee.agent.accept_reoffer(world.callee.dialog, ANSWER, world.now)
    world.callee.agent.receive(reinvite(world, 7), world.caller.address, world.now)
    world.run(0.1)
    assert world.wire[-1] == "491"


def test_a_refused_reinvite_leaves_the_call_up() -> None:
    world = World().answered()
    world.callee.agent.receive(reinvite(world, 5), world.caller.address, world.now)
    world.callee.agent.refuse_reoffer(world.callee.dialog, 488, world.now)
    world.run(0.2)
    assert "488" in world.wire
    assert world.callee.told(Ended) == []


def test_a_request_inside_the_dialog_with_an_old_number_is_refused() -> None:
    world = World().answered()
    world.callee.agent.receive(
        reinvite(world, 1).replace(b"z9hG4bKre1", b"z9hG4bKold"), world.caller.address, world.now
    )
    world.run(0.1)
    assert world.wire[-1] == "500"


# --- bad luck ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_thirty_percent_loss_both_ways_still_completes_a_call(seed: int) -> None:
    rng = random.Random(seed)
    world = World()
    world.fate = lambda data: rng.random() >= 0.3
    world.callee.react = world.pick_up
    world.dial()
    world.run(31)
    assert world.caller.told(Answered) == [Answered(CALL, ANSWER)]
    assert world.callee.told(Established) == [Established(world.callee.dialog, None)]
    world.caller.agent.hang_up(CALL, world.now)
    world.run(120)
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.BYE)]
    assert world.is_clean()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.lists(st.sampled_from("adrhpcw"), max_size=8))
@example([False, True, False, False, True, False], ["a", "h"])  # BYEs cross while ours still waits for the ACK
def test_whatever_is_lost_and_commanded_nothing_is_left_in_the_end(fates: list[bool], commands: list[str]) -> None:
    world = World()
    luck = iter(fates)
    world.fate = lambda data: next(luck, True)
    world.dial()
    for command in commands:
        world.run(0.7)
        agent, dialogs = world.callee.agent, [e.dialog for e in world.callee.events if isinstance(e, Invited)]
        for dialog in dialogs:
            match command:
                case "a":
                    agent.answer(dialog, ANSWER, world.now)
                case "d":
                    agent.refuse(dialog, 486, world.now)
                case "r":
                    agent.ring(dialog, world.now)
                case "p":
                    agent.progress(dialog, EARLY, world.now)
                case "h":
                    agent.hang_up(dialog, world.now)
        if command == "c":
            world.caller.agent.hang_up(CALL, world.now)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(40)  # the last INVITE of a caller that gives up may be the first one to arrive
    for event in world.callee.told(Invited):
        assert isinstance(event, Invited)
        world.callee.agent.hang_up(event.dialog, world.now)
    world.run(300)
    assert world.is_clean()
    for party in (world.caller, world.callee):
        assert len(party.told(Ended)) + len(party.told(Refused)) <= 1
