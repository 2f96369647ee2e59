"""ICE of an agent with an address that everybody reaches: it is checked, and checks nobody (RFC 8445 section 2.5).

The far end tries its addresses against ours and nominates one. Whoever knows our password, which only SDP told, is
the far end; what it nominated is where media goes. When its checks cease, it has withdrawn its consent (RFC 7675).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mixminus.base.stun import (
    BINDING,
    Address,
    Attribute,
    Class,
    StunError,
    StunMessage,
    binding_success,
    error_response,
    is_authentic,
    unknown_attributes,
)

CONSENT_S: Final = 30.0
"""So long after the last check, consent has expired (RFC 7675 section 5.1)."""

SETTLED_S: Final = 2.0
"""A better pair that was nominated within this time keeps its place. Of agents that nominate every pair that works
(RFC 5245 section 8.1.1.2) the best one wins; one that moves to a worse pair ceases to nominate the better."""

MOST_PAIRS: Final = 32
"""Addresses of one far end that are remembered. A browser has a handful."""

KNOWN: Final = (Attribute.USERNAME, Attribute.PRIORITY, Attribute.USE_CANDIDATE)
"""What we understand of that which a check wants understood (RFC 8445 section 7.1)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What SDP tells of one side: `a=ice-ufrag` and `a=ice-pwd`."""

    fragment: str
    password: str


@dataclass(frozen=True, slots=True)
class Generation:
    """Both sides' credentials: until one of them restarts (RFC 8445 section 9)."""

    ours: Credentials
    theirs: Credentials

    @property
    def username(self) -> str:
        """In the checks that we get (RFC 8445 section 7.2.2)."""
        return f"{self.ours.fragment}:{self.theirs.fragment}"


@dataclass(slots=True)
class Pair:
    """An address from which a check came that was in order."""

    generation: Generation
    priority: int
    checked_at: float
    nominated_at: float | None = None


