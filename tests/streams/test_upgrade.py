"""The request that opens a WebSocket (twiml-and-streams.md 4.2)."""

import pytest
from twilio.request_validator import RequestValidator

from mixminus.streams.contract import StreamError, Upgrade
from mixminus.streams.upgrade import upgrade
from mixminus.webhooks.signing import signature

TOKEN = "0123456789abcdef0123456789abcdef"


def signed(url: str) -> Upgrade:
    return upgrade(url, lambda url, items: signature(TOKEN, url, items))


def header(request: Upgrade, name: str) -> str:
    return dict(request.headers)[name]


@pytest.mark.parametrize("url", ["wss://agent.example.com/media", "wss://agent.example.com:8443/a/b", "wss://x.org"])
def test_twilios_validator_accepts_the_upgrade(url: str) -> None:
    assert RequestValidator(TOKEN).validate(url, {}, header(signed(url), "X-Twilio-Signature"))


def test_a_query_is_passed_on_and_signed_as_if_it_were_a_form() -> None:
    request = signed("wss://agent.example.com/media?b=2&a=1")
    assert request.url == "wss://agent.example.com/media?b=2&a=1"
    bare = "wss://agent.example.com/media"
    assert RequestValidator(TOKEN).validate(bare, {"a": "1", "b": "2"}, header(request, "X-Twilio-Signature"))


def test_user_and_fragment_do_not_travel() -> None:
    assert signed("wss://user:secret@agent.example.com/x#y").url == "wss://agent.example.com/x"


@pytest.mark.parametrize("url", ["ws://localhost:8765/", "ws://127.0.0.1/x", "ws://[::1]:9/", "ws://a.localhost/"])
def test_this_machine_needs_no_tls(url: str) -> None:
    assert signed(url).url == url


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ws://agent.example.com/", 31922),
        ("https://agent.example.com/", 31922),
        ("agent.example.com", 31922),
        ("", 31922),
        ("wss://", 31923),
        ("wss:///path", 31923),
        ("wss://host:0/", 31923),
        ("wss://host:99999/", 31923),
        ("wss://[half/", 31923),
        ("wss://ho st/", 31923),
        ("wss://host/a b", 31923),
        ("wss://host/\r\nX: y", 31923),
    ],
)
def test_what_is_no_such_url_is_refused(url: str, code: int) -> None:
    with pytest.raises(StreamError) as refusal:
        signed(url)
    assert refusal.value.code == code
    assert "secret" not in str(refusal.value)
