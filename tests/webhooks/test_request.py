"""What goes over the wire (twiml-and-streams 1.3, 1.6)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.webhooks.contract import HttpFailure, HttpRequest, Limits, WebhookCall
from mixminus.webhooks.request import address, build


def request(url: str, method: str = "POST", *parameters: tuple[str, str]) -> HttpRequest:
    return build(WebhookCall(url, method, parameters), "secret", "token-1", Limits())


def test_a_post_carries_its_parameters_in_the_body() -> None:
    posted = request("https://a.test/x?y=1", "POST", ("From", "+1 5"), ("Blank", ""))
    assert (posted.method, posted.url, posted.body) == ("POST", "https://a.test/x?y=1", b"From=%2B1+5&Blank=")
    assert dict(posted.headers)["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"


@pytest.mark.parametrize(
    ("url", "wire"),
    [("https://a.test/x?y=1", "https://a.test/x?y=1&a=b"), ("https://a.test/x", "https://a.test/x?a=b")],
)
def test_a_get_carries_its_parameters_in_the_query(url: str, wire: str) -> None:
    got = request(url, "GET", ("a", "b"))
    assert (got.method, got.url, got.body) == ("GET", wire, b"")
    assert "Content-Type" not in dict(got.headers)


def test_every_request_says_who_asks_and_which_one_it_is() -> None:
    headers = dict(request("https://a.test/").headers)
    assert headers["User-Agent"].startswith("Mixminus/")
    assert headers["I-Twilio-Idempotency-Token"] == "token-1"


def test_the_user_of_a_url_becomes_basic_authentication() -> None:
    asked = request("https://ann:p%40ss@a.test:8443/x")
    assert asked.url == "https://a.test:8443/x"
    assert dict(asked.headers)["Authorization"] == "Basic " + base64.b64encode(b"ann:p@ss").decode()


@pytest.mark.parametrize(
    ("configured", "wire"),
    [
        ("http://a.test", "http://a.test/"),
        ("HTTP://A.Test:80/B", "http://a.test:80/B"),
        ("https://bücher.test/", "https://xn--bcher-kva.test/"),
        ('https://a.test/ü b?q=ö"', "https://a.test/%C3%BC%20b?q=%C3%B6%22"),
        ("https://a.test/%7Ex?a=%20+b", "https://a.test/%7Ex?a=%20+b"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://a_b.test/", "http://a_b.test/"),
        (" https://a.test/ ", "https://a.test/"),
    ],
)
def test_urls_as_people_write_them(configured: str, wire: str) -> None:
    assert address(configured).url == wire


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "a.test/x",
        "ftp://a.test/",
        "http://",
        "http:///x",
        "http://a.test:0/",
        "http://a.test:99999/",
        "http://a test/",
        "http://[::1/",
        "http://a.test\\@b.test/",
        f"http://{'ü' * 80}.test/",
        "javascript:1",
    ],
)
def test_11100_what_cannot_be_requested(url: str) -> None:
    with pytest.raises(HttpFailure) as caught:
        address(url)
    assert (caught.value.code, caught.value.kind) == (11100, "url")


def test_a_failure_shows_neither_password_nor_query() -> None:
    with pytest.raises(HttpFailure) as caught:
        address("ftp://ann:secret@a.test/x?From=%2B15005550006")
    assert "secret" not in caught.value.message
    assert "1500555" not in caught.value.message


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://a.test/{}".format))
def test_any_text_is_an_address_or_11100(url: str) -> None:
    try:
        wire = address(url).url
    except HttpFailure as failure:
        if failure.code != 11100:
            raise
    else:
        assert wire.isascii()
        assert not any(character.isspace() for character in wire)
        assert address(wire).url == wire
