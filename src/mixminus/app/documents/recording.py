"""`<Record>`: a beep, then what the caller says until a key, silence, the greatest length, or the end of the call."""

import asyncio
from typing import Final, Self

from mixminus.app.documents.conversation import first
from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.options_from_twiml import RECORDING_EVENTS, callback
from mixminus.app.documents.stage import Stage
from mixminus.app.recordings.recordings import LiveRecording
from mixminus.app.sounds.prompting import Loudspeaker
from mixminus.calls.endings import Departure
from mixminus.calls.options import RecordingOptions
from mixminus.calls.records import RecordingSource, RecordingStatus
from mixminus.media.contract import Tone
from mixminus.twiml.effects import RecordCaller, Recorded

BEEP: Final = Tone((1_000.0,), 400, -14.0)

HANG_OVER_S: Final = 0.6
"""So long after the last word the media plane says that somebody has stopped to speak (`SpeechStopped`)."""

HANGUP: Final = "hangup"
"""What `Digits` says of a caller who hung up."""


class Ending:
    """Notices when there is nothing more to record."""

    def __init__(self, wish: RecordCaller) -> None:
        self.over = asyncio.Event()
        self.key = ""
        """The one that ended it."""
        self.spoken = False
        """Somebody has said something."""
        self._wish = wish
        self._silence: asyncio.TimerHandle | None = None
        self._length: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._length = asyncio.get_running_loop().call_later(self._wish.max_length_s, self.over.set)
        self._wait_for_a_word(self._wish.timeout_s)
        return self

    def __exit__(self, *error: object) -> None:
        for timer in (self._silence, self._length):
            if timer is not None:
                timer.cancel()

    def pressed(self, key: str) -> None:
        if key in self._wish.finish_on_key and not self.over.is_set():
            self.key = key
            self.over.set()

    def heard(self, speaks: bool) -> None:
        """The caller begins to speak, or has stopped."""
        if speaks:
            self.spoken = True
            if self._silence is not None:
                self._silence.cancel()
        else:
            self._wait_for_a_word(max(0.0, self._wish.timeout_s - HANG_OVER_S))

    def _wait_for_a_word(self, seconds: float) -> None:
        if self._wish.timeout_s:
            self._silence = asyncio.get_running_loop().call_later(seconds, self.over.set)


async def record_caller(stage: Stage, wish: RecordCaller) -> Recorded | None:
    """None when nothing was said. Raises `Interrupted` when the caller hangs up, once the file is complete."""
    await stage.answer()
    services = stage.services
    if wish.beep:
        await Loudspeaker(services.media, leg=stage.leg).play(BEEP)
    options = RecordingOptions(wish.trim_silence, callback(wish.callback, RECORDING_EVENTS), track="inbound")
    live = services.recordings.begin_for_call(stage, options, RecordingSource.RECORD_VERB)
    try:
        with Ending(wish) as ending:
            await _listen(stage, live, ending)
    except asyncio.CancelledError as cancellation:
        recorded = await _finished(stage, live, HANGUP)
        if stage.departure is Departure.HUNG_UP and recorded is not None:
            raise Interrupted(recorded) from cancellation
        raise
    recorded = await _finished(stage, live, ending.key)
    return recorded if ending.spoken or ending.key else None


async def _listen(stage: Stage, live: LiveRecording, ending: Ending) -> None:
    """Returns when it is over, or somebody has stopped the recording through the API."""
    media = stage.services.media
    media.watch_speech(stage.leg, ending.heard)
    try:
        with media.collecting_keys(stage.leg), stage.keys.followed_by(ending.pressed):
            await first(ending.over, live.complete)
    finally:
        media.watch_speech(stage.leg, None)


async def _finished(stage: Stage, live: LiveRecording, digits: str) -> Recorded | None:
    """Returns when the file is complete; None when there is nothing in it."""
    stage.services.recordings.stop(live.sid)
    await live.complete.wait()
    if live.record.status is RecordingStatus.ABSENT:
        return None
    url = stage.services.callbacks.recording_url(live.record)
    return Recorded(url, live.sid, live.record.duration_s or 0, digits)
