"""Recordings and their sound: section 8 of the reference."""

import io
import wave
from datetime import UTC, datetime

import av
import numpy as np
import pytest
from tests.api.fake_node import FakeNode
from tests.api.oas import parameters
from tests.api.test_api_participants import URL, callback
from tests.api.world import Api, make_api

from mixminus.api.app import build_api
from mixminus.api.auth import Who
from mixminus.calls.commands import StartCallRecording, UpdateRecording
from mixminus.calls.options import RecordingOptions
from mixminus.calls.records import CallStatus, RecordingRecord, RecordingSource, RecordingStatus

RATE = 8_000


def tones(*hz: float, seconds: float = 1.0) -> bytes:
    """A WAV with one tone per channel."""
    at = np.arange(round(RATE * seconds)) / RATE
    samples = np.stack([8_000 * np.sin(2 * np.pi * each * at) for each in hz], axis=1).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(len(hz))
        writing.setsampwidth(2)
        writing.setframerate(RATE)
        writing.writeframes(samples.tobytes())
    return file.getvalue()


def loudest(sound: bytes) -> list[set[int]]:
    """The tones in each channel of a file, to the nearest 100 Hz."""
    with av.open(io.BytesIO(sound), "r") as file:
        frames = list(file.decode(audio=0))
    mixer = av.AudioResampler(format="s16p", rate=frames[0].sample_rate)
    channels = np.concatenate([each.to_ndarray() for frame in frames for each in mixer.resample(frame)], axis=1)
    spectra = np.abs(np.fft.rfft(channels.astype(float), axis=1))
    step = frames[0].sample_rate / channels.shape[1]
    return [{round(index * step, -2) for index in np.flatnonzero(row > row.max() / 4)} for row in spectra]


def recorded(node: FakeNode, *hz: float, **changes: object) -> RecordingRecord:
    recording = node.recording(channels=len(hz), duration_s=1, **changes)
    node.recording_file(recording).write_bytes(tones(*hz))
    return recording


def test_8_2_a_recording_is_shown(api: Api, node: FakeNode) -> None:
    recording = node.recording(duration_s=4, conference_sid="CF" + "1" * 32)
    shown = api.sdk.recordings(recording.sid).fetch()
    assert (shown.status, shown.source, shown.channels, shown.duration) == ("completed", "Conference", 1, "4")
    assert shown.uri == f"{api.account}/Recordings/{recording.sid}.json"


def test_the_media_url_names_the_host_that_was_asked(api: Api, node: FakeNode) -> None:
    recording = node.recording()
    path = f"{api.account}/Recordings/{recording.sid}"
    assert api.get(f"/Recordings/{recording.sid}.json").json["media_url"] == f"http://{api.host}{path}"
    proxied = api.with_headers(**{"X-Forwarded-Proto": "https"})
    assert proxied.get("/Recordings.json").json["recordings"][0]["media_url"] == f"https://{api.host}{path}"
    strange = api.with_headers(**{"X-Forwarded-Proto": "javascript"})
    assert strange.get("/Recordings.json").json["recordings"][0]["media_url"] == f"http://{api.host}{path}"


def test_8_2_the_list_is_filtered(api: Api, node: FakeNode) -> None:
    call = node.call()
    room = node.conference()
    of_call = node.recording(call_sid=call.sid, source=RecordingSource.OUTBOUND_API)
    of_room = node.recording(conference_sid=room.sid, date_created=datetime(2026, 2, 1, tzinfo=UTC))
    deleted = node.recording(status=RecordingStatus.DELETED)
    recordings = api.sdk.recordings
    assert {each.sid for each in recordings.list()} == {of_call.sid, of_room.sid}
    assert [each.sid for each in recordings.list(call_sid=call.sid)] == [of_call.sid]
    assert [each.sid for each in recordings.list(conference_sid=room.sid)] == [of_room.sid]
    assert deleted.sid in [each.sid for each in recordings.list(include_soft_deleted=True)]
    assert [each.sid for each in recordings.list(date_created_after=datetime(2026, 2, 1))] == [of_room.sid]
    assert [each.sid for each in api.sdk.calls(call.sid).recordings.list()] == [of_call.sid]
    assert [each.sid for each in api.sdk.conferences(room.sid).recordings.list()] == [of_room.sid]


