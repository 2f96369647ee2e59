"""Unidirectional streams: twiml-and-streams.md 4.1."""

import pytest
from tests.api.fake_node import FakeNode
from tests.api.world import Api
from twilio.base.exceptions import TwilioRestException

from mixminus.base.stream_formats import StreamFormat
from mixminus.base.types import Sid
from mixminus.calls.commands import StartStream, StopStream
from mixminus.calls.options import Webhook
from mixminus.calls.records import CallStatus
from mixminus.calls.streams import StreamWish

AGENT = "wss://agent.example.com/media"


@pytest.fixture
def call_sid(node: FakeNode) -> Sid:
    return node.call(status=CallStatus.IN_PROGRESS).sid


def test_a_stream_is_started(api: Api, node: FakeNode, call_sid: Sid) -> None:
    stream = api.sdk.calls(call_sid).streams.create(
        url=AGENT,
        name="ears",
        track="both_tracks",
        status_callback="https://app.example.com/streams",
        status_callback_method="GET",
        parameter1_name="tenant",
        parameter1_value="north",
        parameter99_name="empty",
        parameter99_value="",
    )
    webhook = Webhook("https://app.example.com/streams", "GET")
    parameters = (("tenant", "north"), ("empty", ""))
    assert node.asked == [StartStream(call_sid, StreamWish(AGENT, "both_tracks", "ears", parameters, webhook))]
    assert (stream.name, stream.status, stream.call_sid) == ("ears", "in-progress", call_sid)
    assert stream.sid.startswith("MZ")
    assert stream.uri == f"{api.account}/Calls/{call_sid}/Streams/{stream.sid}.json"


def test_all_but_the_url_may_be_left_out(api: Api, node: FakeNode, call_sid: Sid) -> None:
    assert api.sdk.calls(call_sid).streams.create(url=AGENT).name is None
    assert node.asked == [StartStream(call_sid, StreamWish(AGENT))]


@pytest.mark.parametrize("key", ["ears", "MZ" + "A" * 32])
def test_a_stream_is_stopped_by_name_or_sid(api: Api, node: FakeNode, call_sid: Sid, key: str) -> None:
    assert api.sdk.calls(call_sid).streams(key).update(status="stopped").status == "stopped"
    assert node.asked == [StopStream(call_sid, key if key == "ears" else "MZ" + "a" * 32)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": ""},
        {"url": AGENT, "track": "all"},
        {"url": AGENT, "status_callback": "nowhere"},
        {"url": AGENT, "parameter1_name": "n" * 300, "parameter1_value": "v" * 201},
    ],
)
def test_what_does_not_fit_is_refused(api: Api, node: FakeNode, call_sid: Sid, wrong: dict[str, str]) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        api.sdk.calls(call_sid).streams.create(**wrong)
    assert refusal.value.status == 400
    assert node.asked == []


def test_a_stream_can_only_be_stopped(api: Api, node: FakeNode, call_sid: Sid) -> None:
    with pytest.raises(TwilioRestException):
        api.sdk.calls(call_sid).streams("ears").update(status="paused")
    with pytest.raises(TwilioRestException) as refusal:
        api.sdk.calls("CA" + "0" * 32).streams.create(url=AGENT)
    assert refusal.value.status == 404
    assert node.asked == []


@pytest.mark.parametrize(
    ("more", "meant"),
    [
        ({"AudioFormat": "audio/x-l16"}, StreamFormat("audio/x-l16", 16_000)),
        ({"AudioFormat": "audio/x-l16", "SampleRate": "8000"}, StreamFormat("audio/x-l16", 8_000)),
        ({"AudioFormat": "audio/opus"}, StreamFormat("audio/opus", 48_000)),
        ({"SampleRate": "8000"}, StreamFormat()),
    ],
)
def test_a_stream_in_another_format(
    api: Api, node: FakeNode, call_sid: Sid, more: dict[str, str], meant: StreamFormat
) -> None:
    answer = api.post(f"{api.account}/Calls/{call_sid}/Streams.json", Url=AGENT, Track="participant_tracks", **more)
    assert answer.status == 200
    assert node.asked == [StartStream(call_sid, StreamWish(AGENT, "participant_tracks", audio=meant))]


@pytest.mark.parametrize(
    "wrong",
    [
        {"AudioFormat": "audio/flac"},
        {"SampleRate": "16000"},
        {"SampleRate": "fast"},
        {"AudioFormat": "audio/opus", "SampleRate": "16000"},
    ],
)
def test_a_format_that_is_not_offered_is_refused(
    api: Api, node: FakeNode, call_sid: Sid, wrong: dict[str, str]
) -> None:
    assert api.post(f"{api.account}/Calls/{call_sid}/Streams.json", Url=AGENT, **wrong).status == 400
    assert node.asked == []
