"""From the question to a usable answer, in virtual time (twiml-and-streams 1.3, twilio-conference-api 10.1)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from twilio.request_validator import RequestValidator

from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.webhook_app import Reply, WebhookApp
from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, WebhookCall
from mixminus.webhooks.cookies import CookieJar
from mixminus.webhooks.fetching import Courier, fetch_document

TOKEN = "0123456789abcdef0123456789abcdef"
CALL_SID = (("CallSid", "CA1"), ("Digits", "42"))

CourierWith = Callable[..., Courier]


def ask(courier_with: CourierWith, url: str, method: str = "POST") -> HttpAnswer:
    async def main() -> HttpAnswer:
        return await fetch_document(WebhookCall(url, method, CALL_SID), courier_with())

    return run_virtual(main())


def refusal(courier_with: CourierWith, url: str, method: str = "POST") -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        ask(courier_with, url, method)
    return caught.value


class Scripted:
    """A network that fails or answers as told, and keeps what it was asked."""

    def __init__(self, *script: int | str, takes_s: float = 0.0) -> None:
        self.requests: list[HttpRequest] = []
        self._script = list(script)
        self._takes_s = takes_s

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        await asyncio.sleep(self._takes_s)
        verdict = self._script.pop(0)
        if isinstance(verdict, str):
            raise HttpFailure(11205, verdict, "told to")
        return HttpAnswer(verdict, (("content-type", "text/xml"),), b"<Response/>", request.url)


def tries(courier_with: CourierWith, url: str, *script: int | str, takes_s: float = 0.0) -> list[HttpRequest]:
    """Every request that was made for one webhook."""
    network = Scripted(*script, takes_s=takes_s)

    async def main() -> None:
        await fetch_document(WebhookCall(url, "POST", CALL_SID), courier_with(network))

    try:
        run_virtual(main())
    except HttpFailure:
        pass
    return network.requests


# --- what is asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_application_gets_a_signed_request(method: str, app: WebhookApp, courier_with: CourierWith) -> None:
    answer = ask(courier_with, "https://a.test/voice?tenant=7#ct=1000", method)
    (request,) = app.requests
    assert (answer.status, answer.body) == (200, b"<Response/>")
    assert request["CallSid"] == "CA1"
    url = "https://a.test/voice?tenant=7" + ("&CallSid=CA1&Digits=42" if method == "GET" else "")
    form = dict(CALL_SID) if method == "POST" else {}
    assert RequestValidator(TOKEN).validate(url, form, request.signature)


def test_the_answers_url_is_the_one_to_resolve_against(app: WebhookApp, courier_with: CourierWith) -> None:
    """Without the overrides, and without the parameters that a GET added: they would be sent twice."""
    assert ask(courier_with, "https://a.test/voice?tenant=7#ct=1000", "GET").url == "https://a.test/voice?tenant=7"


def test_an_override_in_vain_is_told_and_the_request_made(app: WebhookApp, courier_with: CourierWith) -> None:
    told: list[int] = []

    async def main() -> None:
        courier = replace(courier_with(), on_override=lambda call, warning: told.append(warning.code))
        await fetch_document(WebhookCall("https://a.test/x#rc=9", "POST", ()), courier)

    run_virtual(main())
    assert told == [11243]
    assert len(app.requests) == 1


# --- redirects -------------------------------------------------------------------------------------------------


def test_a_post_follows_302_as_a_get_without_its_parameters(app: WebhookApp, courier_with: CourierWith) -> None:
    app.redirects("/old", "/new?x=1")
    answer = ask(courier_with, "https://a.test/old")
    last = app.requests[-1]
    assert (last.method, last.path, last.query, last.body) == ("GET", "/new", (("x", "1"),), b"")
    assert RequestValidator(TOKEN).validate("https://a.test/new?x=1", {}, last.signature)
    assert answer.url == "https://a.test/new?x=1"


def test_a_post_follows_307_to_another_host_as_it_is(app: WebhookApp, courier_with: CourierWith) -> None:
    app.redirects("/old", "https://b.test/new", 307)
    ask(courier_with, "https://a.test/old")
    last = app.requests[-1]
    assert (last.method, last["Digits"], last.header("host")) == ("POST", "42", "b.test")
    assert RequestValidator(TOKEN).validate("https://b.test/new", dict(CALL_SID), last.signature)


def test_ten_redirects_are_followed(app: WebhookApp, courier_with: CourierWith) -> None:
    for hop in range(10):
        app.redirects(f"/{hop}", f"/{hop + 1}")
    assert ask(courier_with, "https://a.test/0").url == "https://a.test/10"


def test_11215_a_redirect_loop_ends(app: WebhookApp, courier_with: CourierWith) -> None:
    app.redirects("/x", "/x")
    assert refusal(courier_with, "https://a.test/x").code == 11215
    assert len(app.requests) == 11


@pytest.mark.parametrize("location", ["ftp://a.test/", "http://[::1/", "https://unknown.test/"])
def test_a_redirect_to_nowhere_is_a_failure(location: str, app: WebhookApp, courier_with: CourierWith) -> None:
    app.redirects("/x", location)
    assert refusal(courier_with, "https://a.test/x").code in (11100, 11200, 11210)


# --- failures and retries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_11200_an_error_status_is_a_failure_and_not_tried_again(
    status: int, app: WebhookApp, courier_with: CourierWith
) -> None:
    app.fails("/x", status)
    assert refusal(courier_with, "https://a.test/x").code == 11200
    assert len(app.requests) == 1


def test_a_failed_connection_is_tried_again_once(courier_with: CourierWith) -> None:
    assert len(tries(courier_with, "https://a.test/", "ct", 200)) == 2
    assert len(tries(courier_with, "https://a.test/", "ct", "ct", 200)) == 2


def test_all_tries_of_one_request_carry_one_token(courier_with: CourierWith) -> None:
    made = tries(courier_with, "https://a.test/#rc=5", "ct", "ct", "ct", 200)
    assert {dict(request.headers)["I-Twilio-Idempotency-Token"] for request in made} == {"token-1"}


def test_the_fragment_says_what_to_try_again_and_how_often(courier_with: CourierWith) -> None:
    assert len(tries(courier_with, "https://a.test/#rc=3&rp=5xx", 500, 503, 502, 500)) == 4
    assert len(tries(courier_with, "https://a.test/#rc=3&rp=5xx", 404)) == 1
    assert len(tries(courier_with, "https://a.test/#rc=3&rp=5xx", "ct")) == 1
    assert len(tries(courier_with, "https://a.test/#rc=0", "ct")) == 1
    assert len(tries(courier_with, "https://a.test/#rp=all", "rt", 200)) == 2


def test_fifteen_seconds_are_for_all_tries_together(courier_with: CourierWith) -> None:
    made = tries(courier_with, "https://a.test/#rc=5&rp=all", "ct", "ct", "ct", "ct", takes_s=6.0)
    assert [request.limits.total_ms for request in made] == [15_000, 9_000, 3_000]


def test_11200_a_silent_application_is_given_up_after_fifteen_seconds(
    app: WebhookApp, courier_with: CourierWith
) -> None:
    app.stalls("/x", 60.0)

    async def main() -> float:
        with pytest.raises(HttpFailure) as caught:
            await fetch_document(WebhookCall("https://a.test/x", "POST", ()), courier_with())
        assert caught.value.code == 11200
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(15.0)


def test_11203_slow_redirects_share_the_time(app: WebhookApp, courier_with: CourierWith) -> None:
    app._replies["/x"] = Reply("", 302, (("location", "/x"),), delay_s=7.5)
    assert refusal(courier_with, "https://a.test/x").code == 11203


def test_11750_an_endless_document_is_refused(app: WebhookApp, courier_with: CourierWith) -> None:
    app.overflows("/x", 70_000)
    assert refusal(courier_with, "https://a.test/x").code == 11750


def test_sound_is_not_read(app: WebhookApp, courier_with: CourierWith) -> None:
    app._replies["/x"] = Reply("RIFF", headers=(("content-type", "audio/wav"),), padding_bytes=1_000_000)
    answer = ask(courier_with, "https://a.test/x")
    assert (answer.body, answer.header("content-type")) == (b"", "audio/wav")


def test_11100_and_11210_never_reach_anybody(app: WebhookApp, courier_with: CourierWith) -> None:
    assert refusal(courier_with, "/relative").code == 11100
    assert refusal(courier_with, "https://unknown.test/").code == 11210
    assert app.requests == []


def test_an_application_that_raises_has_answered_500(courier_with: CourierWith) -> None:
    from mixminus.webhooks.io.asgi import AsgiFetch

    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("oops")

    async def mute(scope: object, receive: object, send: object) -> None:
        return None

    async def main(path: str) -> None:
        courier = courier_with(AsgiFetch({"broken.test": broken, "mute.test": mute}))
        await fetch_document(WebhookCall(f"https://{path}.test/", "POST", ()), courier)

    for host, code in (("broken", 11200), ("mute", 11206)):
        with pytest.raises(HttpFailure) as caught:
            run_virtual(main(host))
        assert caught.value.code == code


# --- cookies and cache -----------------------------------------------------------------------------------------


def test_cookies_live_as_long_as_their_jar(app: WebhookApp, courier_with: CourierWith) -> None:
    app._replies["/first"] = Reply(headers=(("content-type", "text/xml"), ("set-cookie", "session=abc")))

    async def main() -> None:
        courier, jar = courier_with(), CookieJar()
        for path in ("first", "second"):
            await fetch_document(WebhookCall(f"https://a.test/{path}", "POST", ()), courier, jar)
        await fetch_document(WebhookCall("https://a.test/third", "POST", ()), courier, CookieJar())

    run_virtual(main())
    assert [request.header("cookie") for request in app.requests] == [None, "session=abc", None]


def test_a_document_that_has_not_changed_is_not_sent_again(courier_with: CourierWith) -> None:
    class Unchanging(Scripted):
        async def __call__(self, request: HttpRequest) -> HttpAnswer:
            answer = await super().__call__(request)
            if ("If-None-Match", '"1"') in request.headers:
                return replace(answer, status=304, headers=(), body=b"")
            return replace(answer, headers=(*answer.headers, ("etag", '"1"')))

    network = Unchanging(200, 200)

    async def main() -> list[HttpAnswer]:
        courier = courier_with(network)
        call = WebhookCall("https://a.test/wait.xml", "GET", ())
        return [await fetch_document(call, courier), await fetch_document(call, courier)]

    first, second = run_virtual(main())
    assert second == first
    assert len(network.requests) == 2