class IceLite:
    """One component of one stream: RTP and RTCP share a port."""

    def __init__(self, generation: Generation, now: float) -> None:
        self.generation = generation
        self._previous: Generation | None = None
        """Of before a restart: whoever has not got our answer yet checks with it."""
        self._pairs: dict[Address, Pair] = {}
        self._selected: Address | None = None
        self._checked_at = now
        """The last sign of consent; SDP is the first one."""
        self.refused = 0
        """Requests that were not in order."""

    @property
    def selected(self) -> Address | None:
        """Where media goes: the pair that was nominated, also of before a restart until there is a new one."""
        return self._selected

    @property
    def consent_until(self) -> float:
        """Then the far end is gone, unless it checks again."""
        return self._checked_at + CONSENT_S

    def knows(self, source: Address) -> bool:
        """Whether whoever speaks from there has proved to be the far end."""
        return source in self._pairs

    def is_named_in(self, data: bytes) -> bool:
        """Whether a datagram has our fragment in it: a glance, for when there are too many to read them all."""
        generations = filter(None, (self.generation, self._previous))
        return any(f"{each.ours.fragment}:".encode() in data for each in generations)

    def restart(self, generation: Generation) -> None:
        """SDP brought new credentials. Media goes where it went, until a pair of the new generation is nominated."""
        if generation != self.generation:
            self._previous, self.generation = self.generation, generation

    def receive(self, data: bytes, source: Address, now: float) -> bytes | None:
        """Take in what may be a check. Returns the answer, if there is one to be sent back to its source."""
        try:
            message = StunMessage.parse(data)
            if message.kind is not Class.REQUEST:
                return None  # a keep-alive (RFC 8445 section 11), or an answer to nobody
            return self._answer(message, data, source, now)
        except StunError:
            self.refused += 1
            return None

    def _answer(self, message: StunMessage, data: bytes, source: Address, now: float) -> bytes:
        """RFC 8445 section 7.3; raises `StunError` for an attribute that is not what it should be."""
        for generation in filter(None, (self.generation, self._previous)):
            if message.username == generation.username and is_authentic(data, generation.ours.password.encode()):
                return self._answer_the_far_end(message, generation, source, now)
        self.refused += 1
        return _refusal_of_a_stranger(message).written()

    def _answer_the_far_end(self, message: StunMessage, generation: Generation, source: Address, now: float) -> bytes:
        key = generation.ours.password.encode()
        for refuses in REFUSALS:
            if (refusal := refuses(message)) is not None:
                self.refused += 1
                return refusal.written(key)
        self._checked_at = now
        self._note(message, generation, source, now)
        return binding_success(message, source).written(key)

    def _note(self, message: StunMessage, generation: Generation, source: Address, now: float) -> None:
        """The pair works; it may be the one to use."""
        pair = self._pairs.get(source)
        if pair is None or pair.generation != generation:
            if pair is not None and pair.generation == self.generation:
                return  # a late check of before the restart
            self._make_room()
            pair = self._pairs[source] = Pair(generation, 0, now)
        pair.priority, pair.checked_at = message.number(Attribute.PRIORITY) or 0, now
        if message.find(Attribute.USE_CANDIDATE) is None:
            return
        pair.nominated_at = now
        if self._gives_way_to(pair, now):
            self._selected = source
            if generation == self.generation:
                self._end_restart()

    def _gives_way_to(self, other: Pair, now: float) -> bool:
        """Whether the pair in use does, to one that was just nominated."""
        current = None if self._selected is None else self._pairs.get(self._selected)
        if current is None or current.nominated_at is None:
            return True
        if current.generation != other.generation:
            return other.generation == self.generation
        return current.priority <= other.priority or now - current.nominated_at > SETTLED_S

    def _end_restart(self) -> None:
        """The new generation has its pair: what is of before is not believed any more (RFC 8445 section 9)."""
        if self._previous is not None:
            self._previous = None
            self._pairs = {at: pair for at, pair in self._pairs.items() if pair.generation == self.generation}

    def _make_room(self) -> None:
        """Forget the address that was idle for longest; never the one in use."""
        if len(self._pairs) >= MOST_PAIRS:
            idle = (at for at in self._pairs if at != self._selected)
            del self._pairs[min(idle, key=lambda at: self._pairs[at].checked_at)]


def _refusal_of_a_stranger(message: StunMessage) -> StunMessage:
    """RFC 8489 section 9.1.3: what is missing is a bad request, what is wrong is not authorized."""
    if message.find(Attribute.USERNAME) is None or not message.has_integrity:
        return error_response(message, 400, "Bad Request")
    return error_response(message, 401, "Unauthorized")


def _another_method(message: StunMessage) -> StunMessage | None:
    return None if message.method == BINDING else error_response(message, 400, "Bad Request")


def _what_we_do_not_understand(message: StunMessage) -> StunMessage | None:
    """RFC 8489 section 6.3.1."""
    names = message.unknown(KNOWN)
    return error_response(message, 420, "Unknown Attribute", unknown_attributes(names)) if names else None


def _a_role_that_is_taken(message: StunMessage) -> StunMessage | None:
    """One who has candidates to try is in control (RFC 8445 section 6.1.1); 487 tells it so (section 7.3.1.1)."""
    if message.number(Attribute.ICE_CONTROLLED) is None:
        return None
    return error_response(message, 487, "Role Conflict")


def _no_priority(message: StunMessage) -> StunMessage | None:
    """Every check has one (RFC 8445 section 7.1.1)."""
    return error_response(message, 400, "Bad Request") if message.number(Attribute.PRIORITY) is None else None


REFUSALS: Final[tuple[Callable[[StunMessage], StunMessage | None], ...]] = (
    _another_method,
    _what_we_do_not_understand,
    _a_role_that_is_taken,
    _no_priority,
)
"""What a check of the far end may meet, in this order."""
