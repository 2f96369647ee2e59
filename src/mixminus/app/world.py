"""Builds the control process and puts it on the network. The only module of `app` that imports shells."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import structlog

from mixminus.app.account import Credentials
from mixminus.app.assembly import Node, Shells, assemble
from mixminus.app.calls.call_session import Verdict
from mixminus.app.data_lock import DataLock
from mixminus.app.declared import declare
from mixminus.app.sounds.audio_fetch import AudioFetch
from mixminus.app.worker_watch import WINDING_UP_S, WorkerWatch
from mixminus.base.clock import Clock
from mixminus.base.errors import PortTaken
from mixminus.base.settings import Endpoint, Settings
from mixminus.calls.records import ApplicationRecord, CallStatus, NumberRecord
from mixminus.media.contract import UseCertificate
from mixminus.media.plane import WorkerPlane
from mixminus.prompts.io.library import PromptLibrary
from mixminus.prompts.io.voice import offline_voice
from mixminus.prompts.prompt import Fetched, Limits
from mixminus.sip.agent import SipAgent
from mixminus.sip.io.configured import means, sip_listeners, sip_tls
from mixminus.sip.io.dns_client import DnsClient
from mixminus.sip.io.listener import NotBound, SipListener
from mixminus.sip.io.resolver import Resolver
from mixminus.sip.messages.uri import hosts_of
from mixminus.sip.settings import USER_RATES, SipSettings, TrunkLimit
from mixminus.sip.tracing.trace import SipTrace
from mixminus.sip.trust.limits import Rate, Rates
from mixminus.speech.io.configured import configured
from mixminus.speech.providers import ConfiguredProviders
from mixminus.stir.io.repository import CertificateRepository
from mixminus.store.contract import Store
from mixminus.store.history import close_orphans
from mixminus.store.remembering import RememberingStore
from mixminus.store.sql import SqlStore
from mixminus.streams.io.agent_socket import dial_agent
from mixminus.webhooks.contract import HttpFailure, Sent, WebhookCall
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.http import AiohttpFetch
from mixminus.webhooks.io.sender import WebhookSender
from mixminus.webhooks.io.timed import TimedFetch
from mixminus.webhooks.outbox import Delivery
from mixminus.webhooks.overrides import OverrideWarning
from mixminus.webhooks.signing import signature
from mixminus.webrtc.io.certificates import make_certificate

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.node")

LAST_CALLBACKS_S = 5.0
"""How long a stopping node tries to deliver what it owes."""


class World:
    """One node: `async with World(settings, credentials) as world`, then `world.open()`."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self.settings = settings
        self.credentials = credentials
        self.public_url = settings.public_url or f"http://{settings.http}"
        self.sip_address = settings.sip
        self.hurry = asyncio.Event()
        """Set it, and a drain or a stop waits for nobody any more."""
        self.failed_callbacks: Counter[int] = Counter()
        self.node: Node
        self.sip_listener: SipListener | None = None

    async def __aenter__(self) -> Self:
        settings, loop = self.settings, asyncio.get_running_loop()
        for folder in (settings.recordings_folder, settings.media_folder, settings.prompts_folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = DataLock(settings.data)
        self.clock = Clock(loop.time, lambda: datetime.now(UTC))
        try:
            self.store = await asyncio.to_thread(SqlStore, settings.database or _sqlite(settings))
        except BaseException:
            self._lock.release()
            raise
        self._certificate = make_certificate()
        shown = UseCertificate(self._certificate.der, self._certificate.key_der)
        rtp = settings.rtp
        self._plane = WorkerPlane(rtp.host, rtp.low, rtp.high, settings.workers, (shown,))
        self._http = AiohttpFetch()
        self.fetch = TimedFetch(self._http, loop.time)
        self._certificates = CertificateRepository(loop.time, private=settings.stir_private)
        courier = Courier(
            self.credentials.auth_token,
            self.fetch,
            loop.time,
            lambda: os.urandom(16).hex(),
            on_override=self._override_ignored,
            on_sent=self._webhook_sent,
        )
        self.sender = WebhookSender(courier, self._callback_failed)
        limits = Limits()
        voice = offline_voice(limits)
        self._prompts = PromptLibrary(
            settings.prompts_folder,
            settings.media_folder,
            fetch=AudioFetch(courier),
            voice=voice,
            now=loop.time,
            limits=limits,
        )
        self.sip = SipAgent(_sip_settings(settings), os.urandom)
        self._resolver = Resolver(loop.time, secrets.randbelow, DnsClient(settings.nameservers).ask, means(settings))
        self._trace = SipTrace(settings.sip_trace_mb << 20)
        try:
            self._speech = self._configured_speech(voice.speaks)
            self.node = assemble(settings, self.credentials.account_sid, self._shells(courier))
        except BaseException:
            await self._http.close()
            await asyncio.to_thread(self.store.close)
            self._lock.release()
            raise
        self.watch = WorkerWatch(self.node, self._plane.start)
        self.node.media.on_worker_lost = self.watch.lost
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await _first_of(LAST_CALLBACKS_S, self.hurry, self.sender.drain(LAST_CALLBACKS_S))
        await self.node.tasks.close()
        self._resolver.close()
        if self.sip_listener is not None:
            await self.sip_listener.stop()
        await self._plane.stop()
        await self.sender.close()
        await self._speech.close()
        await self._prompts.close()
        await self._http.close()
        await self._certificates.close()
        await asyncio.to_thread(self.store.close)
        self._lock.release()

    @property
    def media_pid(self) -> int | None:
        """The media worker's process."""
        return self._plane.pid

    def open(self) -> None:
        """From now on calls are taken."""
        if (recogniser := self._speech.default_recogniser) is not None:
            log.info("speech is recognised", by=recogniser.name)
        else:
            log.warning("no speech recogniser: <ConversationRelay> fails with 64101. pip install 'mixminus[speech]'")
        self.node.incoming.open = True

    async def drain(self, patience_s: float) -> None:
        """Take no new calls; give the live ones *patience_s*, or until `hurry` is set, then hang them up."""
        self.node.incoming.open = False
        live = self.node.exchange.live_calls
        if live:
            log.info("draining", calls=len(live), patience_s=patience_s)
            await _first_of(patience_s, self.hurry, asyncio.gather(*(call.ended.wait() for call in live)))
        ending = self.node.exchange.live_calls
        for call in ending:
            call.end(Verdict(CallStatus.COMPLETED, "The node was stopped."))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WINDING_UP_S):
                await asyncio.gather(*(call.ended.wait() for call in ending))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _shells(self, courier: Courier) -> Shells:
        return Shells(
            clock=self.clock,
            random_bytes=os.urandom,
            store=self._records(),
            media=self._plane,
            prompts=self._prompts,
            courier=courier,
            deliver=self._deliver,
            sip=self.sip,
            trace=self._trace,
            locate=self._resolver.locate,
            public_url=lambda: self.public_url,
            dial_agent=dial_agent,
            auth_token=self.credentials.auth_token,
            sign=partial(signature, self.credentials.auth_token),
            speech=self._speech,
            media_fingerprint=self._certificate.fingerprint,
            certificates=self._certificates,
        )

    def _configured_speech(self, speaks: Callable[[str], bool]) -> ConfiguredProviders:
        settings, offline = self.settings, (self._prompts.speech, speaks)
        models = (settings.moonshine, settings.voice_activity)
        return configured((settings.recognisers, settings.voices), models, offline, os.environ)

    def _records(self) -> Store:
        """SQLite's file is ours alone (see `DataLock`); another database may have other writers."""
        if self.settings.database:
            return self.store
        return RememberingStore(self.store, frozenset({NumberRecord, ApplicationRecord}))

    async def _start(self) -> None:
        await self._plane.start()
        self.node.tasks.spawn(self.node.qualities.keep_fresh(), "figures of the media worker")
        await self.node.logs.restore()
        orphans = await close_orphans(
            self.store,
            self.clock.utc(),
            lambda recording: self.settings.recordings_folder / recording.file_name,
            self.node.logs.events.numbered,
        )
        if orphans.calls:
            log.warning("calls of the last run were closed as failed", calls=len(orphans.calls))
        await self.node.trunks.spending.restore(self.store)
        await self.node.exchange.queues.restore()
        await declare(self.node.exchange, self.settings)
        await self.node.exchange.access_tokens.load(self.store)
        await self.node.kept_phones.restore(self.settings.users)
        self.sip_listener = await self._listen(self.settings.sip)
        for listener in self.sip_listener.listeners[2:]:
            log.info("listening for SIP", at=str(listener), told_as=listener.sent_by)
        self.node.desk.drain = self.sip_listener.pump.drain
        self.sip_address = Endpoint(*self.sip_listener.address)
        self.node.reachable_at(*self.sip_listener.address)

    async def _listen(self, at: Endpoint) -> SipListener:
        can_have_media(self.settings.rtp.host)
        more = sip_listeners(self.settings)
        tls = sip_tls(self.settings, more, self.clock.utc())
        heard, keepalive_s = self.node.desk.heard, self.settings.sip_keepalive_s
        try:
            return await SipListener.start(at.host, at.port, self.sip, heard, self._trace, more, tls, keepalive_s)
        except NotBound as error:
            named = f"sip_listen {error.listener}" if error.listener in more else f"--sip {at}"
            raise PortTaken(named, error) from error

    def _deliver(self, key: str, call: WebhookCall, failure_code: int) -> None:
        self.sender.send(key, call, failure_code)

    def _callback_failed(self, delivery: Delivery, failure: HttpFailure) -> None:
        self.failed_callbacks[failure.code] += 1
        asked = {"key": delivery.key, "url": delivery.call.url}
        log.warning("callback failed", **asked, code=failure.code, reason=failure.message)
        self.node.logs.alerts.callback_failed(delivery, failure)

    def _override_ignored(self, call: WebhookCall, warning: OverrideWarning) -> None:
        self.node.logs.alerts.override_ignored(call, warning)

    def _webhook_sent(self, sent: Sent) -> None:
        self.node.logs.webhooks.sent(sent)


