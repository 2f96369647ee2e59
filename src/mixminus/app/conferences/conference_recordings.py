"""Recordings of a conference: as Twilio makes them, and sets of tracks that begin with the same sample.

A set is led by a recording of the conference. Its tracks come and go with the participants: each is a file of its
own, and begins with the silence before its participant came.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mixminus.app.recordings import taps
from mixminus.app.recordings.recordings import LiveRecording
from mixminus.app.services import Services
from mixminus.base.types import Sid
from mixminus.calls.commands import StartConferenceRecording
from mixminus.calls.options import ConferenceOptions, RecordingOptions
from mixminus.calls.records import ConferenceRecord, RecordingRecord, RecordingSource
from mixminus.media.contract import Command, SetTaps

PARTICIPANTS: Final = "participants"
MIXED: Final = "mixed"
PARTICIPANT: Final = "participant"
WHISPER: Final = "whisper"

Legs = Mapping[Sid, int]
"""The media legs of a conference by call SID, the first who joined first."""

_WHOLE: Final = RecordingOptions(trim_silence=False)
"""A track that were trimmed would not be aligned."""


@dataclass(slots=True)
class _TrackSet:
    """What runs beside the recording that leads it."""

    leader: LiveRecording
    tracks: dict[Sid, LiveRecording] = field(default_factory=dict)
    """By call SID; empty when only the mix is wanted."""
    whisper: LiveRecording | None = None


class ConferenceRecordings:
    """Of one conference. Methods return commands, to be applied together with the plan that they belong to."""

    def __init__(self, services: Services, room: int) -> None:
        self._recordings = services.recordings
        self._callbacks = services.callbacks
        self._media = services.media
        self._room = room
        self._sets: list[_TrackSet] = []

    def start(self, conference: ConferenceRecord, options: ConferenceOptions, legs: Legs) -> None:
        """As Twilio does, if it was asked for: from the moment the first two are bridged."""
        wanted, webhook = options.recording, options.record_end_webhook
        if wanted is None:
            return

        def tell(complete: RecordingRecord) -> None:
            # `recordingStatusCallback` suppresses the deprecated one (twilio-conference-api.md 3.1).
            if webhook is not None and wanted.callback is None:
                self._callbacks.conference_recorded(conference, complete, webhook)

        record = self._leader(conference, RecordingSource.CONFERENCE, legs)
        _, command = self._recordings.begin(record, self._channels(legs), wanted, tell)
        self._media.apply(command)

    def start_set(self, conference: ConferenceRecord, wish: StartConferenceRecording, legs: Legs) -> RecordingRecord:
        """The conference once more, with the tracks that are wished for."""
        options = replace(_WHOLE, callback=wish.callback)
        leader = replace(
            self._leader(conference, RecordingSource.START_CONFERENCE_RECORDING_API, legs),
            track=PARTICIPANTS if wish.participants else MIXED,
        )
        live, command = self._recordings.begin(leader, self._channels(legs), options)
        tracks = _TrackSet(live)
        self._sets.append(tracks)
        commands: list[Command] = [command]
        if wish.whisper:
            channels = taps.of_whispers(self._room, legs.values())
            tracks.whisper, whisper = self._track(tracks, WHISPER, None, channels)
            commands.append(whisper)
        self._media.apply(*commands, *self._join(tracks, legs))
        return live.record

    def follow(self, who_is_there: Callable[[], Legs]) -> tuple[Command, ...]:
        """Somebody has come or gone."""
        self._sets = [tracks for tracks in self._sets if not tracks.leader.ending]
        if not self._sets:
            return ()
        legs = who_is_there()
        commands: list[Command] = []
        for tracks in self._sets:
            gone = [tracks.tracks.pop(sid) for sid in tuple(tracks.tracks) if sid not in legs]
            commands += (*self._recordings.end(gone), *self._join(tracks, legs))
            if tracks.whisper is not None:
                commands.append(SetTaps(tracks.whisper.sid, taps.of_whispers(self._room, legs.values())))
        return tuple(commands)

    def stop(self, conference_sid: Sid) -> tuple[Command, ...]:
        """The conference is over."""
        self._sets.clear()
        return self._recordings.end(self._recordings.live_of_conference(conference_sid))

    def _join(self, tracks: _TrackSet, legs: Legs) -> Sequence[Command]:
        """Tracks for those who have none yet."""
        if tracks.leader.record.track != PARTICIPANTS:
            return ()
        commands: list[Command] = []
        for call_sid, leg in legs.items():
            if call_sid not in tracks.tracks:
                channels = taps.of_participant(self._room, leg)
                tracks.tracks[call_sid], command = self._track(tracks, PARTICIPANT, call_sid, channels)
                commands.append(command)
        return commands

    def _track(
        self, tracks: _TrackSet, kind: str, call_sid: Sid | None, channels: tuple[taps.Channel, ...]
    ) -> tuple[LiveRecording, Command]:
        leader = tracks.leader.record
        record = replace(
            self._recordings.new(leader.source, channels=1),
            conference_sid=leader.conference_sid,
            call_sid=call_sid,
            track=kind,
            set_sid=leader.sid,
        )
        return self._recordings.begin(record, channels, _WHOLE)

    def _channels(self, legs: Legs) -> tuple[taps.Channel, ...]:
        return taps.of_conference(self._room, next(iter(legs.values())))

    def _leader(self, conference: ConferenceRecord, source: RecordingSource, legs: Legs) -> RecordingRecord:
        first = next(iter(legs))
        new = self._recordings.new(source, channels=2)
        return replace(new, conference_sid=conference.sid, call_sid=first)
