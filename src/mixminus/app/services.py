"""What every use case may use: the node's long-lived parts, built once by `world.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mixminus.app.call_qualities import CallQualities
from mixminus.app.callbacks import Callbacks
from mixminus.app.documents import Documents
from mixminus.app.media_link import MediaLink
from mixminus.app.recordings import Recordings
from mixminus.app.roles import Roles
from mixminus.app.sip_traces import SipTraces
from mixminus.app.streams import Streams
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import Sids
from mixminus.base.types import Sid
from mixminus.store.contract import Store


class DecodedPrompt(Protocol):
    """A file that the engine can play."""

    @property
    def path(self) -> Path: ...

    @property
    def rate_hz(self) -> int: ...


class Prompts(Protocol):
    """Where sound comes from. Raises `mixminus.base.errors.Refusal` with Twilio's code."""

    async def audio(self, url: str) -> DecodedPrompt: ...

    async def speech(self, text: str, voice: str | None, language: str | None) -> DecodedPrompt: ...

    async def music(self) -> DecodedPrompt: ...


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
