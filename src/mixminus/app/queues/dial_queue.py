"""`<Dial><Queue>`: who dials a queue is joined to the call at its front, or waits for one."""

import asyncio
import contextlib

from mixminus.app.documents.bridge import Bridge
from mixminus.app.documents.conversation import first
from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.options_from_twiml import recording_options
from mixminus.app.documents.stage import Stage
from mixminus.app.queues.queues import Queues
from mixminus.app.queues.waiting_line import Summons
from mixminus.calls.records import RecordingRecord, RecordingSource
from mixminus.twiml.effects import Dialled, DialQueue, GoTo
from mixminus.twiml.queue_effects import Dequeue


async def dial_queue(stage: Stage, effect: DialQueue, queues: Queues) -> Dialled:
    """Returns when the dialler's call goes on without the other one."""
    await stage.answer()
    line = queues.known(effect.queue)
    if line is None:
        stage.warn(13215, f"There is no queue {effect.queue!r}")
        return Dialled("failed", dequeue=Dequeue("queue-not-found"))
    whisper = GoTo(effect.whisper_url, effect.whisper_method) if effect.whisper_url else None
    dialling = _Dialling(stage, effect, Summons(Bridge(stage.services.media), stage, whisper))
    line.summon(dialling.summons)
    try:
        await dialling.until_over()
    except asyncio.CancelledError as cancellation:
        raise Interrupted(dialling.dialled("canceled")) from cancellation
    finally:
        line.withdraw(dialling.summons)
        dialling.stop_recording()
    return dialling.dialled("no-answer")


class _Dialling:
    """A dialler, from the dialling to the parting."""

    def __init__(self, stage: Stage, effect: DialQueue, summons: Summons) -> None:
        self.summons = summons
        self._stage = stage
        self._effect = effect
        self._star = stage.listen_for_star() if effect.hangup_on_star else None
        self._recording: RecordingRecord | None = None

    async def until_over(self) -> None:
        """The first of: nobody comes in time, the other one goes, `*` is pressed, the time is up."""
        if await self._until_joined():
            self._recording = self._record()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._effect.time_limit_s):
                    await first(self.summons.over, self._star)

    def stop_recording(self) -> None:
        if self._recording is not None:
            self._stage.services.recordings.stop(self._recording.sid)

    def dialled(self, otherwise: str) -> Dialled:
        """What the action is told; *otherwise* is the status when nobody was reached."""
        services, member, joined_at = self._stage.services, self.summons.taken, self.summons.joined_at
        if joined_at is None or member is None:
            return Dialled(otherwise, dequeue=Dequeue("queue-empty"))
        return Dialled(
            "completed",
            call_sid=member.call_sid,
            duration_s=int((services.clock.utc() - joined_at).total_seconds()),
            bridged=True,
            recording_url=services.callbacks.recording_url(self._recording) if self._recording else None,
            dequeue=Dequeue("bridged", member.wait_time_s),
        )

    async def _until_joined(self) -> bool:
        """The time runs only while nobody is on the way."""
        loop, summons = asyncio.get_running_loop(), self.summons
        until = loop.time() + self._effect.timeout_s
        while not summons.joined:
            summons.changed.clear()
            try:
                async with asyncio.timeout_at(until if summons.taken is None else None):
                    await first(summons.changed, self._star)
            except TimeoutError:
                if summons.taken is None:
                    return False
            if self._star is not None and self._star.is_set():
                return False
        return True

    def _record(self) -> RecordingRecord | None:
        if self._effect.recording is None:
            return None
        options = recording_options(self._effect.recording)
        return self._stage.services.recordings.start_for_call(self._stage, options, RecordingSource.DIAL_VERB)
