"""What every use case may use: the node's long-lived parts, built once by `world.py`."""

from collections.abc import Callable
from dataclasses import dataclass

from mixminus.app.callbacks import Callbacks
from mixminus.app.calls.call_qualities import CallQualities
from mixminus.app.calls.sip_traces import SipTraces
from mixminus.app.conferences.roles import Roles
from mixminus.app.documents.documents import Documents
from mixminus.app.media_link import MediaLink
from mixminus.app.recordings.recordings import Recordings
from mixminus.app.relays.relays import Relays
from mixminus.app.sounds.sound_sources import Prompts
from mixminus.app.streams.streams import Streams
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import Sids
from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord
from mixminus.store.contract import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The node's parts, handed to each call and conference."""

    account_sid: Sid
    settings: Settings
    clock: Clock
    sids: Sids
    store: Store
    media: MediaLink
    prompts: Prompts
    documents: Documents
    callbacks: Callbacks
    recordings: Recordings
    streams: Streams
    roles: Roles
    qualities: CallQualities
    sip_traces: SipTraces
    tasks: Tasks
    relays: Relays
    media_fingerprint: bytes
    """SHA-256 of the certificate that far ends are shown in handshakes."""
    watches: tuple[Callable[[CallRecord], None], ...]
    """Told of every change of every call."""
