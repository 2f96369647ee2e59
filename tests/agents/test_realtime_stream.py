"""Media Streams as the bridge reads and writes them, and the socket to the service."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mixminus.agents.description import BadAgent, Dialect, Realtime
from mixminus.agents.io.realtime_socket import address, headers
from mixminus.agents.realtime.outputs import Clear
from mixminus.agents.realtime.playback import Mark, Play, octets
from mixminus.agents.realtime.stream import CallerAudio, Key, Marked, Played, Stopped, read, written


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"event":"media","media":{"track":"inbound","payload":"AAEC"}}', CallerAudio("AAEC")),
        ('{"event":"media","media":{"track":"outbound","payload":"AAEC"}}', None),
        ('{"event":"media","media":{"payload":"AAE"}}', None),
        ('{"event":"mark","mark":{"name":"a"}}', Marked("a")),
        ('{"event":"mark"}', None),
        ('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"5"}}', Key("5")),
        ('{"event":"dtmf","dtmf":{"digit":"55"}}', None),
        ('{"event":"played","played":{"saidMs":"4200","playedMs":"1380"}}', Played(1_380)),
        ('{"event":"played","played":{"saidMs":"4200","playedMs":"-1"}}', None),
        ('{"event":"played","played":{"playedMs":"' + "9" * 5_000 + '"}}', Played(999_999_999_999)),
        ('{"event":"stop","stop":{}}', Stopped()),
        ('{"event":"hello"}', None),
        ("[" * 9_000, None),
        ("", None),
    ],
)
def test_4_3_what_is_used_is_read_and_the_rest_dropped(text: str, found: object) -> None:
    assert read(text) == found


@given(text=some.text())
def test_nothing_that_a_stream_says_is_an_error(text: str) -> None:
    read(text)


def test_4_4_what_is_written() -> None:
    assert json.loads(written(Play("AAEC"), "MZ1")) == {
        "event": "media",
        "streamSid": "MZ1",
        "media": {"payload": "AAEC"},
    }
    assert json.loads(written(Mark("m"), "MZ1"))["mark"] == {"name": "m"}
    assert json.loads(written(Clear(), "MZ1")) == {"event": "clear", "streamSid": "MZ1"}


@pytest.mark.parametrize(("payload", "length"), [("", 0), ("AA==", 1), ("AAE=", 2), ("AAEC", 3), ("AAECAw==", 4)])
def test_the_length_of_base64(payload: str, length: int) -> None:
    assert octets(payload) == length


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("wss://api.openai.com/v1/realtime", "wss://api.openai.com/v1/realtime?model=m"),
        ("wss://host/v1/realtime?model=other", "wss://host/v1/realtime?model=other"),
        ("wss://a.azure.com/x?api-version=1&deployment=d", "wss://a.azure.com/x?api-version=1&deployment=d"),
    ],
)
def test_8_1_the_model_is_in_the_query(url: str, found: str) -> None:
    assert address(Realtime(url=url, model="m")) == found


def test_8_1_the_key_is_a_bearer_and_the_beta_says_so() -> None:
    assert headers(Realtime(key_env="K"), {"K": "sk"}) == [("Authorization", "Bearer sk")]
    assert ("OpenAI-Beta", "realtime=v1") in headers(Realtime(key_env="K", events=Dialect.BETA), {"K": "sk"})
    with pytest.raises(BadAgent, match="OPENAI_API_KEY"):
        headers(Realtime(), {})
