"""A story told in a node of its own: who calls in, who answers, who hears whom, and what the webhooks were told.

@scenario
async def test_…(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    bob = await scene.calls_in("bob", enter("room"))
    assert await scene.pairs() == everybody("alice", "bob")
"""

import asyncio
import itertools
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from twilio.twiml.voice_response import VoiceResponse

from mixminus.base.settings import Settings, Trunk
from mixminus.testing.call import Call
from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.listening import measure_matrix
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import note_wav
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.webhook_app import Answer, WebhookRequest
from mixminus.testing.world import World

Pairs = set[tuple[str, str]]
"""(listener, speaker)."""

NUMBER = "+15550009000"
"""Who calls, when the API does."""

CALLBACK = "http://app.example.com/events"
"""Where conferences tell of their events."""

TRUNK_HOST = "10.0.1.1"
"""The first phone of a scene with a trunk stands for the telephone network."""

TRUNK = Trunk("carrier", f"sip:{TRUNK_HOST}:40000", prefixes=("+1",))

ALL_EVENTS = "start end join leave mute hold modify speaker announcement"


class Scene:
    """A `World`, and everybody in it by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = world.app
        self.twilio: Any = world.twilio
        self.calls: dict[str, Call] = {}
        self._numbers = itertools.count(15_550_001_000)

    # --- coming in -------------------------------------------------------------------------------------------

    async def number_for(self, name: str, twiml: Answer, **reply: Any) -> str:
        """A number of its own that is answered with *twiml*."""
        self.app.answers(f"/{name}", twiml, **reply)
        number = f"+{next(self._numbers)}"
        await self.world.number(number, f"/{name}")
        return number

    async def calls_in(self, name: str, twiml: Answer, *, settle_s: float = 0.2, **options: Any) -> Call:
        """Somebody dials a number whose document is *twiml*, and is answered."""
        number = await self.number_for(name, twiml)
        phone = await self.world.phone(name, **options)
        call = self.calls[name] = await phone.dial(number)
        await asyncio.sleep(settle_s)
        return call

    async def phone(self, name: str, **options: Any) -> VirtualPhone:
        """A phone that answers at once, until told otherwise."""
        phone = await self.world.phone(name, **options)
        phone.answers()
        return phone

    async def adds(self, name: str, conference: str = "room", *, settle_s: float = 0.4, **parameters: Any) -> Any:
        """`participants.create` to a new phone of that name, which answers; returns what the SDK returned."""
        phone = await self.phone(name)
        added = await self.create(conference, phone, **parameters)
        self.calls[name] = await phone.next_call(within_s=2)
        await asyncio.sleep(settle_s)
        return added

    async def create(self, conference: str, phone: VirtualPhone, **parameters: Any) -> Any:
        """`participants.create`, and nothing is waited for."""
        participants = self.twilio.conferences(conference).participants
        return await participants.create_async(from_=NUMBER, to=phone.uri, **parameters)

    async def rings(self, phone: VirtualPhone, within_s: float = 2.0) -> IncomingCall:
        """The next call of a phone, kept under its name."""
        call = await phone.next_call(within_s=within_s)
        self.calls[phone.user] = call
        return call

    # --- what is known ---------------------------------------------------------------------------------------

    def sid(self, name: str) -> str:
        """The call SID of somebody who called in: what the first webhook said."""
        return self.app.received(f"/{name}")[0]["CallSid"]

    async def conference(self, name: str = "room", **filters: Any) -> Any:
        """The newest conference of that name, as the SDK fetches it."""
        found = await self.twilio.conferences.list_async(friendly_name=name, **filters)
        assert found, f"there is no conference {name}"
        return found[0]

    async def room(self, name: str = "room") -> Any:
        """The SDK's context of the live conference of that name."""
        found = [
            one for one in await self.twilio.conferences.list_async(friendly_name=name) if one.status != "completed"
        ]
        assert len(found) == 1, f"{len(found)} live conferences are called {name}"
        return self.twilio.conferences(found[0].sid)

    async def participants(self, name: str = "room", **filters: Any) -> dict[str, Any]:
        """Everybody in the live conference, by call SID."""
        room = await self.room(name)
        return {one.call_sid: one for one in await room.participants.list_async(**filters)}

    async def update(self, who: str, conference: str = "room", **changes: Any) -> Any:
        """`participants(…).update`, by name of a caller, call SID or label."""
        room = await self.room(conference)
        known = who in self.calls and self.app.received(f"/{who}")
        return await room.participants(self.sid(who) if known else who).update_async(**changes)

    async def call_status(self, sid: str) -> str:
        return str((await self.twilio.calls(sid).fetch_async()).status)

    # --- hearing ---------------------------------------------------------------------------------------------

    async def pairs(self, *names: str, settle_s: float = 0.15) -> Pairs:
        """Who hears whom, by listening; of everybody, or of *names*."""
        await asyncio.sleep(settle_s)
        calls = {name: self.calls[name] for name in names or self.calls}
        return set((await measure_matrix(calls)).pairs)

    def serves_note(self, path: str, hertz: int, seconds: float = 1.0) -> str:
        """A WAV file of one note; returns its URL."""
        self.app.serves(path, note_wav(hertz, seconds))
        return self.world.url(path)

    # --- webhooks --------------------------------------------------------------------------------------------

    def told(self, path: str = "/events", **form: str) -> list[WebhookRequest]:
        """What arrived at a callback."""
        return self.app.received(path, **form)

    def events(self, path: str = "/events") -> list[str]:
        """The names of the conference events that arrived, in the order of arrival."""
        return [request["StatusCallbackEvent"] for request in self.told(path)]

    def statuses(self, path: str) -> list[str]:
        """The call statuses that arrived."""
        return [request["CallStatus"] for request in self.told(path)]


