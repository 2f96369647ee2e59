"""What stays when the demo is over: the recording, the timeline, and the history in the store."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from mixminus.calls.records import CallRecord, ConferenceRecord, EventRecord, ParticipantRecord, RecordingRecord
from mixminus.demo.errors import DemoCannotRun
from mixminus.demo.judging import Claim, judge_recording
from mixminus.demo.listening import Notes, sounds_in
from mixminus.demo.story import Scene
from mixminus.insights.io.png import write_png
from mixminus.insights.page import page
from mixminus.insights.picture import picture
from mixminus.insights.timeline import timeline
from mixminus.store.contract import Is, Where
from mixminus.store.sql import SqlStore
from mixminus.testing.detection import RATE_HZ
from mixminus.testing.g711 import Samples

EDGE_S: Final = 0.1
"""Left out at both ends of what was listened to: the recording's clock and ours start within a tick or two."""


@dataclass(frozen=True, slots=True)
class Heard:
    """When a scene was listened to, on the wall clock."""

    scene: Scene
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Everything that the store kept of one conference."""

    conference: ConferenceRecord
    participants: Sequence[ParticipantRecord]
    events: Sequence[EventRecord]
    calls: Sequence[CallRecord]
    recording: RecordingRecord


async def read_history(database: Path, room: str) -> History:
    """Read it back from the disk, as another program would; the node has stopped. Raises `DemoCannotRun`."""
    store = SqlStore(f"sqlite:///{database}")
    try:
        conferences = await store.query(ConferenceRecord, Where("friendly_name", Is.EQUAL, room))
        if not conferences:
            raise DemoCannotRun(f"the store has no conference {room}: its history was lost.")
        sid = conferences[-1].sid
        participants = await store.query(ParticipantRecord, Where("conference_sid", Is.EQUAL, sid))
        calls = [await store.fetch(CallRecord, participant.call_sid) for participant in participants]
        recordings = await store.query(RecordingRecord, Where("conference_sid", Is.EQUAL, sid))
        if not recordings:
            raise DemoCannotRun(f"the store has no recording of {room}.")
        return History(
            conferences[-1],
            participants,
            await store.query(EventRecord, Where("subject_sid", Is.EQUAL, sid)),
            [call for call in calls if call is not None],
            recordings[-1],
        )
    finally:
        store.close()


def listen_to_recording(
    file: Path, record: RecordingRecord, moments: Sequence[Heard], notes: Notes
) -> tuple[Claim, ...]:
    """Judge the recording as one more listener, wherever the phones were listened to (law 3)."""
    samples = _wav(file)
    claims: list[Claim] = []
    for moment in moments:
        if moment.scene.recorded is not None:
            begin = (moment.begins_at - record.start_time) / timedelta(seconds=1) + EDGE_S
            end = (moment.ends_at - record.start_time) / timedelta(seconds=1) - EDGE_S
            heard = sounds_in(samples[round(begin * RATE_HZ) : round(end * RATE_HZ)], notes)
            claims.extend(judge_recording(moment.scene, heard))
    return tuple(claims)


def draw_timeline(history: History, folder: Path) -> tuple[Path, Path]:
    """Write `timeline.html` and `timeline.png`; returns where they are."""
    happened = timeline(history.conference, history.participants, history.events)
    drawing = picture(happened)
    html, png = folder / "timeline.html", folder / "timeline.png"
    html.write_text(page(happened, drawing), encoding="utf-8")
    write_png(drawing, png)
    return html, png


def _wav(file: Path) -> Samples:
    """All channels of a recording together: the first participant's, and everybody else's."""
    with wave.open(str(file), "rb") as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2")
        together = samples.reshape(-1, recording.getnchannels()).sum(axis=1, dtype=np.int32)
    clipped: Samples = together.clip(-32768, 32767).astype(np.int16)
    return clipped
