"""The object graph of a node, above its shells: the same for production and for a whole node in one test process."""

from collections.abc import Callable
from dataclasses import dataclass

from mixminus.app.access_tokens import AccessTokens
from mixminus.app.callbacks import Callbacks
from mixminus.app.calls.call_qualities import CallQualities
from mixminus.app.calls.caller_proof import CallerProof, FetchCertificate, configured_roots
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.identity import SipIdentity
from mixminus.app.calls.incoming_calls import IncomingCalls
from mixminus.app.calls.lamps import Lamps
from mixminus.app.calls.lines import PhoneLines
from mixminus.app.calls.place_call import Placing
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.calls.sip_traces import SipTraces
from mixminus.app.calls.texts import Texts
from mixminus.app.calls.unwelcome import Unwelcome
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.app.conferences.roles import Roles
from mixminus.app.documents.conversation import Conversations
from mixminus.app.documents.dial import Dial
from mixminus.app.documents.documents import Documents
from mixminus.app.documents.perform import Performer
from mixminus.app.documents.run_twiml import TwimlRunner
from mixminus.app.eventlog.alert_log import AlertLog
from mixminus.app.eventlog.event_log import EventLog
from mixminus.app.eventlog.logs import Logs
from mixminus.app.eventlog.webhook_log import WebhookLog
from mixminus.app.exchange import Exchange
from mixminus.app.media_link import MediaLink
from mixminus.app.queues.queues import Queues
from mixminus.app.recordings.recordings import Recordings
from mixminus.app.relays.relays import Relays
from mixminus.app.services import Services
from mixminus.app.sounds.sound_sources import Prompts
from mixminus.app.sounds.sounds import SoundSystem
from mixminus.app.streams.streams import Streams
from mixminus.app.tasks import Tasks
from mixminus.app.transfers.transfers import TransferDesk
from mixminus.app.trunks.call_guard import CallGuard
from mixminus.app.trunks.kept_phones import KeptPhones
from mixminus.app.trunks.places import Locate
from mixminus.app.trunks.presence import Presence
from mixminus.app.trunks.probing import Probing
from mixminus.app.trunks.registering import Registering
from mixminus.app.trunks.seeking import Seeking
from mixminus.app.trunks.spending import Spending
from mixminus.app.trunks.trunks import Trunks
from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import Sids
from mixminus.base.types import RandomBytes, Sid
from mixminus.media.contract import MediaPlane
from mixminus.sip.agent import SipAgent
from mixminus.sip.tracing.trace import SipTrace
from mixminus.speech.contract import Providers
from mixminus.store.contract import Store
from mixminus.streams.contract import DialAgent, Sign
from mixminus.webhooks.contract import WebhookCall
from mixminus.webhooks.fetching import Courier


