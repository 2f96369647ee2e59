"""Recordings of conferences and calls: from the first sample to the last callback."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mixminus.app.callbacks import Callbacks
from mixminus.app.media_link import MediaLink
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal, not_found
from mixminus.base.sids import RECORDING, Sids
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateRecording
from mixminus.calls.options import Callback, ConferenceOptions, RecordingOptions
from mixminus.calls.records import CallRecord, ConferenceRecord, RecordingRecord, RecordingSource, RecordingStatus
from mixminus.media.contract import (
    PauseRecording,
    RecordingStopped,
    ResumeRecording,
    StartRecording,
    StopRecording,
    Tap,
)
from mixminus.store.contract import Store
from mixminus.store.wav import wav_size

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

    def start_for_conference(self, conference: ConferenceRecord, room: int, options: ConferenceOptions) -> None:
        """The bus as one channel (law 3)."""
        if options.recording is None:
            return
        new = self._new(RecordingSource.CONFERENCE, options.recording)
        record = replace(new, conference_sid=conference.sid, channels=1)

        def tell(complete: RecordingRecord) -> None:
            # `recordingStatusCallback` suppresses the deprecated one (twilio-conference-api.md 3.1).
            if options.record_end_webhook is not None and live.callback is None:
                self._callbacks.conference_recorded(conference, complete, options.record_end_webhook)

        live = self._start(record, ((Tap("bus", room),),), options.recording, tell)

    def start_for_call(
        self, call: RecordedCall, options: RecordingOptions, source: RecordingSource = RecordingSource.OUTBOUND_API
    ) -> RecordingRecord:
        """A leg: what it says and what it hears."""
        new = self._new(source, options)
        record = replace(new, call_sid=call.record.sid, track=options.track)
        return self._start(record, _call_channels(call.leg, options), options).record

    def stop(self, sid: Sid) -> None:
        """End one; harmless when it has ended already."""
        if sid in self._live:
            self._media.apply(StopRecording(sid))

    def stop_for_conference(self, sid: Sid) -> None:
        for live in self._live_of(conference_sid=sid):
            self._media.apply(StopRecording(live.record.sid))

    async def stop_for_call(self, sid: Sid) -> tuple[RecordingRecord, ...]:
        """Returns when the files are complete, so that the leg may go: what has been recorded until now."""
        stopping = self._live_of(call_sid=sid)
        for live in stopping:
            self._media.apply(StopRecording(live.record.sid))
        for live in stopping:
            await live.complete.wait()
        return tuple(live.record for live in stopping)

    # --- by REST --------------------------------------------------------------------------------------------------

    async def update(self, command: UpdateRecording) -> RecordingRecord:
        """Pause, resume or stop. Raises `Refusal`."""
        live = self._addressed(command)
        sid = live.record.sid
        match command.status:
            case "paused":
                self._media.apply(PauseRecording(sid, command.skip_pause))
                self._save(live, RecordingStatus.PAUSED)
            case "in-progress":
                self._media.apply(ResumeRecording(sid))
                self._save(live, RecordingStatus.IN_PROGRESS)
            case "stopped":
                self._media.apply(StopRecording(sid))
                self._save(live, RecordingStatus.STOPPED)
        await self._store.flush()
        return live.record

    async def delete(self, sid: Sid) -> None:
        """Remove the file; the record stays. Raises 20404, and 20409 while it is being written."""
        record = await self._store.fetch(RecordingRecord, sid)
        if record is None or record.status is RecordingStatus.DELETED:
            raise not_found(f"Recordings/{sid}.json")
        if sid in self._live:
            raise Refusal(20409, 409, "A recording can be deleted when it is complete; this one is still running.")
        self.file(record).unlink(missing_ok=True)
        await self._store.save(replace(record, status=RecordingStatus.DELETED, date_updated=self._clock.utc()))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _new(self, source: RecordingSource, options: RecordingOptions) -> RecordingRecord:
        sid, now = self._sids.new(RECORDING), self._clock.utc()
        return RecordingRecord(
            sid=sid,
            account_sid=self._callbacks.account_sid,
            source=source,
            status=RecordingStatus.IN_PROGRESS,
            channels=options.channels,
            date_created=now,
            date_updated=now,
            start_time=now,
            file_name=f"{sid}.wav",
        )

    def _start(
        self,
        record: RecordingRecord,
        channels: tuple[tuple[Tap, ...], ...],
        options: RecordingOptions,
        on_complete: OnComplete = lambda record: None,
    ) -> LiveRecording:
        live = self._live[record.sid] = LiveRecording(record, options.callback, on_complete)
        path = str(self.file(record))
        stopped = self._media.record(StartRecording(record.sid, path, channels, options.trim_silence))
        self._store.save_soon(record)
        self._callbacks.recording_happened(record, options.callback)
        self._tasks.spawn(self._finish(live, stopped), f"recording {record.sid}")
        return live

    async def _finish(self, live: LiveRecording, stopped: "asyncio.Future[RecordingStopped]") -> None:
        try:
            result = await stopped
            live.record = _finished(live.record, result, self.file(live.record))
            self._live.pop(live.record.sid, None)
            self._save(live, live.record.status)
            self._callbacks.recording_happened(live.record, live.callback)
            live.on_complete(live.record)
        finally:
            live.complete.set()

    def _save(self, live: LiveRecording, status: RecordingStatus) -> None:
        live.record = replace(live.record, status=status, date_updated=self._clock.utc())
        self._store.save_soon(live.record)

    def _live_of(self, *, call_sid: Sid | None = None, conference_sid: Sid | None = None) -> list[LiveRecording]:
        return [
            live
            for live in self._live.values()
            if live.record.call_sid == call_sid and live.record.conference_sid == conference_sid
        ]

    def _addressed(self, command: UpdateRecording) -> LiveRecording:
        running = [
            live
            for live in self._live_of(call_sid=command.call_sid, conference_sid=command.conference_sid)
            if command.recording in (CURRENT, live.record.sid)
        ]
        if not running:
            raise Refusal(21220, 404, f"No recording {command.recording} is in progress there.")
        if len(running) > 1:
            raise Refusal(16108, 400, f"{len(running)} recordings are in progress: name one by its SID.")
        return running[0]


def _call_channels(leg: int, options: RecordingOptions) -> tuple[tuple[Tap, ...], ...]:
    inbound, outbound = Tap("leg_in", leg), Tap("leg_out", leg)
    match options.track, options.channels:
        case "inbound", _:
            return ((inbound,),)
        case "outbound", _:
            return ((outbound,),)
        case _, 2:
            return ((inbound,), (outbound,))
        case _:
            return ((inbound, outbound),)


def _finished(record: RecordingRecord, result: RecordingStopped, file: Path) -> RecordingRecord:
    """`absent` when there is nothing to hear (16101, 16102), else `completed`; what broke off keeps what it has."""
    if result.error is not None and (kept := wav_size(file)) is not None:
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
