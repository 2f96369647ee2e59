"""Sets of tracks: docs/recordings.md."""

import io
import json
import wave

import numpy as np
import pytest
from tests.api.fake_node import FakeNode
from tests.api.test_api_participants import URL
from tests.api.test_api_recordings import loudest, tones
from tests.api.world import Answer, Api

from mixminus.calls.commands import StartConferenceRecording
from mixminus.calls.options import Callback, Webhook
from mixminus.calls.records import ConferenceRecord, RecordingRecord, RecordingStatus


def sets(conference: ConferenceRecord) -> str:
    return f"/mixminus/v1/Conferences/{conference.sid}/Recordings"


def post_json(api: Api, path: str, said: object) -> Answer:
    return api.request("POST", path, json.dumps(said).encode(), **{"Content-Type": "application/json"})


def a_set(node: FakeNode, conference: ConferenceRecord, *hz: float) -> tuple[RecordingRecord, list[RecordingRecord]]:
    """A set with a track for each note; the last one is the whisper."""
    leader = node.recording(conference_sid=conference.sid, channels=2, track="participants", duration_s=1)
    node.recording_file(leader).write_bytes(tones(500, 700))
    tracks = []
    for number, note in enumerate(hz, 1):
        last = number == len(hz)
        kind = "whisper" if last else "participant"
        call_sid = None if last else node.participant(conference, label=f"guest {number}").call_sid
        track = node.recording(conference_sid=conference.sid, call_sid=call_sid, track=kind, set_sid=leader.sid)
        node.recording_file(track).write_bytes(tones(note, seconds=number))
        tracks.append(track)
    return leader, tracks


@pytest.mark.parametrize(
    ("said", "participants", "whisper"),
    [
        ({"tracks": "participants"}, True, False),
        ({"tracks": "participants", "whisper": True}, True, True),
        ({"tracks": "mixed", "whisper": "false"}, False, False),
    ],
)
def test_a_set_is_started_by_json_or_by_a_form(
    api: Api, node: FakeNode, said: dict[str, object], participants: bool, whisper: bool
) -> None:
    room = node.conference()
    form = {name: str(value).lower() for name, value in said.items()}
    for answer in (post_json(api, sets(room), said), api.post(sets(room), **form)):
        assert answer.status == 201
        assert answer.json["kind"] == ("participants" if participants else "mixed")
        assert answer.json["status"] == "processing"
    assert node.asked == [StartConferenceRecording(room.sid, participants, whisper)] * 2


def test_its_owner_may_be_called_back(api: Api, node: FakeNode) -> None:
    room = node.conference()
    api.post(sets(room), tracks="mixed", RecordingStatusCallback=URL, RecordingStatusCallbackEvent="paused completed")
    assert node.asked[0].callback == Callback(Webhook(URL), frozenset({"paused", "completed"}))


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"{", b"\xff", b'{"tracks": "all"}', b'{"tracks": ["mixed"]}', b'{"tracks": "mixed\\u0000"}'],
)
def test_what_is_no_wish_is_refused(api: Api, node: FakeNode, body: bytes) -> None:
    answer = api.request("POST", sets(node.conference()), body, **{"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (400, 20422)
    assert node.asked == []


def test_json_is_for_what_twilio_does_not_have(api: Api, node: FakeNode) -> None:
    assert post_json(api, f"{api.account}/Conferences/{node.conference().sid}.json", {}).status == 415


def test_a_set_is_shown_with_its_tracks_in_the_order_of_channels(api: Api, node: FakeNode) -> None:
    room = node.conference()
    leader, (first, second, whisper) = a_set(node, room, 400, 900, 1_400)
    [shown] = api.get(sets(room)).json["recordings"]
    assert shown == api.get(f"{sets(room)}/{leader.sid}").json
    assert (shown["sid"], shown["kind"], shown["whisper"], shown["status"]) == (
        leader.sid,
        "participants",
        True,
        "completed",
    )
    assert [track["sid"] for track in shown["tracks"]] == [first.sid, second.sid, whisper.sid]
    assert [track["channel"] for track in shown["tracks"]] == [1, 2, 3]
    assert [track["label"] for track in shown["tracks"]] == ["guest 1", "guest 2", None]
    assert shown["tracks"][0]["call_sid"] == first.call_sid


def test_all_tracks_come_in_one_file_as_long_as_the_longest(api: Api, node: FakeNode) -> None:
    room = node.conference()
    leader, _ = a_set(node, room, 400, 900, 1_400)
    answer = api.get(f"{sets(room)}/{leader.sid}/Tracks.wav")
    assert answer.headers["content-type"] == "audio/x-wav"
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getnchannels(), file.getnframes(), file.getframerate()) == (3, 3 * 8_000, 8_000)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 3)
    for channel, (note, seconds) in enumerate(((400, 1), (900, 2), (1_400, 3))):
        with wave.open(io.BytesIO(tones(note, seconds=seconds))) as alone:
            expected = np.frombuffer(alone.readframes(alone.getnframes()), "<i2")
        assert np.array_equal(sound[: len(expected), channel], expected)
        assert not sound[len(expected) :, channel].any()


