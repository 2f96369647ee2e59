"""Where a story is played: a node, the example application, phones and AIs, over real loopback sockets."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mixminus.app.account import credentials
from mixminus.base.settings import DeclaredNumber, Endpoint, PortRange, Settings
from mixminus.cli.running import RunningNode
from mixminus.demo.errors import DemoCannotRun
from mixminus.demo.judging import Heard
from mixminus.demo.lines import Line
from mixminus.demo.listening import LISTEN_S, has_music, listen, notes_of
from mixminus.demo.program import Program, free_port
from mixminus.demo.story import (
    NUMBER,
    Asks,
    Cue,
    Dials,
    Gone,
    HangsUp,
    Joins,
    PicksUp,
    Play,
    Rings,
    Scene,
    WaitsForMusic,
)
from mixminus.testing import AgentCall, AgentServer, Call, IncomingCall, LoopbackNetwork, PhoneError, VirtualPhone
from mixminus.testing.detection import RATE_HZ

PATIENCE_S: Final = 10.0
"""For everything that happens at once on a machine that is not overloaded."""

BEEP_S: Final = 0.6
"""After a cue: the tones that announce who comes have sounded by then."""

MUSIC_S: Final = 5.0
"""For the first music: it is decoded when it is first needed."""

POLL_S: Final = 0.1

RING_S: Final = 0.5
"""How long a phone rings at least: long enough to be seen in the picture."""

PASSWORD: Final = "demo"
LOOPBACK: Final = "127.0.0.1"


class Stage:
    """`async with Stage(play, folder) as stage`, then `perform`, `say` and `listen` scene by scene."""

    def __init__(self, play: Play, folder: Path) -> None:
        self.play = play
        self.notes = notes_of(play.cast)
        self.calls: dict[str, Call | AgentCall] = {}
        self.room = ""
        self._folder = folder
        self._ringing: dict[str, IncomingCall] = {}
        self._phones: dict[str, VirtualPhone] = {}
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._opened.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def _open(self) -> None:
        """The application is there before the node and goes after it: a stopping node still tells it things."""
        self._agents = await self._opened.enter_async_context(AgentServer())
        account = credentials(self._folder, os.environ, os.urandom, datetime.now(UTC))
        http, app_port = Endpoint(LOOPBACK, free_port()), free_port()
        told = {
            "TWILIO_ACCOUNT_SID": account.account_sid,
            "TWILIO_AUTH_TOKEN": account.auth_token,
            "API_URL": f"http://{http}",
            "CALLER_ID": NUMBER,
            **{name: value.format(agents=self._agents.url) for name, value in self.play.environment.items()},
        }
        log = (self._folder / self.play.program).with_suffix(".log")
        self.program = Program(self.play.program, app_port, told, log)
        await self._opened.enter_async_context(self.program)
        people = [name for name in self.play.cast if name not in self.play.agents]
        settings = _settings(self._folder, http, f"{self.program.url}/voice", people)
        self.node = await self._opened.enter_async_context(RunningNode(settings, account))
        for user in people:
            self._phones[user] = await self._opened.enter_async_context(self._phone(user))
            if user != self.play.caller:
                await self._phones[user].register()
        await self.program.serving()

    def _phone(self, user: str) -> VirtualPhone:
        server = (self.node.sip.host, self.node.sip.port)
        password = None if user == self.play.caller else PASSWORD
        return VirtualPhone(LoopbackNetwork(), user=user, server=server, password=password)

    # --- playing --------------------------------------------------------------------------------------------------

    async def perform(self, cue: Cue) -> None:
        """Do it, and return when it is done. Raises `DemoCannotRun`."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._perform(cue)
        except (TimeoutError, PhoneError) as failure:
            why = str(failure) or f"nothing happened within {PATIENCE_S:.0f} s"
            raise DemoCannotRun(f"{cue} failed: {why}. The logs are in {self._folder}.") from failure

    async def _perform(self, cue: Cue) -> None:
        match cue:
            case Dials(who):
                self.calls[who] = await self._phones[who].dial(NUMBER)
                self.room = await self._room_of(who)
            case Rings(who):
                self._ringing[who] = await self._phones[who].next_call()
                self._ringing[who].ring()
                await asyncio.sleep(RING_S)
            case PicksUp(who):
                answered = self.calls[who] = self._ringing.pop(who)
                answered.answer()
                await answered.answered()
            case Asks(action, form):
                await self.program.ask(f"/rooms/{self.room}/{action}", form)
            case WaitsForMusic(who):
                await self._music_for(self.calls[who])
            case Joins(who):
                self.calls[who] = await self._agents.next_call(who)
            case Gone(who):
                await self.calls[who].ended()
            case HangsUp(who):
                call = self.calls[who]
                assert isinstance(call, Call), "AIs are dismissed"
                await call.hang_up()

    async def _music_for(self, call: Call | AgentCall) -> None:
        """Wait for music. Whether there was any is for the listening to say."""
        give_up_at = asyncio.get_running_loop().time() + MUSIC_S
        while (now := asyncio.get_running_loop().time()) < give_up_at:
            if has_music(call.heard_between(now - LISTEN_S, now)):
                return
            await asyncio.sleep(POLL_S)

    async def _room_of(self, label: str) -> str:
        """The room that somebody is in; answered calls are put there a moment after."""
        while True:
            for room, labels in (await self.program.rooms()).items():
                if label in labels:
                    return room
            await asyncio.sleep(POLL_S)

    async def say(self, line: Line | None) -> None:
        """Say a line, and let the tones pass that announce who comes."""
        spoken_s = 0.0
        if line is not None:
            self.calls[line.who].play(line.samples)
            spoken_s = len(line.samples) / RATE_HZ
        await asyncio.sleep(max(BEEP_S, spoken_s))

    async def listen(self, scene: Scene) -> tuple[Heard, tuple[float, float]]:
        """What everybody present hears, and when that was (the loop's clock)."""
        return await listen({name: self.calls[name] for name in scene.present}, self.notes)

    async def everybody_gone(self) -> bool:
        """Whether nobody is on the phone any more, and the server knows of no room."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < deadline:
            if not await self.program.rooms():
                return all(call.is_over for call in self.calls.values())
            await asyncio.sleep(POLL_S)
        return False


def _settings(folder: Path, http: Endpoint, voice_url: str, users: Iterable[str]) -> Settings:
    return Settings(
        data=folder,
        http=http,
        sip=Endpoint(LOOPBACK, 0),
        rtp=PortRange(LOOPBACK, 0, 0),  # the system chooses
        users=dict.fromkeys(users, PASSWORD),
        numbers=(DeclaredNumber(NUMBER, voice_url),),
    )
