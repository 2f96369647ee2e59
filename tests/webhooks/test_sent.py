"""What is told of a webhook when it is over: its tries, its redirects, how long they took, what came of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from mixminus.testing.virtual_time import run_virtual
from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, Sent, WebhookCall
from mixminus.webhooks.fetching import Courier, fetch_document

CourierWith = Callable[..., Courier]
CALL = WebhookCall("http://a.test/voice", "POST", (("CallSid", "CA1"),))


class Network:
    """Takes a second for each exchange, which ends as told."""

    def __init__(self, *script: int | str) -> None:
        self._script = list(script)

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        await asyncio.sleep(1)
        verdict = self._script.pop(0)
        if verdict == "dead":
            raise HttpFailure(11205, "ct", "nobody there")
        if isinstance(verdict, str):
            return HttpAnswer(302, (("location", verdict),), b"", request.url)
        return HttpAnswer(verdict, (("content-type", "text/xml"),), b"<Response/>", request.url)


def told(courier_with: CourierWith, *script: int | str, url: str = CALL.url) -> Sent:
    async def main() -> list[Sent]:
        heard: list[Sent] = []
        courier = replace(courier_with(Network(*script)), on_sent=heard.append)
        try:
            await fetch_document(replace(CALL, url=url), courier)
        except HttpFailure:
            assert heard, "whoever asked learned of it first"
        return heard

    [sent] = run_virtual(main())
    return sent


def test_an_answer(courier_with: CourierWith) -> None:
    sent = told(courier_with, 200)
    [attempt] = sent.attempts
    assert (sent.call.url, sent.failure, sent.took_s) == (CALL.url, None, 1)
    assert attempt.answer is not None
    assert (attempt.answer.status, attempt.took_s) == (200, 1)


def test_every_try_is_told_of(courier_with: CourierWith) -> None:
    sent = told(courier_with, "dead", 200)
    first, second = sent.attempts
    assert (first.failure and first.failure.code, first.answer) == (11205, None)
    assert (second.failure, second.answer and second.answer.status) == (None, 200)
    assert second.began_s - first.began_s == pytest.approx(1)
    assert sent.failure is None


def test_redirects_are_attempts_too(courier_with: CourierWith) -> None:
    sent = told(courier_with, "http://b.test/there", 200)
    assert [each.url for each in sent.attempts] == [CALL.url, "http://b.test/there"]
    assert sent.call.url == CALL.url


def test_a_failure_is_told_with_its_code(courier_with: CourierWith) -> None:
    sent = told(courier_with, 404)
    assert (sent.failure and sent.failure.code, len(sent.attempts)) == (11200, 1)


def test_what_could_not_be_asked_at_all_is_told_of(courier_with: CourierWith) -> None:
    sent = told(courier_with, url="ftp://a.test/")
    assert (sent.failure and sent.failure.code, sent.attempts) == (11100, ())


def test_who_gives_up_leaves_an_attempt_without_an_end(courier_with: CourierWith) -> None:
    async def main() -> list[Sent]:
        heard: list[Sent] = []
        courier = replace(courier_with(Network(200)), on_sent=heard.append)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await fetch_document(CALL, courier)
        return heard

    [sent] = run_virtual(main())
    [attempt] = sent.attempts
    assert (attempt.answer, attempt.failure, attempt.took_s, sent.failure) == (None, None, 0.5, None)
