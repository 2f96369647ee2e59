"""A whole node in this process, in virtual time: SIP, media, TwiML, REST, webhooks, phones, and nothing else.

    async with World() as world:
        world.app.answers("/voice", "<Response><Dial><Conference>room</Conference></Dial></Response>")
        await world.number("+15550001000", "/voice")
        alice, bob = await world.phone("alice"), await world.phone("bob")
        hers, his = await alice.dial("+15550001000"), await bob.dial("+15550001000")

Run it with `mixminus.testing.virtual_time.run_virtual`.
"""

import asyncio
import random as randomness
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from mixminus.api.app import build_api
from mixminus.api.auth import Account, Accounts
from mixminus.app.assembly import Node, Shells, assemble
from mixminus.app.exchange import Exchange
from mixminus.app.sounds.audio_fetch import AudioFetch
from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import ACCOUNT, PHONE_NUMBER, Sids
from mixminus.base.types import Sid
from mixminus.calls.records import EventRecord, NumberRecord, VoiceInstructions
from mixminus.media.contract import UseCertificate
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.in_process import InProcessPlane
from mixminus.media.ports import IMAGINARY_HOST, ImaginaryPorts
from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address as SipAddress
from mixminus.sip.contract import Transmit, Transport
from mixminus.sip.io.pump import SipPump
from mixminus.sip.io.resolver import Resolver
from mixminus.sip.messages.uri import hosts_of
from mixminus.sip.settings import SipSettings
from mixminus.sip.tracing.trace import SipTrace
from mixminus.speech.io.offline import OfflineVoice
from mixminus.speech.providers import ConfiguredProviders
from mixminus.stir.certificates import NoCertificate
from mixminus.store.contract import Is, Where
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.testing.agent_network import AgentNetwork
from mixminus.testing.failing_gateway import FailingGateway
from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.network import Address
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.rest import sdk_for
from mixminus.testing.scripted_recogniser import ScriptedRecogniser
from mixminus.testing.sounds import NotePrompts
from mixminus.testing.webhook_app import WebhookApp
from mixminus.testing.zone import Zone
from mixminus.webhooks.contract import HttpFailure, Sent, WebhookCall
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.asgi import AsgiFetch
from mixminus.webhooks.io.sender import WebhookSender
from mixminus.webhooks.outbox import Delivery
from mixminus.webhooks.signing import signature
from mixminus.webrtc.io.certificates import make_certificate

Phone = TypeVar("Phone", bound=VirtualPhone)

TICK_S: Final = 0.02

