"""`/mixminus/v1/Conferences/{Sid}/Recordings`: sets of tracks, which Twilio does not have. See docs/recordings.md."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, Response

from mixminus.api import words
from mixminus.api.auth import Who
from mixminus.api.dialling import CALL_BLAME, callback
from mixminus.api.interleaving import interleave
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.conferences import asked_conference
from mixminus.api.resources.history import iso
from mixminus.api.resources.recording_media import finished
from mixminus.api.resources.recordings import asked_recording
from mixminus.api.routes import Operation
from mixminus.api.uris import account_uri
from mixminus.base.sids import CONFERENCE
from mixminus.base.types import Sid
from mixminus.calls.commands import StartConferenceRecording
from mixminus.calls.records import ConferenceRecord, ParticipantRecord, RecordingRecord, RecordingStatus
from mixminus.store.contract import Is, Where

KINDS: Final = ("participants", "mixed")
EVENTS: Final = ("in-progress", "paused", "resumed", "stopped", "completed", "absent", "failed")
WHISPER: Final = "whisper"

Labels = Mapping[Sid, str | None]


def set_resource(
    leader: RecordingRecord, tracks: Sequence[RecordingRecord], labels: Labels, origin: str
) -> dict[str, Any]:
    """A set, with its tracks in the order of their channels."""
    uri = f"{EXTRAS}/Conferences/{leader.conference_sid}/Recordings/{leader.sid}"
    return {
        "sid": leader.sid,
        "conference_sid": leader.conference_sid,
        "kind": leader.track,
        "whisper": any(track.track == WHISPER for track in tracks),
        "status": words.FETCHED_RECORDING_STATUS[leader.status],
        "start_time": iso(leader.start_time),
        "duration_s": leader.duration_s,
        "media_url": _media_url(leader, origin),
        "tracks_url": f"{origin}{uri}/Tracks.wav" if tracks else None,
        "uri": uri,
        "tracks": [
            {
                "sid": track.sid,
                "channel": number,
                "kind": track.track,
                "call_sid": track.call_sid,
                "label": labels.get(track.call_sid) if track.call_sid else None,
                "status": words.FETCHED_RECORDING_STATUS[track.status],
                "duration_s": track.duration_s,
                "media_url": _media_url(track, origin),
            }
            for number, track in enumerate(tracks, 1)
        ],
    }


async def start_set(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    form = request.form
    kind = form.choice("tracks", KINDS)
    if kind is None:
        raise form.refusal("tracks", f"is required: {' or '.join(KINDS)}")
    wish = StartConferenceRecording(
        conference.sid,
        participants=kind == KINDS[0],
        whisper=form.truth("whisper", default=False),
        callback=callback(form, "RecordingStatusCallback", EVENTS, ("completed",), CALL_BLAME),
    )
    leader = await request.node.start_conference_recording(wish)
    tracks, labels = await _tracks(request, leader), await _labels(request, conference)
    return JSONResponse(set_resource(leader, tracks, labels, request.origin), 201)


async def list_sets(request: ApiRequest) -> Response:
    """All of them, oldest first: a conference has few."""
    conference = await asked_conference(request)
    mine = await request.node.store.query(RecordingRecord, Where("conference_sid", Is.EQUAL, conference.sid))
    leaders = [each for each in mine if each.track in KINDS and each.status is not RecordingStatus.DELETED]
    labels = await _labels(request, conference)
    shown = [
        set_resource(leader, _in_order(each for each in mine if each.set_sid == leader.sid), labels, request.origin)
        for leader in leaders
    ]
    return JSONResponse({"recordings": shown, "next_page_uri": None})


async def fetch_set(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    leader = await _asked_set(request)
    tracks, labels = await _tracks(request, leader), await _labels(request, conference)
    return JSONResponse(set_resource(leader, tracks, labels, request.origin))


async def tracks_wav(request: ApiRequest) -> Response:
    """One file with a channel for each track, made when it is asked for."""
    await _asked_set(request)
    leader, _ = await finished(request)
    files = [request.node.recording_file(track) for track in await _tracks(request, leader)]
    if not files:
        raise request.missing()
    folder = tempfile.TemporaryDirectory(prefix="mixminus-")
    target = Path(folder.name) / "tracks.wav"
    try:
        await run_sync(interleave, files, target)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(target, media_type="audio/x-wav", background=BackgroundTask(folder.cleanup))


async def _asked_set(request: ApiRequest) -> RecordingRecord:
    leader = await asked_recording(request, conference_sid=request.sid("conference", CONFERENCE))
    if leader.track not in KINDS:
        raise request.missing()
    return leader


async def _tracks(request: ApiRequest, leader: RecordingRecord) -> list[RecordingRecord]:
    return _in_order(await request.node.store.query(RecordingRecord, Where("set_sid", Is.EQUAL, leader.sid)))


def _in_order(tracks: Any) -> list[RecordingRecord]:
    """Participants as they came, the whispers last."""
    return sorted(tracks, key=lambda track: track.track == WHISPER)


async def _labels(request: ApiRequest, conference: ConferenceRecord) -> Labels:
    people = await request.node.store.query(ParticipantRecord, Where("conference_sid", Is.EQUAL, conference.sid))
    return {person.call_sid: person.label for person in people}


def _media_url(recording: RecordingRecord, origin: str) -> str:
    return f"{origin}{account_uri(recording.account_sid)}/Recordings/{recording.sid}"


_SETS: Final = f"{EXTRAS}/Conferences/{{conference}}/Recordings"


def operations(listeners: Who) -> tuple[Operation, ...]:
    """*listeners* may fetch the sound."""
    return (
        Operation("POST", _SETS, start_set),
        Operation("GET", _SETS, list_sets),
        Operation("GET", f"{_SETS}/{{recording}}", fetch_set),
        Operation("GET", f"{_SETS}/{{recording}}/Tracks.wav", tracks_wav, listeners),
    )