def test_a_track_may_be_fetched_alone(api: Api, node: FakeNode) -> None:
    _, (track, _) = a_set(node, node.conference(), 400, 900)
    assert loudest(api.get(f"/Recordings/{track.sid}.wav").body) == [{400}]
    assert loudest(api.get(f"/Recordings/{track.sid}.mp3").body)[0] == {400}


def test_a_track_whose_file_is_gone_is_silent(api: Api, node: FakeNode) -> None:
    room = node.conference()
    leader, (first, _) = a_set(node, room, 400, 900)
    node.recording_file(first).unlink()
    with wave.open(io.BytesIO(api.get(f"{sets(room)}/{leader.sid}/Tracks.wav").body)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert not sound[:, 0].any()
    assert sound[:, 1].any()


def test_a_set_that_runs_has_no_file_yet(api: Api, node: FakeNode) -> None:
    room = node.conference()
    leader, _ = a_set(node, room, 400, 900)
    node.keep(leader, status=RecordingStatus.IN_PROGRESS)
    assert api.get(f"{sets(room)}/{leader.sid}/Tracks.wav").code == 21501


def test_twilios_lists_have_the_leader_and_no_tracks(api: Api, node: FakeNode) -> None:
    room = node.conference()
    leader, tracks = a_set(node, room, 400, 900)
    assert [each.sid for each in api.sdk.recordings.list()] == [leader.sid]
    assert [each.sid for each in api.sdk.conferences(room.sid).recordings.list()] == [leader.sid]
    assert tracks[0].call_sid is not None
    assert api.sdk.calls(tracks[0].call_sid).recordings.list() == []


def test_what_is_no_set_is_not_found(api: Api, node: FakeNode) -> None:
    room, other = node.conference(), node.conference()
    plain = node.recording(conference_sid=room.sid)
    leader, (track, _) = a_set(node, room, 400, 900)
    paths = [
        f"{sets(room)}/{plain.sid}",
        f"{sets(room)}/{track.sid}",
        f"{sets(other)}/{leader.sid}",
        f"{sets(room)}/{plain.sid}/Tracks.wav",
    ]
    assert [api.get(path).code for path in paths] == [20404] * 4
    assert api.get("/mixminus/v1/Conferences/CF" + "0" * 32 + "/Recordings").code == 20404
    assert api.as_user("x", "y").get(f"{sets(room)}/{leader.sid}/Tracks.wav").code == 20003


def test_the_document_describes_it(api: Api, node: FakeNode) -> None:
    room = node.conference()
    a_set(node, room, 400, 900)
    document = api.get("/mixminus/v1/openapi.json").json
    schema, [shown] = document["components"]["schemas"]["recording"], api.get(sets(room)).json["recordings"]
    assert shown.keys() == schema["properties"].keys()
    assert shown["tracks"][0].keys() == schema["properties"]["tracks"]["items"]["properties"].keys()
    assert {"get", "post"} == document["paths"]["/mixminus/v1/Conferences/{conference}/Recordings"].keys()
