"""What each effect of a TwiML document does to a call."""

import asyncio

from mixminus.app.conferences.conferences import Conferences
from mixminus.app.conferences.join_conference import join_conference
from mixminus.app.documents.collecting import collect_digits
from mixminus.app.documents.dial import Dial
from mixminus.app.documents.options_from_twiml import stream_wish
from mixminus.app.documents.recording import record_caller
from mixminus.app.documents.stage import Stage
from mixminus.app.queues.dial_queue import dial_queue
from mixminus.app.queues.enqueue import enqueue
from mixminus.app.queues.queues import Queues
from mixminus.app.relays.connect_relay import connect_relay
from mixminus.app.sounds.prompting import Loudspeaker, play_prompts
from mixminus.app.streams.connect_stream import connect_stream
from mixminus.app.tasks import cancelled
from mixminus.app.transfers.refer import refer_caller
from mixminus.streams.contract import StreamError
from mixminus.streams.faults import BAD_TRACKS
from mixminus.twiml.attributes import SCHEMA
from mixminus.twiml.effects import (
    CollectDigits,
    Collected,
    ConnectRelay,
    ConnectStream,
    DialQueue,
    DialTargets,
    Effect,
    JoinConference,
    Pause,
    Prompt,
    Prompting,
    RecordCaller,
    ReferCaller,
    Result,
    SendDigits,
    StartStream,
    StopStream,
    StreamAttributes,
    Warn,
)
from mixminus.twiml.queue_effects import EnqueueCall, LeaveQueue


class Performer:
    """Performs one effect at a time for any stage."""

    def __init__(self, conferences: Conferences, dial: Dial, queues: Queues) -> None:
        self._conferences = conferences
        self._dial = dial
        self._queues = queues

    async def perform(self, stage: Stage, effect: Effect) -> Result:
        """Do it; returns what the effect's docstring says. Raises `Refusal`."""
        match effect:
            case Prompting(prompts):
                return await self._prompting(stage, prompts)
            case CollectDigits():
                return await self._collect(stage, effect)
            case JoinConference():
                return await join_conference(stage, effect, self._conferences)
            case DialTargets():
                return await self._dial.targets(stage, effect)
            case DialQueue():
                return await dial_queue(stage, effect, self._queues)
            case EnqueueCall():
                return await enqueue(stage, effect, self._queues, self.perform, self._dial.whisper)
            case LeaveQueue():
                return stage.warn(SCHEMA, "<Leave> is only for the wait document of a call in a queue")
            case RecordCaller():
                return await record_caller(stage, effect)
            case ReferCaller():
                return await refer_caller(stage, effect)
            case SendDigits(digits):
                await stage.answer()
                return await stage.services.media.send_digits(stage.leg, digits)
            case ConnectStream(stream):
                await stage.open()
                return await connect_stream(stage, stream_wish(stream))
            case StartStream(stream):
                await stage.answer()
                return _start_stream(stage, stream)
            case StopStream(name):
                return _stop_stream(stage, name)
            case ConnectRelay(relay):
                return await connect_relay(stage, relay)
            case Warn(code, message):
                return stage.warn(code, message)

    async def prompt(self, stage: Stage, prompts: tuple[Prompt, ...]) -> None:
        """Play prompts to an answered leg."""
        services = stage.services
        await play_prompts(services.prompts, prompts, Loudspeaker(services.media, leg=stage.leg))

    async def _prompting(self, stage: Stage, prompts: tuple[Prompt, ...]) -> None:
        if not stage.is_answered and all(isinstance(prompt, Pause) for prompt in prompts):
            # <Pause> as the first verb delays the answer and does not answer (twiml-and-streams.md 1.5).
            await asyncio.sleep(sum(prompt.duration_s for prompt in prompts if isinstance(prompt, Pause)))
            return
        await stage.answer()
        await self.prompt(stage, prompts)

    async def _collect(self, stage: Stage, effect: CollectDigits) -> Collected:
        await stage.answer()
        prompting = asyncio.ensure_future(self.prompt(stage, effect.prompts))
        try:
            with stage.services.media.collecting_keys(stage.leg):
                return await collect_digits(stage.keys, effect, prompting)
        finally:
            await cancelled(prompting)


def _start_stream(stage: Stage, stream: StreamAttributes) -> None:
    try:
        stage.services.streams.start(stage, stream_wish(stream))
    except StreamError as error:
        stage.warn(error.code, error.message)


def _stop_stream(stage: Stage, name: str) -> None:
    if stage.services.streams.stop(stage.sid, name) is None:
        stage.warn(BAD_TRACKS, f"There is no stream {name[:60]!r} that could be stopped.")
