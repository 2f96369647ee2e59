"""Recordings: from the first sample to the last callback."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mixminus.app.callbacks import Callbacks
from mixminus.app.media_link import MediaLink
from mixminus.app.recordings import taps
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal, not_found
from mixminus.base.sids import RECORDING, Sids
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateRecording
from mixminus.calls.options import Callback, RecordingOptions
from mixminus.calls.records import CallRecord, RecordingRecord, RecordingSource, RecordingStatus
from mixminus.media.contract import (
    Command,
    PauseRecording,
    RecordingStopped,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from mixminus.store.contract import Is, Store, Where
from mixminus.store.wav import mended_wav

CURRENT = "Twilio.CURRENT"

TOO_SHORT = 16101
SILENT = 16102


class RecordedCall(Protocol):
    """What is needed of a call to record its leg."""

    @property
    def record(self) -> CallRecord: ...

    @property
    def leg(self) -> int: ...


OnComplete = Callable[[RecordingRecord], None]
"""Told the record of a recording when its file is complete."""


class LiveRecording:
    """One that is being written."""

    def __init__(self, record: RecordingRecord, callback: Callback | None, on_complete: OnComplete) -> None:
        self.record = record
        self.callback = callback
        self.on_complete = on_complete
        self.complete = asyncio.Event()

    @property
    def sid(self) -> Sid:
        return self.record.sid

    @property
    def ending(self) -> bool:
        """It was told to stop; its file may not be complete yet."""
        return self.record.status not in (RecordingStatus.IN_PROGRESS, RecordingStatus.PAUSED)


class Recordings:
    """Starts, pauses and finishes them; the only writer of their records."""

    def __init__(
        self,
        folder: Path,
        media: MediaLink,
        store: Store,
        callbacks: Callbacks,
        clock: Clock,
        sids: Sids,
        tasks: Tasks,
    ) -> None:
        self._folder = folder
        self._media = media
        self._store = store
        self._callbacks = callbacks
        self._clock = clock
        self._sids = sids
        self._tasks = tasks
        self._live: dict[Sid, LiveRecording] = {}

    def file(self, recording: RecordingRecord) -> Path:
        return self._folder / recording.file_name

    # --- start and stop -------------------------------------------------------------------------------------------

    def start_for_call(
        self, call: RecordedCall, options: RecordingOptions, source: RecordingSource = RecordingSource.OUTBOUND_API
    ) -> RecordingRecord:
        """A leg: what it says and what it hears."""
        return self.begin_for_call(call, options, source).record

    def begin_for_call(self, call: RecordedCall, options: RecordingOptions, source: RecordingSource) -> LiveRecording:
        """The same, for who waits for its end."""
        record = replace(self.new(source, options.channels), call_sid=call.record.sid, track=options.track)
        live, start = self.begin(record, taps.of_call(call.leg, options), options)
        self._media.apply(start)
        return live

    def stop(self, sid: Sid) -> None:
        """End one; harmless when it has ended already."""
        if sid in self._live:
            self._media.apply(StopRecording(sid))

    async def stop_for_call(self, sid: Sid) -> tuple[RecordingRecord, ...]:
        """Returns when the files are complete, so that the leg may go: what has been recorded until now."""
        stopping = [live for live in self._live.values() if _is_of_call(live.record, sid)]
        for live in stopping:
            self._media.apply(StopRecording(live.sid))
        for live in stopping:
            await live.complete.wait()
        return tuple(live.record for live in stopping)

    # --- for whoever applies the commands together with others ----------------------------------------------------

    def new(self, source: RecordingSource, channels: int) -> RecordingRecord:
        """A record to begin with."""
        sid, now = self._sids.new(RECORDING), self._clock.utc()
        return RecordingRecord(
            sid=sid,
            account_sid=self._callbacks.account_sid,
            source=source,
            status=RecordingStatus.IN_PROGRESS,
            channels=channels,
            date_created=now,
            date_updated=now,
            start_time=now,
            file_name=f"{sid}.wav",
        )

    def begin(
        self,
        record: RecordingRecord,
        channels: tuple[taps.Channel, ...],
        options: RecordingOptions,
        on_complete: OnComplete = lambda record: None,
    ) -> tuple[LiveRecording, StartRecording]:
        """Write down that it runs. It does when the command is applied, which the caller owes."""
        live = self._live[record.sid] = LiveRecording(record, options.callback, on_complete)
        stopped = self._media.recorded(record.sid)
        self._store.save_soon(record)
        self._callbacks.recording_happened(record, options.callback, "in-progress", "started")
        self._tasks.spawn(self._finish(live, stopped), f"recording {record.sid}")
        path = str(self.file(record))
        return live, StartRecording(record.sid, path, channels, options.trim_silence, aligned_with=record.set_sid)

    def end(self, recordings: Sequence[LiveRecording]) -> tuple[Command, ...]:
        """Write down that these end. They do when the commands are applied."""
        running = [live for live in recordings if not live.ending]
        self._step(running, RecordingStatus.STOPPED)
        return tuple(StopRecording(live.sid) for live in running)

    def live_of_conference(self, sid: Sid) -> list[LiveRecording]:
        """Those that run, tracks too."""
        return [live for live in self._live.values() if live.record.conference_sid == sid]

    # --- by REST --------------------------------------------------------------------------------------------------

    async def update(self, command: UpdateRecording) -> RecordingRecord:
        """Pause, resume or stop, its tracks too, at one tick. Raises `Refusal`."""
        live = self._addressed(command)
        family = [live, *self._tracks_of(live)]
        match command.status:
            case "paused":
                self._step(family, RecordingStatus.PAUSED)
                self._media.apply(*(PauseRecording(one.sid, command.skip_pause) for one in family))
                self._tell(live, "paused")
            case "in-progress":
                self._step(family, RecordingStatus.IN_PROGRESS)
                self._media.apply(*(ResumeRecording(one.sid) for one in family))
                self._tell(live, "resumed")
            case "stopped":
                self._media.apply(*self.end(family))
                self._tell(live, "stopped")
        await self._store.flush()
        return live.record

    async def delete(self, sid: Sid) -> None:
        """Remove its file and those of its tracks; records stay. Raises 20404, and 20409 while it is written."""
        record = await self._store.fetch(RecordingRecord, sid)
        if record is None or record.status is RecordingStatus.DELETED:
            raise not_found(f"Recordings/{sid}.json")
        if sid in self._live:
            raise Refusal(20409, 409, "A recording can be deleted when it is complete; this one is still running.")
        at = self._clock.utc()
        tracks = await self._store.query(RecordingRecord, Where("set_sid", Is.EQUAL, sid))
        for one in (record, *tracks):
            self.file(one).unlink(missing_ok=True)
            self._store.save_soon(replace(one, status=RecordingStatus.DELETED, date_updated=at))
        await self._store.flush()

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _finish(self, live: LiveRecording, stopped: "asyncio.Future[RecordingStopped]") -> None:
        try:
            result = await stopped
            for track in self._tracks_of(live):
                await track.complete.wait()
            live.record = _finished(live.record, result, self.file(live.record))
            self._live.pop(live.sid, None)
            self._step([live], live.record.status)
            self._tell(live, live.record.status.value, *(() if result.error is None else ("failed",)))
            live.on_complete(live.record)
        finally:
            live.complete.set()

    def _step(self, recordings: Sequence[LiveRecording], status: RecordingStatus) -> None:
        for live in recordings:
            live.record = replace(live.record, status=status, date_updated=self._clock.utc())
            self._store.save_soon(live.record)

    def _tell(self, live: LiveRecording, *words: str) -> None:
        self._callbacks.recording_happened(live.record, live.callback, *words)

    def _tracks_of(self, leader: LiveRecording) -> list[LiveRecording]:
        return [live for live in self._live.values() if live.record.set_sid == leader.sid]

    def _addressed(self, command: UpdateRecording) -> LiveRecording:
        running = [
            live
            for live in self._live.values()
            if _is_of(live.record, command) and command.recording in (CURRENT, live.sid) and not live.ending
        ]
        if not running:
            raise Refusal(21220, 404, f"No recording {command.recording} is in progress there.")
        if len(running) > 1:
            raise Refusal(16108, 400, f"{len(running)} recordings are in progress: name one by its SID.")
        return running[0]


def _is_of_call(record: RecordingRecord, sid: Sid) -> bool:
    """Whether it records the call's own leg, and not a conference that the call is in."""
    return record.call_sid == sid and record.conference_sid is None


def _is_of(record: RecordingRecord, command: UpdateRecording) -> bool:
    """A track is not addressed: it goes with the recording that leads its set."""
    if command.conference_sid is not None:
        return record.conference_sid == command.conference_sid and record.set_sid is None
    return command.call_sid is not None and _is_of_call(record, command.call_sid)


def _finished(record: RecordingRecord, result: RecordingStopped, file: Path) -> RecordingRecord:
    """`absent` when there is nothing to hear (16101, 16102), else `completed`; what broke off keeps what it has."""
    if result.error is not None and (kept := mended_wav(file)) is not None:
        return replace(
            record, status=RecordingStatus.COMPLETED, duration_s=kept.duration_s, size_bytes=kept.size_bytes
        )
    if result.error is not None or result.duration_ms == 0:
        return replace(record, status=RecordingStatus.ABSENT, error_code=SILENT if result.silent else TOO_SHORT)
    return replace(
        record,
        status=RecordingStatus.COMPLETED,
        duration_s=round(result.duration_ms / 1_000),
        size_bytes=result.size_bytes,
    )
