"""The built-in tools: what an agent may do with the call it is on. Pure but for the room it is given.

A room is the conference that the agent's stream belongs to, reached with the official SDK (`io/twilio_room.py`).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from mixminus.tools.errors import ToolError
from mixminus.tools.invocation import Invocation, Json
from mixminus.tools.policy import Policy
from mixminus.tools.toolbox import Effect, Toolbox

RING_S: Final = 25
"""How long a phone rings for a caller who waits."""
LOOK_S: Final = 0.25
"""How often it is asked whether somebody has answered."""

WHILE_RINGING: Final = Policy(deadline_s=RING_S + 10.0, attempts=4, first_pause_s=0.25, longest_pause_s=2.0)


@dataclass(frozen=True, slots=True)
class Present:
    """A participant: `status` is Twilio's word, `connected` once it has answered."""

    call_sid: str
    label: str
    status: str


class Room(Protocol):
    """The agent's conference. Raises `ToolError`, `RateLimited`, `TimedOut`."""

    async def participants(self) -> list[Present]: ...

    async def add(self, to: str, label: str, *, from_: str, ring_s: int) -> None:
        """Call somebody in; they do not end the conference by leaving."""

    async def hold(self, call_sid: str, *, held: bool) -> None: ...

    async def coach(self, call_sid: str, whom: str) -> None:
        """From now on *call_sid* is heard by *whom* alone."""

    async def remove(self, call_sid: str) -> None: ...

    async def message(self, to: str, body: str, *, from_: str) -> str:
        """Send a text message; its SID."""

    async def end(self) -> None:
        """End the conference, or the agent's own call if it is in none."""


@dataclass(frozen=True, slots=True)
class OnTheCall:
    """Who the agent is and whom it may call."""

    own_call_sid: str
    on_call: str = ""
    from_number: str = ""


def conference_tools(room: Room, who: OnTheCall, sleep: Callable[[float], Awaitable[None]]) -> Toolbox:
    """The built-in tools, for one agent in one room."""
    box = Toolbox()
    desk = _Desk(room, who, sleep)

    @box.tool(Effect.KEYED, policy=WHILE_RINGING)
    async def escalate(invocation: Invocation, reason: str) -> dict[str, Json]:
        """Get the person who is on call into the conversation. Say so first. From then on you whisper to that person
        alone: the caller no longer hears you. Fails if nobody answers."""
        if not who.on_call:
            raise ToolError("nobody is on call")
        human = await desk.bring(who.on_call, _label("on-call", invocation))
        await room.coach(who.own_call_sid, human.call_sid)
        _remember(invocation, "escalations", {"reason": reason, "call_sid": human.call_sid})
        return {"call_sid": human.call_sid, "now": "you whisper to the person; the caller does not hear you"}

    @box.tool(Effect.KEYED, policy=WHILE_RINGING)
    async def transfer(invocation: Invocation, to: str) -> dict[str, Json]:
        """Call a number, sip: or client: address into the conversation, and leave it when they have answered."""
        other = await desk.bring(to, _label("transfer", invocation))
        _remember(invocation, "transfers", {"to": to, "call_sid": other.call_sid})
        await room.remove(who.own_call_sid)
        return {"call_sid": other.call_sid}

    @box.tool(Effect.KEYED, policy=WHILE_RINGING)
    async def add_participant(invocation: Invocation, to: str, label: str = "") -> dict[str, Json]:
        """Call a number, sip: or client: address into the conversation, and stay in it."""
        other = await desk.bring(to, label or _label("guest", invocation))
        return {"call_sid": other.call_sid, "label": other.label}

    @box.tool(Effect.SETS)
    async def hold(participant: str, held: bool = True) -> dict[str, Json]:
        """Put a participant, by label or call SID, on hold; with held=false, take them back."""
        found = await desk.find(participant)
        await room.hold(found.call_sid, held=held)
        return {"call_sid": found.call_sid, "held": held}

    @box.tool(Effect.ONCE)
    async def send_message(to: str, body: str) -> dict[str, Json]:
        """Send a text message."""
        return {"sid": await room.message(to, body, from_=who.from_number)}

    @box.tool(Effect.SETS)
    async def take_note(
        invocation: Invocation, name: str = "", number: str = "", reason: str = "", text: str = ""
    ) -> dict[str, Json]:
        """Write down what the caller wants, for the people who come in tomorrow."""
        said = {"name": name, "number": number, "reason": reason, "text": text}
        notes = _remember(invocation, "notes", {key: value for key, value in said.items() if value})
        return {"notes": notes}

    @box.tool(Effect.SETS)
    async def end_call() -> dict[str, Json]:
        """End the call, for everybody. Say goodbye first."""
        await room.end()
        return {"ended": True}

    return box


class _Desk:
    """What several tools do in the same way."""

    def __init__(self, room: Room, who: OnTheCall, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._room = room
        self._who = who
        self._sleep = sleep

    async def find(self, participant: str) -> Present:
        for each in await self._room.participants():
            if participant in (each.label, each.call_sid):
                return each
        raise ToolError(f"there is no participant {participant!r} in the conversation")

    async def bring(self, to: str, label: str) -> Present:
        """Call *to* in, unless somebody with *label* is there or being rung already, and wait for the answer."""
        if await self._labelled(label) is None:
            await self._room.add(to, label, from_=self._who.from_number, ring_s=RING_S)
        waited_s = 0.0
        while waited_s < RING_S + 5.0:
            found = await self._labelled(label)
            if found is not None and found.status == "connected":
                return found
            if found is None and waited_s > 2.0:  # refused, busy, or rung out; at first it may not be listed yet
                raise ToolError("they did not answer")
            await self._sleep(LOOK_S)
            waited_s += LOOK_S
        await self._room.remove(label)
        raise ToolError("they did not answer")

    async def _labelled(self, label: str) -> Present | None:
        return next((each for each in await self._room.participants() if each.label == label), None)


def _label(kind: str, invocation: Invocation) -> str:
    """The same for every attempt of one invocation, so that a second one finds whom the first one called."""
    return f"{kind}-{hashlib.sha256(f'{invocation.session} {invocation.key}'.encode()).hexdigest()[:12]}"


def _remember(invocation: Invocation, name: str, what: dict[str, Json]) -> int:
    kept = [*invocation.state.get(name, []), what]
    invocation.state[name] = kept
    return len(kept)


class NoRoom:
    """There is no room, and *why*: the call of a replay is over, or nobody told where it is."""

    def __init__(self, why: str = "the call is over") -> None:
        self._why = why

    async def participants(self) -> list[Present]:
        raise ToolError(self._why)

    async def add(self, to: str, label: str, *, from_: str, ring_s: int) -> None:
        raise ToolError(self._why)

    async def hold(self, call_sid: str, *, held: bool) -> None:
        raise ToolError(self._why)

    async def coach(self, call_sid: str, whom: str) -> None:
        raise ToolError(self._why)

    async def remove(self, call_sid: str) -> None:
        raise ToolError(self._why)

    async def message(self, to: str, body: str, *, from_: str) -> str:
        raise ToolError(self._why)

    async def end(self) -> None:
        raise ToolError(self._why)