def test_8_1_a_recording_is_found_under_its_parents_only(api: Api, node: FakeNode) -> None:
    call, other, room = node.call(), node.call(), node.conference()
    recording = node.recording(call_sid=call.sid, conference_sid=room.sid, track="both")
    assert api.sdk.calls(call.sid).recordings(recording.sid).fetch().track == "both"
    assert api.sdk.conferences(room.sid).recordings(recording.sid).fetch().conference_sid == room.sid
    assert api.get(f"/Calls/{other.sid}/Recordings/{recording.sid}.json").code == 20404
    assert api.delete(f"/Calls/{other.sid}/Recordings/{recording.sid}.json").code == 20404
    assert api.get("/Calls/CA" + "0" * 32 + "/Recordings.json").code == 20404
    assert api.get("/Conferences/CF" + "0" * 32 + "/Recordings.json").code == 20404


START_ROWS: list[tuple[dict[str, str], RecordingOptions]] = [
    ({}, RecordingOptions(trim_silence=False)),
    ({"Trim": "trim-silence"}, RecordingOptions(trim_silence=True)),
    ({"RecordingChannels": "dual"}, RecordingOptions(False, channels=2)),
    ({"RecordingTrack": "inbound"}, RecordingOptions(False, track="inbound")),
    ({"RecordingStatusCallback": URL}, RecordingOptions(False, callback("completed"))),
    (
        {
            "RecordingStatusCallback": URL,
            "RecordingStatusCallbackMethod": "GET",
            "RecordingStatusCallbackEvent": "in-progress absent",
        },
        RecordingOptions(False, callback("in-progress", "absent", method="GET")),
    ),
]


@pytest.mark.parametrize(("form", "options"), START_ROWS, ids=lambda row: str(row)[:60])
def test_8_1_a_parameter_of_start_arrives(
    api: Api, node: FakeNode, form: dict[str, str], options: RecordingOptions
) -> None:
    call = node.call(status=CallStatus.IN_PROGRESS)
    assert api.post(f"/Calls/{call.sid}/Recordings.json", **form).status == 201
    assert node.asked == [StartCallRecording(call.sid, options)]


def test_8_1_each_parameter_of_start_is_tested() -> None:
    assert parameters("/Calls/{CallSid}/Recordings.json") == {name for form, _ in START_ROWS for name in form}


def test_8_1_the_sdk_records_a_call(api: Api, node: FakeNode) -> None:
    call = node.call(status=CallStatus.IN_PROGRESS)
    recordings = api.sdk.calls(call.sid).recordings
    started = recordings.create()
    assert started.status == "in-progress"
    assert recordings("Twilio.CURRENT").update(status="paused", pause_behavior="skip").status == "paused"
    assert recordings(started.sid).update(status="in-progress").status == "in-progress"
    assert recordings(started.sid).fetch().status == "processing"  # 8.2: a fetch says less than an update
    assert node.asked[1:] == [
        UpdateRecording("Twilio.CURRENT", "paused", skip_pause=True, call_sid=call.sid),
        UpdateRecording(started.sid, "in-progress", call_sid=call.sid),
    ]


def test_8_1_the_sdk_pauses_the_recording_of_a_conference(api: Api, node: FakeNode) -> None:
    room = node.conference()
    recording = node.recording(conference_sid=room.sid, status=RecordingStatus.IN_PROGRESS)
    assert api.sdk.conferences(room.sid).recordings("Twilio.CURRENT").update(status="paused").status == "paused"
    assert api.sdk.conferences(room.sid).recordings(recording.sid).update(status="stopped").status == "stopped"
    assert node.asked[0] == UpdateRecording("Twilio.CURRENT", "paused", conference_sid=room.sid)


@pytest.mark.parametrize("form", [{}, {"Status": "completed"}, {"Status": "paused", "PauseBehavior": "x"}], ids=str)
def test_8_1_a_bad_update_is_refused(api: Api, node: FakeNode, form: dict[str, str]) -> None:
    call = node.call()
    assert api.post(f"/Calls/{call.sid}/Recordings/Twilio.CURRENT.json", **form).code == 20422
    assert api.post(f"/Calls/{call.sid}/Recordings/RE{'0' * 32}.json", Status="paused").code == 20404
    assert node.asked == []