EPOCH: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The wall clock when a world begins."""

APP_HOST: Final = "app.example.com"
"""Where the webhook application lives: `http://app.example.com/voice`."""

SIP: Final = ("10.0.0.1", 5060)
"""Where the node takes calls."""

AUTH_TOKEN: Final = "0123456789abcdef0123456789abcdef"

SMALL_ENGINE: Final = EngineSettings(legs=64, rooms=32, players=64, recorders=16, happenings=256)


class World:
    """A node and its surroundings. Phones close with it.

    `app` is the webhook application, `twilio` the official SDK (use its `…_async` methods), `exchange` and `store`
    the node itself, `network` what everybody is on, `names` its DNS, `agents` those that Media Streams and relays
    reach, `hearing` what relays understand.
    """

    def __init__(self, *, settings: Settings | None = None, seed: int = 1) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mixminus-world-")
        self._given = settings
        self._seed = seed
        self._phones: list[VirtualPhone] = []
        self.app = WebhookApp()
        self.names = Zone()
        self.agents = AgentNetwork()
        self.hearing = ScriptedRecogniser()
        self.random = randomness.Random(seed)
        self.network = MemoryNetwork(randomness.Random(seed))
        self.account_sid = Sid(ACCOUNT + "1" * 32)
        self.auth_token = AUTH_TOKEN
        self.callback_failures: list[str] = []
        self.certificates: dict[str, bytes] = {}
        """What carriers' certificate servers give, by URL."""
        self.certificates_take_s = 0.0

    # --- life -----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        folder = Path(self._folder.name)
        self.settings = self._given or Settings(data=folder)
        self.settings.recordings_folder.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(loop.time, lambda: EPOCH + timedelta(seconds=loop.time()))
        self.store = SqlStore("sqlite://", InlineRunner())
        self.engine = Engine(SMALL_ENGINE, self.random.randbytes, ImaginaryPorts())
        self.plane = InProcessPlane(self.engine, self._send_rtp)
        self._certificate = make_certificate()
        self.plane.apply(UseCertificate(self._certificate.der, self._certificate.key_der))
        self.sip = SipAgent(self._sip_settings(), self.random.randbytes)
        self._resolver = Resolver(loop.time, self.random.randrange, self.names.ask)
        self.trace = SipTrace()
        fetch = AsgiFetch({APP_HOST: self.app})
        courier = Courier(
            AUTH_TOKEN, fetch, loop.time, lambda: self.random.randbytes(8).hex(), on_sent=self._webhook_sent
        )
        self.sender = WebhookSender(courier, self._callback_failed)
        self.node = self._assemble(courier)
        account = Account(self.account_sid, AUTH_TOKEN, date_created=EPOCH)
        self.api = build_api(self.node.exchange, Accounts(account, self.store, self.random.randbytes))
        self.twilio = sdk_for(self.api, self.account_sid, AUTH_TOKEN)
        await self._connect_sip(loop)
        self.network.attach(IMAGINARY_HOST, self._rtp_arrived)
        self.node.incoming.open = True
        self._ticking = loop.call_later(TICK_S, self._tick, loop.time() + TICK_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for phone in self._phones:
            await phone.close()
        await asyncio.sleep(0.1)
        await self.sender.drain(5.0)
        await self.sender.close()
        await self.node.tasks.close()
        self._ticking.cancel()
        self._pump.close()
        self.engine.close()
        self.store.close()
        self._folder.cleanup()

    # --- what a test uses -----------------------------------------------------------------------------------------

    @property
    def exchange(self) -> Exchange:
        """The node's commands."""
        return self.node.exchange

    async def phone(self, user: str, **options: object) -> VirtualPhone:
        """A phone on the node's network, with an address of its own."""
        return await self._opened(VirtualPhone, user, options)

    async def gateway(self, name: str, **options: object) -> FailingGateway:
        """The same for a gateway of a carrier, which answers until it is told to fail."""
        return await self._opened(FailingGateway, name, options)

    async def number(self, phone_number: str, path: str, fallback_path: str | None = None) -> NumberRecord:
        """A number whose calls are answered by the application at *path*."""
        now = self.clock.utc()
        record = NumberRecord(
            sid=Sids(self.random.randbytes).new(PHONE_NUMBER),
            account_sid=self.account_sid,
            phone_number=phone_number,
            friendly_name=phone_number,
            date_created=now,
            date_updated=now,
            voice=VoiceInstructions(self.url(path), voice_fallback_url=fallback_path and self.url(fallback_path)),
        )
        await self.store.save(record)
        return record

    def url(self, path: str) -> str:
        """A path of the application as a URL."""
        return f"http://{APP_HOST}{path}"

    async def events(self, sid: str) -> list[str]:
        """The names of everything that happened to a call or a conference, in order."""
        found = await self.store.query(EventRecord, Where("subject_sid", Is.EQUAL, sid))
        return [event.name for event in sorted(found, key=lambda event: event.sequence_number)]

    async def _opened(self, kind: type[Phone], user: str, options: Mapping[str, object]) -> Phone:
        host = f"10.0.1.{len(self._phones) + 1}"
        phone = kind(self.network, user=user, host=host, server=SIP, **options)  # type: ignore[arg-type]
        await phone.open()
        self._phones.append(phone)
        return phone

    # --- inside ---------------------------------------------------------------------------------------------------

    def _sip_settings(self) -> SipSettings:
        trusted = frozenset(f"10.0.1.{number}" for number in range(1, 255))
        gateways = hosts_of(uri for trunk in self.settings.trunks for uri in trunk.uris)
        return SipSettings(
            *SIP,
            users=self.settings.users,
            trusted_hosts=trusted,
            trunk_hosts=gateways,
            session_expires_s=self.settings.session_expires_s,
        )

    def _assemble(self, courier: Courier) -> Node:
        prompts = NotePrompts(Path(self._folder.name), AudioFetch(courier))
        voice = OfflineVoice(prompts.speech, lambda language: True)
        shells = Shells(
            clock=self.clock,
            random_bytes=self.random.randbytes,
            store=self.store,
            media=self.plane,
            prompts=prompts,
            courier=courier,
            deliver=self._deliver,
            sip=self.sip,
            trace=self.trace,
            locate=self._resolver.locate,
            public_url=lambda: "http://node.example.com",
            dial_agent=self.agents.dial,
            auth_token=AUTH_TOKEN,
            sign=partial(signature, AUTH_TOKEN),
            media_fingerprint=self._certificate.fingerprint,
            speech=ConfiguredProviders({"deepgram": self.hearing}, {"elevenlabs": voice}, (None, voice)),
            certificates=self._signers_certificate,
        )
        return assemble(self.settings, self.account_sid, shells)

    async def _signers_certificate(self, url: str) -> bytes:
        await asyncio.sleep(self.certificates_take_s)
        if url not in self.certificates:
            raise NoCertificate("nothing is there")
        return self.certificates[url]

    def _deliver(self, key: str, call: WebhookCall, failure_code: int) -> None:
        self.sender.send(key, call, failure_code)

    def _callback_failed(self, delivery: Delivery, failure: HttpFailure) -> None:
        self.callback_failures.append(str(failure))
        self.node.logs.alerts.callback_failed(delivery, failure)

    def _webhook_sent(self, sent: Sent) -> None:
        self.node.logs.webhooks.sent(sent)

    async def _connect_sip(self, loop: asyncio.AbstractEventLoop) -> None:
        port = await self.network.open_datagrams(SIP, self._sip_arrived)

        def send(transmit: Transmit) -> None:
            port.send(transmit.data, (transmit.to.host, transmit.to.port))

        self._pump = SipPump(self.sip, loop.time, loop, send, self.node.desk.heard, self.trace)
        self.node.desk.drain = self._pump.drain
        self.node.reachable_at(*SIP)

    def _sip_arrived(self, data: bytes, source: Address) -> None:
        self._pump.receive(data, SipAddress(Transport.UDP, *source))

    # --- media: 20 ms at a time -----------------------------------------------------------------------------------

    def _tick(self, due: float) -> None:
        self.plane.tick()
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_at(due + TICK_S, self._tick, due + TICK_S)

    def _send_rtp(self, local_port: int, destination: tuple[str, int], packet: bytes) -> None:
        self.network.carry(packet, (IMAGINARY_HOST, local_port), destination)

    def _rtp_arrived(self, packet: bytes, source: Address, to: Address) -> None:
        self.plane.receive(to[1], packet, source)
