"""`<Dial><Conference>`: a leg goes into a room and stays until something takes it out."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.options_from_twiml import conference_options, participant_options, recording_options
from mixminus.app.documents.stage import Stage
from mixminus.app.tasks import cancelled
from mixminus.base.errors import Refusal
from mixminus.calls.endings import Departure
from mixminus.calls.records import CallStatus, RecordingRecord, RecordingSource
from mixminus.twiml.effects import ConferenceLeft, JoinConference


async def join_conference(stage: Stage, effect: JoinConference, conferences: Conferences) -> ConferenceLeft:
    """Returns when the leg is out and its call goes on: at the next verb, or at the action URL."""
    await stage.answer()
    try:
        room = conferences.named(effect.conference.name, conference_options(effect.conference))
        seat = room.join(stage.sid, stage.leg, participant_options(effect.conference), stage.about)
    except Refusal as refusal:
        stage.warn(refusal.code, refusal.message)
        return ConferenceLeft(joined=False)
    stage.size_jitter_buffer(effect.conference.jitter_buffer_size)
    recording = _record_leg(stage, effect)
    try:
        await _until_out(stage, effect, seat)
    except asyncio.CancelledError as cancellation:
        seat.last.room.leave(stage.sid, stage.departure, stage.call_status, why=stage.why)
        raise Interrupted(_left(stage, seat, recording)) from cancellation
    finally:
        if recording is not None:
            stage.services.recordings.stop(recording.sid)
    return _left(stage, seat, recording)


def _left(stage: Stage, seat: ConferenceSeat, recording: RecordingRecord | None) -> ConferenceLeft:
    url = stage.services.callbacks.recording_url(recording) if recording is not None else None
    return ConferenceLeft(joined=seat.last.was_in, recording_url=url)


async def _until_out(stage: Stage, effect: JoinConference, seat: ConferenceSeat) -> None:
    """The first of: the conference lets it go, `*` is pressed, the time is up."""
    waits: list[Coroutine[Any, Any, Any]] = [seat.dismissed()]
    if effect.hangup_on_star:
        waits.append(stage.listen_for_star().wait())
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=effect.time_limit_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            await cancelled(task)
    if tasks[0] not in done:
        seat.last.room.leave(stage.sid, Departure.STAR if done else Departure.TIME_LIMIT, CallStatus.IN_PROGRESS)


def _record_leg(stage: Stage, effect: JoinConference) -> RecordingRecord | None:
    if effect.recording is None:
        return None
    options = recording_options(effect.recording)
    return stage.services.recordings.start_for_call(stage, options, RecordingSource.DIAL_VERB)