Story = Callable[[Scene], Awaitable[None]]


def scenario(story: Story) -> Callable[[], None]:
    """Make a test of a story: a new node, in virtual time."""
    return scenario_with()(story)


def scenario_with(
    *,
    users: Mapping[str, str] | None = None,
    trunks: Iterable[Trunk] = (),
    rtp_timeout_s: float = 60.0,
    limit_s: float = 3_600.0,
    **more: Any,
) -> Callable[[Story], Callable[[], None]]:
    """The same with settings, and for at most *limit_s*."""

    def decorate(story: Story) -> Callable[[], None]:
        async def tell() -> None:
            with tempfile.TemporaryDirectory() as folder:
                known = dict(users or {})
                settings = Settings(
                    Path(folder), users=known, trunks=tuple(trunks), rtp_timeout_s=rtp_timeout_s, **more
                )
                async with World(settings=settings) as world:
                    await story(Scene(world))

        def test() -> None:
            run_virtual(tell(), limit_s=limit_s)

        test.__name__, test.__doc__, test.__module__ = story.__name__, story.__doc__, story.__module__
        return test

    return decorate


# --- documents, by the official SDK --------------------------------------------------------------------------------


def enter(name: str = "room", *, dial: Mapping[str, Any] | None = None, then: str = "", **attributes: Any) -> str:
    """`<Dial><Conference>`; *dial* are attributes of `<Dial>`, *then* is what is said after it."""
    response = VoiceResponse()
    response.dial(**(dial or {})).conference(name, **attributes)
    if then:
        response.say(then)
    return str(response)


def enter_telling(name: str = "room", events: str = ALL_EVENTS, **attributes: Any) -> str:
    """`<Dial><Conference>` that subscribes to events."""
    return enter(name, status_callback=CALLBACK, status_callback_event=events, **attributes)


def twiml(*verbs: str) -> str:
    """A document of verbs, written out."""
    return f"<Response>{''.join(verbs)}</Response>"


def everybody(*names: str) -> Pairs:
    """Who hears whom when all do."""
    return set(itertools.permutations(names, 2))
