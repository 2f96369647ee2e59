"""Redirects, retries, failures: pure functions (twiml-and-streams 1.3)."""

import pytest

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, Limits, WebhookCall
from mixminus.webhooks.policy import body_is_wanted, failure, redirected, shown, worth_retrying

POST = WebhookCall("https://a.test/one/two", "POST", (("Digits", "1"),))
GET = WebhookCall("https://a.test/one/two", "GET", (("Digits", "1"),))


def answer(status: int, *headers: tuple[str, str]) -> HttpAnswer:
    return HttpAnswer(status, headers, b"", "https://a.test/one/two")


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirected_post_becomes_a_get_without_parameters(status: int) -> None:
    assert redirected(POST, answer(status, ("location", "../x"))) == WebhookCall("https://a.test/x", "GET", ())


@pytest.mark.parametrize("status", [307, 308])
def test_a_temporarily_redirected_post_is_repeated(status: int) -> None:
    there = answer(status, ("location", "https://b.test/"))
    assert redirected(POST, there) == WebhookCall("https://b.test/", "POST", (("Digits", "1"),))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirected_get_does_not_repeat_its_parameters(status: int) -> None:
    assert redirected(GET, answer(status, ("location", "/x"))) == WebhookCall("https://a.test/x", "GET", ())


@pytest.mark.parametrize("other", [answer(302), answer(200, ("location", "/x")), answer(304, ("location", "/x"))])
def test_other_answers_lead_nowhere(other: HttpAnswer) -> None:
    assert redirected(POST, other) is None


def test_a_redirect_to_no_url_is_a_failure() -> None:
    with pytest.raises(HttpFailure):
        redirected(POST, answer(302, ("location", "http://[::1/")))


def test_a_relative_redirect_keeps_the_user() -> None:
    call = WebhookCall("https://ann:pw@a.test/x", "GET", ())
    there = redirected(call, answer(302, ("location", "/y")))
    assert there == WebhookCall("https://ann:pw@a.test/y", "GET", ())


@pytest.mark.parametrize(("status", "kind"), [(404, "4xx"), (500, "5xx"), (302, "3xx"), (304, "3xx")])
def test_11200_what_is_not_2xx_is_a_failure(status: int, kind: str) -> None:
    failed = failure(answer(status))
    assert failed is not None
    assert (failed.code, failed.kind) == (11200, kind)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_an_answer(status: int) -> None:
    assert failure(answer(status)) is None


def test_by_default_only_a_failed_connection_is_tried_again_and_once() -> None:
    assert worth_retrying("ct", 1, 5_000, Limits())
    assert not worth_retrying("ct", 2, 10_000, Limits())
    assert not any(worth_retrying(kind, 1, 0, Limits()) for kind in ("rt", "4xx", "5xx", "url", "body"))


def test_no_retry_when_the_time_is_up() -> None:
    assert not worth_retrying("ct", 1, 15_000, Limits())


def test_sound_is_left_to_the_player_who_asks_for_it() -> None:
    document = HttpRequest("GET", "http://app.example.com/voice")
    assert not body_is_wanted(document, "Audio/MPEG; x=y")
    assert body_is_wanted(document, "text/xml")
    assert body_is_wanted(document, None)
    assert body_is_wanted(HttpRequest("GET", "http://app.example.com/ring.mp3", unread_types=()), "audio/mpeg")


def test_urls_are_shown_without_what_is_private() -> None:
    assert shown("https://ann:pw@a.test/x?From=%2B1#ct=1") == "https://a.test/x"
    assert len(shown("https://a.test/" + "x" * 9_999)) == 200
