"""The webhook application serves what it was told to and keeps what it was sent."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.webhook_app import WebhookApp, WebhookRequest


async def post(
    app: WebhookApp, path: str, body: bytes = b"", method: str = "POST", query: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Call the application in memory, the body in two pieces."""
    pieces = [{"body": body[:5], "more_body": True}, {"body": body[5:], "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", **pieces.pop(0)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"X-Twilio-Signature", b"abc=")]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
    await app(scope, receive, send)
    answer = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    data = b"".join(message["body"] for message in sent[1:])
    assert int(answer["content-length"]) == len(data)
    return sent[0]["status"], answer, data


def test_it_serves_twiml_and_keeps_the_form() -> None:
    async def story() -> None:
        app = WebhookApp()
        app.answers("/voice", "<Response><Hangup/></Response>")
        status, headers, body = await post(app, "/voice", b"CallSid=CA1&Digits=&X=1&X=2")
        assert (status, headers["content-type"], body) == (200, "text/xml", b"<Response><Hangup/></Response>")
        [request] = app.received("/voice")
        assert request.form == (("CallSid", "CA1"), ("Digits", ""), ("X", "1"), ("X", "2"))
        assert request["CallSid"] == "CA1"
        assert request.signature == "abc="
        with pytest.raises(KeyError):
            request["From"]

    run_virtual(story())


def test_a_function_or_a_coroutine_may_answer() -> None:
    async def later(request: WebhookRequest) -> str:
        await asyncio.sleep(2)
        return f"<Response><Say>{request['Digits']}</Say></Response>"

    async def story() -> None:
        app = WebhookApp()
        app.answers("/now", lambda request: f"<Response><!-- {request['To']} --></Response>")
        app.answers("/later", later)
        assert b"<!-- +1500 -->" in (await post(app, "/now", b"To=%2B1500"))[2]
        assert b"<Say>12</Say>" in (await post(app, "/later", b"Digits=12"))[2]
        assert asyncio.get_running_loop().time() == 2

    run_virtual(story())


def test_a_get_has_its_parameters_in_the_query() -> None:
    async def story() -> None:
        app = WebhookApp()
        await post(app, "/voice", method="GET", query=b"CallSid=CA1&Empty=")
        assert app.requests[0].form == (("CallSid", "CA1"), ("Empty", ""))

    run_virtual(story())


def test_waiting_takes_each_request_once_and_only_those_that_match() -> None:
    async def story() -> None:
        app = WebhookApp()
        await post(app, "/status", b"CallStatus=ringing&N=1")
        waiting = asyncio.create_task(app.wait_for("/status", CallStatus="completed"))
        await asyncio.sleep(1)
        await post(app, "/status", b"CallStatus=ringing&N=2")
        await post(app, "/other", b"CallStatus=completed&N=3")
        await asyncio.sleep(1)
        assert not waiting.done()
        await post(app, "/status", b"CallStatus=completed&N=4")
        assert (await waiting)["N"] == "4"
        assert [(await app.wait_for("/status"))["N"] for _ in range(2)] == ["1", "2"]
        with pytest.raises(TimeoutError):
            await app.wait_for("/status", within_s=5)
        assert len(app.received("/status")) == 3

    run_virtual(story())


def test_it_fails_stalls_redirects_and_overflows_on_request() -> None:
    async def story() -> None:
        app = WebhookApp()
        app.fails("/fails", 503)
        app.stalls("/stalls", 20)
        app.redirects("/redirects", "/voice", 307)
        app.overflows("/overflows", 200_000)
        assert (await post(app, "/fails"))[0] == 503
        status, headers, _ = await post(app, "/redirects")
        assert (status, headers["location"]) == (307, "/voice")
        assert len((await post(app, "/overflows"))[2]) > 200_000
        await post(app, "/stalls")
        assert asyncio.get_running_loop().time() == 20
        assert (await post(app, "/never/heard/of"))[2] == b"<Response/>"

    run_virtual(story())


def test_it_serves_files_and_headers() -> None:
    async def story() -> None:
        app = WebhookApp()
        app.serves("/ring.wav", b"RIFF\xff\x00")
        app.answers("/voice", "<Response/>", headers=(("set-cookie", "a=1"),))
        _, headers, body = await post(app, "/ring.wav")
        assert (headers["content-type"], body) == ("audio/wav", b"RIFF\xff\x00")
        assert (await post(app, "/voice"))[1]["set-cookie"] == "a=1"

    run_virtual(story())
