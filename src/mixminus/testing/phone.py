"""A SIP phone that a test holds in its hand."""

import asyncio
import contextlib
import random as randomness
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from mixminus.testing.browser_line import BrowserLine
from mixminus.testing.call import Call
from mixminus.testing.call_state import CallState
from mixminus.testing.clips import load_clip
from mixminus.testing.errors import CallRefused
from mixminus.testing.g711 import LAWS, Samples
from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.line import AudioLine
from mixminus.testing.network import Address, Network
from mixminus.testing.outgoing_call import OutgoingCall
from mixminus.testing.policy import Answers, AnswersAfterEarlyMedia, Policy, Rejects, RingsForever, Waits
from mixminus.testing.srtp import SUITES
from mixminus.testing.user_agent.agent import UserAgent
from mixminus.testing.user_agent.digest import Credentials
from mixminus.testing.user_agent.message import Request, Response, address_of, written
from mixminus.testing.user_agent.transactions import ServerTransaction
from mixminus.testing.user_agent.wire import TransportName
from mixminus.testing.voice import Clip, Hum, Silence, Voice

_FAREWELL_S: Final = 2.0  # how long a closing phone waits for its BYEs to be answered


class VirtualPhone:
    """Dials, answers, speaks and listens. Use it as `async with VirtualPhone(...) as phone`.

    `server` is where numbers are dialled and where it registers. Without a `random` of its own a phone draws tags
    and identifiers from a source seeded by its user and address, so a run in memory repeats exactly. With suites of
    SRTP every call of it is secured, by keys in SDP, and plain ones are refused (488). A browser secures them by a
    handshake instead, and is found by its checks.
    """

    def __init__(
        self,
        network: Network,
        *,
        user: str = "alice",
        host: str = "127.0.0.1",
        server: Address = ("127.0.0.1", 5060),
        transport: TransportName = "udp",
        codec: str = "PCMU",
        password: str | None = None,
        srtp: tuple[str, ...] = (),
        is_browser: bool = False,
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
        random: randomness.Random | None = None,
    ) -> None:
        if codec not in LAWS:
            raise ValueError(f"a virtual phone speaks {' and '.join(LAWS)}, not {codec}")
        self.network = network
        self.user = user
        self.host = host
        self.server = server
        if strange := set(srtp) - SUITES.keys():
            raise ValueError(f"a virtual phone secures by {', '.join(SUITES)}, not {', '.join(strange)}")
        self.law = LAWS[codec]
        self.srtp = srtp
        self.is_browser = is_browser
        self.random = random or randomness.Random()
        self.calls: list[Call] = []
        """Every call of this phone, ended ones too, in order."""
        self.transfers_refused_with: int | None = None
        """The status for a REFER; None: the phone does as it is told, and calls whom it is sent to."""
        self.agent = UserAgent(
            network,
            user=user,
            host=host,
            transport=transport,
            random=self.random,
            on_invite=self._invited,
            credentials=None if password is None else Credentials(user, password),
            algorithms=algorithms,
        )
        self._seeded = random is not None
        self._policy: Policy = Waits()
        self._make_voice: Callable[[], Voice] = Silence
        self._incoming: asyncio.Queue[IncomingCall] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Take a signalling port."""
        await self.agent.wire.open()
        if not self._seeded:
            self.random.seed(f"{self.user} at {self.address}")

    async def close(self) -> None:
        """Hang up what is live, and be gone. Raises what went wrong in the background, if anything did."""
        live = [call.hang_up() for call in self.calls if call.state is not CallState.ENDED]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await asyncio.gather(*live)
        self.vanish()
        if self._failures:
            raise self._failures[0]

    def vanish(self) -> None:
        """Be gone without a word, with all calls, like a phone whose battery died."""
        for task in self._tasks:
            task.cancel()
        for call in self.calls:
            call.vanish()
        self.agent.close()

    @property
    def address(self) -> Address:
        """Where its signalling arrives."""
        return self.agent.wire.address

    @property
    def uri(self) -> str:
        """What somebody dials to reach this phone directly."""
        return self.agent.uri

    @property
    def identity(self) -> str:
        """The address of record: the user at the server."""
        host = self.server[0]
        return f"sip:{self.user}@[{host}]" if ":" in host else f"sip:{self.user}@{host}"

    def new_line(self) -> AudioLine:
        """The audio of one more call."""
        if self.is_browser:
            return BrowserLine(self.law, self.random)
        return AudioLine(self.law, self.random, self.srtp)

    # --- calling -----------------------------------------------------------------------------------------------

    async def dial(
        self,
        target: str,
        *,
        offer: bool = True,
        headers: Mapping[str, str] | None = None,
        patience_s: float = 120.0,
    ) -> OutgoingCall:
        """Call a number (at the server) or a `sip:` URI (where it says), and return the answered call.

        `offer=False` sends the INVITE without SDP. Raises `CallRefused`: with 487 after *patience_s* of ringing.
        """
        call = await self.place(target, offer=offer, headers=headers)
        try:
            await call.answered(within_s=patience_s)
        except TimeoutError:
            await call.hang_up()
            raise CallRefused(call.end.status if call.end else 408, "nobody answered") from None
        return call

    async def place(
        self, target: str, *, offer: bool = True, headers: Mapping[str, str] | None = None
    ) -> OutgoingCall:
        """Like `dial`, but return as soon as the INVITE is sent."""
        is_uri = target.lower().startswith(("sip:", "sips:"))
        host, port = self.server
        uri = target if is_uri else f"sip:{target}@{written(host, port)}"
        call = OutgoingCall(self, uri, address_of(uri))
        call.voice = self._make_voice()
        self.calls.append(call)
        await call.begin(offer=offer, headers=headers or {})
        return call

    async def next_call(self, within_s: float | None = None) -> IncomingCall:
        """Wait for somebody to call; every incoming call is handed out once. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            return await self._incoming.get()

    async def register(
        self, expires_s: int = 3600, parameters: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Register at the server; 0 seconds removes the registration. It is not refreshed by itself.

        *parameters* follow the Contact: `;q=0.5`. Raises `CallRefused` with the status of the refusal.
        """
        host, port = self.server
        request = Request("REGISTER", f"sip:{written(host, port)}")
        request.headers.add("Max-Forwards", "70")
        request.headers.add("From", f"<{self.identity}>;tag={self.agent.token()}")
        request.headers.add("To", f"<{self.identity}>")
        request.headers.add("Call-ID", f"{self.agent.token()}@{self.host}")
        request.headers.add("CSeq", "1 REGISTER")
        request.headers.add("Expires", str(expires_s))
        request.headers.add("Contact", f"<{self.uri}>{parameters}")
        for name, value in (headers or {}).items():
            request.headers.add(name, value)
        response = await self.agent.ask(request, self.server)
        if response.status >= 300:
            raise CallRefused(response.status, response.reason)
        return response

    # --- being called ------------------------------------------------------------------------------------------

    def waits(self) -> None:
        """Leave incoming calls to whoever takes `next_call` (this is how a phone begins)."""
        self._policy = Waits()

    def answers(self, after_s: float = 0.0) -> None:
        """Ring incoming calls for so long, then answer them."""
        self._policy = Answers(after_s)

    def answers_after_early_media(self, after_s: float) -> None:
        """Let incoming calls hear the phone's voice for so long (183 with SDP), then answer them."""
        self._policy = AnswersAfterEarlyMedia(after_s)

    def rejects(self, status: int = 486, after_s: float = 0.0) -> None:
        """Refuse incoming calls, at once or after ringing for so long."""
        self._policy = Rejects(status, after_s)

    def rings_forever(self) -> None:
        """Ring, and never answer."""
        self._policy = RingsForever()

    # --- the voice of all calls --------------------------------------------------------------------------------

    def hum(self, frequency_hz: float, level_db: float = 0.0) -> None:
        """Hum a note in every call there is and will be."""
        self._speak(lambda: Hum(frequency_hz, level_db))

    def play(self, clip: Samples | str | Path) -> None:
        """Play samples or a WAV file in every call there is, and at the beginning of every call to come."""
        samples = load_clip(clip) if isinstance(clip, str | Path) else clip
        self._speak(lambda: Clip(samples))

    def silence(self) -> None:
        """Say nothing in every call there is and will be."""
        self._speak(Silence)

    def _speak(self, make_voice: Callable[[], Voice]) -> None:
        self._make_voice = make_voice
        for call in self.calls:
            call.voice = make_voice()

    # --- its tasks ---------------------------------------------------------------------------------------------

    def keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run *work* as long as this phone lives."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    def _invited(self, transaction: ServerTransaction) -> None:
        call = IncomingCall(self, transaction)
        call.voice = self._make_voice()
        self.calls.append(call)
        self.keep(self._take(call), f"{self.user} is called")

    async def _take(self, call: IncomingCall) -> None:
        await call.line.open(self.network, self.host)
        self._incoming.put_nowait(call)
        if call.state is CallState.ENDED:
            return  # the caller gave up while the line was being opened
        match self._policy:
            case Waits():
                pass
            case Rejects(status, after_s=0):
                call.reject(status)
            case Rejects(status, after_s):
                call.ring()
                await asyncio.sleep(after_s)
                if call.state is CallState.RINGING:
                    call.reject(status)
            case RingsForever():
                call.ring()
            case Answers(after_s):
                call.ring()
                await self._answer(call, after_s)
            case AnswersAfterEarlyMedia(after_s):
                call.early_media()
                await self._answer(call, after_s)

    async def _answer(self, call: IncomingCall, after_s: float) -> None:
        if after_s > 0:
            await asyncio.sleep(after_s)
        if call.state is CallState.RINGING:
            call.answer()