@dataclass(frozen=True, slots=True)
class Shells:
    """What a node stands on: everything that waits, or is random, or tells the time."""

    clock: Clock
    random_bytes: RandomBytes
    store: Store
    media: MediaPlane
    prompts: Prompts
    courier: Courier
    deliver: Callable[[str, WebhookCall, int], None]
    sip: SipAgent
    trace: SipTrace
    auth_token: str
    locate: Locate
    public_url: Callable[[], str]
    dial_agent: DialAgent
    sign: Sign
    speech: Providers
    media_fingerprint: bytes
    """SHA-256 of the certificate that the media plane was told to use."""
    certificates: FetchCertificate


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was put together: the commands it takes, and where SIP events go."""

    exchange: Exchange
    desk: SipDesk
    incoming: IncomingCalls
    lines: PhoneLines
    tasks: Tasks
    media: MediaLink
    qualities: CallQualities
    streams: Streams
    relays: Relays
    sip_traces: SipTraces
    trunks: Trunks
    probing: Probing
    registering: Registering
    presence: Presence
    texts: Texts
    kept_phones: KeptPhones
    conversations: Conversations
    logs: Logs

    def reachable_at(self, sip_host: str, sip_port: int) -> None:
        """The SIP listener is up; this is the name that phones know us by."""
        self.lines.identity = SipIdentity(sip_host, sip_port)
        self.sip_traces.us = (sip_host, sip_port)
        self.probing.start(self.lines.identity)
        self.registering.start()


def assemble(settings: Settings, account_sid: Sid, shells: Shells) -> Node:
    """Join the parts. Nothing runs yet, and no call is taken before `incoming.open` is set."""
    tasks = Tasks()
    sids = Sids(shells.random_bytes)
    media = MediaLink(shells.media)
    webhooks = WebhookLog(shells.courier, shells.store, shells.clock, sids, settings.webhook_log)
    alerts = AlertLog(webhooks, shells.store, shells.clock, sids, settings.alert_log)
    logs = Logs(EventLog(shells.store), webhooks, alerts)
    callbacks = Callbacks(account_sid, shells.public_url, logs.events, alerts, shells.clock, shells.deliver)
    documents = Documents(shells.courier)
    lamps, spending = Lamps(frozenset(settings.users)), Spending(settings, shells.clock)
    recordings = Recordings(settings.recordings_folder, media, shells.store, callbacks, shells.clock, sids, tasks)
    roles, moderators = Roles(), ModeratorKeys(sids, shells.random_bytes)
    services = Services(
        account_sid=account_sid,
        settings=settings,
        clock=shells.clock,
        sids=sids,
        store=shells.store,
        media=media,
        prompts=shells.prompts,
        documents=documents,
        callbacks=callbacks,
        recordings=recordings,
        streams=Streams(
            media,
            callbacks,
            shells.clock,
            sids,
            tasks,
            shells.dial_agent,
            shells.sign,
            roles,
            moderators,
            shells.public_url,
        ),
        roles=roles,
        qualities=CallQualities(media),
        sip_traces=SipTraces(shells.trace, shells.clock),
        tasks=tasks,
        relays=_relays(shells, media, callbacks, sids, tasks),
        media_fingerprint=shells.media_fingerprint,
        watches=(lamps.changed, spending.changed, webhooks.call_changed),
    )
    desk = SipDesk(shells.sip, shells.clock.now, shells.locate)
    lamps.show = desk.show
    network = _Network(
        desk,
        CallerProof(configured_roots(settings.stir_roots), shells.certificates, shells.clock),
        CallGuard(settings.call_guard_url, settings.call_guard_default, shells.courier),
        spending,
    )
    access_tokens = AccessTokens(account_sid, shells.auth_token, shells.clock)
    shells.sip.accept_tokens(access_tokens.user_of)
    return _join(services, moderators, access_tokens, network, shells.random_bytes, logs)


@dataclass(frozen=True, slots=True)
class _Network:
    """How the node meets the phone network."""

    desk: SipDesk
    proof: CallerProof
    guard: CallGuard
    spending: Spending


def _join(
    services: Services,
    moderators: ModeratorKeys,
    access_tokens: AccessTokens,
    network: _Network,
    random_bytes: RandomBytes,
    logs: Logs,
) -> Node:
    desk = network.desk
    conferences = Conferences(services, SoundSystem(services.prompts, services.documents))
    calls = Calls(services.tasks)
    trunks = Trunks(services.settings.trunks, services.clock.now, random_bytes, network.spending)
    lines = PhoneLines(services, desk, trunks, network.guard, random_bytes)
    lines.hops = calls.hops
    placing = Placing(services, calls, lines)
    dial = Dial(placing)
    queues = Queues(services.account_sid, services.store, services.clock, services.sids)
    runner = TwimlRunner(Performer(conferences, dial, queues))
    # An application's line runs documents, and documents dial applications: the circle is closed here.
    dial.whisper = runner.whisper
    lines.run_document = runner.run
    incoming = IncomingCalls(services, desk, lines, calls, runner, network.proof)
    texts = Texts(services, desk)
    desk.on_invited, desk.on_messaged = incoming.invited, texts.messaged
    kept_phones = KeptPhones(desk, services.store, services.clock)
    desk.on_registered = kept_phones.registered
    desk.on_sought = Seeking(services.settings.trunks, desk, services.tasks).sought
    transfers = TransferDesk(services, desk, lines, calls, conferences, dial.conversations, placing, runner)
    desk.on_referred, incoming.replacing = transfers.referred, transfers.replacing
    registering = Registering(trunks, desk, services.tasks, random_bytes)
    presence = Presence(services.settings.users, desk, trunks, registering, services.clock)
    exchange = Exchange(
        services,
        calls,
        conferences,
        placing,
        incoming,
        runner,
        moderators,
        presence,
        Unwelcome(desk, services.clock),
        queues,
        logs,
        access_tokens,
    )
    return Node(
        exchange,
        desk,
        incoming,
        lines,
        services.tasks,
        services.media,
        services.qualities,
        services.streams,
        services.relays,
        services.sip_traces,
        trunks,
        Probing(services.settings.trunks, trunks.gateways, desk, services.tasks, random_bytes),
        registering,
        presence,
        texts,
        kept_phones,
        dial.conversations,
        logs,
    )


def _relays(shells: Shells, media: MediaLink, callbacks: Callbacks, sids: Sids, tasks: Tasks) -> Relays:
    sources = (shells.speech, shells.prompts, tasks)
    return Relays(media, callbacks, shells.clock, sids, sources, shells.dial_agent, shells.sign)