def test_8_4_only_a_completed_recording_is_deleted(api: Api, node: FakeNode) -> None:
    recording = node.recording(status=RecordingStatus.PAUSED)
    answer = api.delete(f"/Recordings/{recording.sid}.json")
    assert (answer.status, answer.code, node.asked) == (409, 20009, [])


def test_8_4_delete_leaves_the_metadata(api: Api, node: FakeNode) -> None:
    recording = recorded(node, 500)
    assert api.sdk.recordings(recording.sid).delete() is True
    assert api.get(f"/Recordings/{recording.sid}.json").code == 20404
    assert api.get(f"/Recordings/{recording.sid}.wav").code == 20404
    kept = api.get(f"/Recordings/{recording.sid}.json", IncludeSoftDeleted="true").json
    assert kept["status"] == "deleted"


@pytest.mark.parametrize("suffix", ["", ".wav"])
def test_8_3_without_an_extension_it_is_wav(api: Api, node: FakeNode, suffix: str) -> None:
    recording = recorded(node, 500)
    answer = api.get(f"/Recordings/{recording.sid}{suffix}")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/x-wav")
    assert answer.body == tones(500)


def test_8_3_mp3_on_request(api: Api, node: FakeNode) -> None:
    recording = recorded(node, 500)
    answer = api.get(f"/Recordings/{recording.sid}.mp3")
    assert answer.headers["content-type"] == "audio/mpeg"
    assert loudest(answer.body)[0] == {500}
    assert len(answer.body) < len(tones(500)) / 2


def test_8_3_two_channels_are_mixed_unless_they_are_asked_for(api: Api, node: FakeNode) -> None:
    recording = recorded(node, 500, 1_200)
    path = f"/Recordings/{recording.sid}"
    assert loudest(api.get(f"{path}.wav").body) == [{500, 1_200}]
    assert loudest(api.get(f"{path}.wav", RequestedChannels="1").body) == [{500, 1_200}]
    assert api.get(f"{path}.wav", RequestedChannels="2").body == tones(500, 1_200)
    assert loudest(api.get(f"{path}.mp3", RequestedChannels="2").body) == [{500}, {1_200}]


def test_8_3_two_channels_of_a_mono_recording_are_16113(api: Api, node: FakeNode) -> None:
    recording = recorded(node, 500)
    for suffix in ("", ".wav", ".mp3"):
        answer = api.get(f"/Recordings/{recording.sid}{suffix}", RequestedChannels="2")
        assert (answer.status, answer.code) == (400, 16113)
    assert api.get(f"/Recordings/{recording.sid}.wav", RequestedChannels="3").code == 20422


@pytest.mark.parametrize("status", ["in-progress", "paused", "stopped", "processing"])
def test_8_3_what_is_not_finished_is_21501_with_retry_after(api: Api, node: FakeNode, status: str) -> None:
    recording = recorded(node, 500, status=RecordingStatus(status))
    answer = api.get(f"/Recordings/{recording.sid}.wav")
    assert (answer.status, answer.code) == (404, 21501)
    assert int(answer.headers["retry-after"]) > 0


def test_8_3_an_absent_recording_has_no_sound(api: Api, node: FakeNode) -> None:
    absent = node.recording(status=RecordingStatus.ABSENT, error_code=16101)
    assert api.get(f"/Recordings/{absent.sid}.wav").code == 20404
    assert api.get(f"/Recordings/{node.recording().sid}.mp3").code == 20404
    assert api.sdk.recordings(absent.sid).fetch().error_code == 16101


def test_players_may_ask_for_a_part_and_for_the_size(api: Api, node: FakeNode) -> None:
    path = f"/Recordings/{recorded(node, 500).sid}.wav"
    part = api.request("GET", path, Range="bytes=44-143")
    assert (part.status, part.body) == (206, tones(500)[44:144])
    head = api.request("HEAD", path)
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(tones(500))), b"")


def test_listening_needs_credentials_unless_recordings_are_public(api: Api, node: FakeNode) -> None:
    path = f"/Recordings/{recorded(node, 500).sid}"
    stranger = api.as_user("x", "y")
    assert stranger.get(f"{path}.wav").code == 20003
    accounts = make_api(node).accounts
    public = Api(node, build_api(node, accounts, listeners=Who.ANYBODY), accounts)
    assert public.get(f"{path}.wav").status == public.get(f"{path}.mp3").status == 200
    assert public.get(f"{path}.json").code == 20003