def can_have_media(host: str) -> None:
    """Raises `PortTaken`: no leg could get a port there."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError as error:
        raise PortTaken(f"--rtp {host}", error) from error


async def _first_of(patience_s: float, hurry: asyncio.Event, work: Awaitable[Any]) -> None:
    """Wait until *work* is done, somebody is in a hurry, or patience has run out; then it is given up."""
    waiting = (asyncio.ensure_future(work), asyncio.ensure_future(hurry.wait()))
    await asyncio.wait(waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def spoken(text: str, folder: Path) -> Path:
    """A text in the node's own offline voice: a file in *folder* of 8 kHz 16-bit samples. Raises `Refusal`."""
    limits, now = Limits(), asyncio.get_running_loop().time
    library = PromptLibrary(folder, folder, fetch=_no_fetch, voice=offline_voice(limits), now=now, limits=limits)
    try:
        return (await library.speech(text)).path
    finally:
        await library.close()


async def _no_fetch(url: str, headers: Mapping[str, str]) -> Fetched:
    raise AssertionError("speech is not fetched")


def _sip_settings(settings: Settings) -> SipSettings:
    """Loopback binds are open to everybody on this machine (CONTRACT.md, "Who may call in")."""
    listed = [address for trunk in settings.trunks for address in trunk.addresses]
    return SipSettings(
        host=settings.sip.host,
        port=settings.sip.port,
        users=settings.users,
        trusted_hosts=frozenset(address for address in listed if "/" not in address),
        trunk_hosts=hosts_of(uri for trunk in settings.trunks for uri in trunk.uris),
        trusted_networks=tuple(address for address in listed if "/" in address),
        open_to_loopback=settings.sip.host in ("127.0.0.1", "::1", "localhost"),
        digest_algorithms=settings.digest_algorithms,
        session_expires_s=settings.session_expires_s,
        keepalive_s=settings.sip_keepalive_s,
        trunk_limits=tuple(
            TrunkLimit(trunk.name, trunk.addresses, trunk.invites_per_second)
            for trunk in settings.trunks
            if trunk.invites_per_second
        ),
        host_rates=Rates(
            Rate(settings.invites_per_second), Rate(settings.registers_per_second), Rate(settings.requests_per_second)
        ),
        user_rates=replace(USER_RATES, invites=Rate(settings.user_invites_per_second)),
        ban_s=settings.ban_s,
    )


def _sqlite(settings: Settings) -> str:
    return f"sqlite:///{settings.data / 'mixminus.db'}"
