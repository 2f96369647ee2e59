"""Events, webhooks and alerts on REST, with the official SDK where Twilio has them."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from tests.api.fake_node import START, FakeNode
from tests.api.world import Api

from mixminus.api.resources import events as events_resource
from mixminus.base.sids import ALERT, WEBHOOK, counted
from mixminus.base.types import Sid
from mixminus.calls.records import AlertRecord, EventRecord, Record, WebhookAttempt, WebhookRecord
from mixminus.testing.virtual_time import run_virtual

ROOM, OTHER = Sid("CF" + "1" * 32), Sid("CF" + "2" * 32)
LOGS = "/mixminus/v1"


def webhook(number: int, **told: Any) -> WebhookRecord:
    return WebhookRecord(
        sid=Sid(f"{counted(WEBHOOK, number)}{0:020x}"),
        date_created=START + timedelta(seconds=number),
        **{
            "purpose": "callback",
            "url": "http://a.test/status",
            "method": "POST",
            "parameters": (("CallStatus", "ringing"), ("Digits", "1&2")),
            "attempts": (WebhookAttempt("http://a.test/status", 0, 12, 200),),
            "content_type": "text/xml",
            "response_body": "<Response/>",
            **told,
        },
    )


def alert(number: int, code: int, level: str = "error", **told: Any) -> AlertRecord:
    at = START + timedelta(seconds=number)
    return AlertRecord(Sid(f"{counted(ALERT, number)}{0:020x}"), at, level, code, f"alert {number}", **told)


def keep(node: FakeNode, *records: Record) -> None:
    for record in records:
        node.keep(record)


def check(api: Api, path: str, answer: Any, method: str = "get", status: str = "200") -> None:
    """Hold an answer against the server's own description."""
    described = api.get(f"{LOGS}/openapi.json").json["paths"][f"{LOGS}{path}"][method]["responses"][status]
    jsonschema.validate(answer, described["content"]["application/json"]["schema"])


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_webhooks_are_listed_newest_first_and_found_by_what_they_are_about(node: FakeNode, api: Api) -> None:
    call = node.call().sid
    failed = {"error_code": 11200, "error": "it answered 500"}
    keep(node, webhook(1, call_sid=call), webhook(2, conference_sid=ROOM, **failed), webhook(3, purpose="twiml"))

    def numbers(**query: str) -> list[int]:
        answer = api.get(f"{LOGS}/Webhooks", **query).json
        check(api, "/Webhooks", answer)
        return [int(each["sid"][2:14], 16) for each in answer["webhooks"]]

    assert numbers() == [3, 2, 1]
    assert numbers(CallSid=call) == [1]
    assert numbers(ConferenceSid=ROOM) == [2]
    assert (numbers(Purpose="twiml"), numbers(Failed="true"), numbers(Failed="false")) == ([3], [2], [3, 1])
    assert api.get(f"{LOGS}/Webhooks", Purpose="nonsense").status == 400


def test_a_webhook_tells_what_was_sent_and_how_that_went(node: FakeNode, api: Api) -> None:
    given_up = (WebhookAttempt("http://a.test/status", 0, 9, None),)
    keep(node, webhook(1), webhook(2, attempts=given_up), webhook(3, error_code=11100, error="no URL", attempts=()))
    first, second, third = (api.get(f"{LOGS}/Webhooks/{webhook(number).sid}").json for number in (1, 2, 3))
    check(api, "/Webhooks/{webhook}", first)
    assert first["parameters"] == [{"name": "CallStatus", "value": "ringing"}, {"name": "Digits", "value": "1&2"}]
    assert first["attempts"] == [
        {
            "url": "http://a.test/status",
            "began_ms": 0,
            "took_ms": 12,
            "status": 200,
            "error_code": None,
            "error": None,
        }
    ]
    assert [each["status"] for each in (first, second, third)] == ["delivered", "abandoned", "failed"]
    assert api.get(f"{LOGS}/Webhooks/{webhook(9).sid}").code == 20404


def test_a_replay_that_does_not_arrive_is_an_answer_and_a_bad_url_is_none(node: FakeNode, api: Api) -> None:
    keep(node, webhook(1))
    answer = api.post(f"{LOGS}/Webhooks/{webhook(1).sid}/Replay", Url="http://nowhere.test/")
    check(api, "/Webhooks/{webhook}/Replay", answer.json, "post", "201")
    assert (answer.status, answer.json["status"], answer.json["error_code"]) == (201, "failed", 11210)
    assert answer.json["replay_of"] == webhook(1).sid
    assert api.get(f"{LOGS}/Webhooks/{answer.json['sid']}").json == answer.json
    assert api.post(f"{LOGS}/Webhooks/{webhook(1).sid}/Replay", Url="ftp://x").status == 400
    assert api.post(f"{LOGS}/Webhooks/{webhook(9).sid}/Replay").code == 20404


def test_a_calls_events_are_its_webhooks_in_twilios_shape(node: FakeNode, api: Api) -> None:
    call = node.call().sid
    keep(node, webhook(1, call_sid=call), webhook(2))
    [event] = api.sdk.calls(call).events.list()
    assert event.request == {
        "url": "http://a.test/status",
        "method": "POST",
        "parameters": {"CallStatus": "ringing", "Digits": "1&2"},
    }
    assert (event.response["response_code"], event.response["response_body"]) == (200, "<Response/>")
    assert api.get("/Calls/CA" + "9" * 32 + "/Events.json").code == 20404


# --- alerts -------------------------------------------------------------------------------------------------------


def test_alerts_are_found_by_level_code_and_subject(node: FakeNode, api: Api) -> None:
    keep(node, alert(1, 12100), alert(2, 16011, "warning", conference_sid=ROOM), alert(3, 12100, call_sid=ROOM))

    def codes(**query: str) -> list[int]:
        answer = api.get(f"{LOGS}/Alerts", **query).json
        check(api, "/Alerts", answer)
        return [each["code"] for each in answer["alerts"]]

    assert codes() == [12100, 16011, 12100]
    assert (codes(Level="warning"), codes(Code="12100"), codes(ConferenceSid=ROOM)) == ([16011], [12100] * 2, [16011])
    assert api.get(f"{LOGS}/Alerts", Level="fatal").status == 400


def test_an_alert_comes_with_the_webhook_that_it_is_about(node: FakeNode, api: Api) -> None:
    keep(node, webhook(1), alert(1, 12100, webhook_sid=webhook(1).sid), alert(2, 12100, webhook_sid=webhook(2).sid))
    about = api.get(f"{LOGS}/Alerts/{alert(1, 0).sid}").json
    check(api, "/Alerts/{alert}", about)
    assert about["webhook"]["response_body"] == "<Response/>"
    assert api.get(f"{LOGS}/Alerts/{alert(2, 0).sid}").json["webhook"] is None, "it is not kept any more"


def test_notifications_with_the_official_sdk(node: FakeNode, api: Api) -> None:
    call = node.call().sid
    about = {
        "call_sid": call,
        "webhook_sid": webhook(1).sid,
        "request_url": "http://a.test/v",
        "request_method": "GET",
    }
    keep(node, webhook(1), alert(1, 12100, **about), alert(2, 13520, "warning", call_sid=call), alert(3, 16011))
    warning, error = api.sdk.calls(call).notifications.list()
    assert (warning.error_code, warning.log, error.error_code, error.log) == ("13520", "1", "12100", "0")
    assert [each.sid for each in api.sdk.calls(call).notifications.list(log=0)] == [error.sid]
    assert api.sdk.calls(call).notifications.list(message_date_after=(START + timedelta(days=2)).date()) == []
    whole = api.sdk.calls(call).notifications(error.sid).fetch()
    assert (whole.request_url, whole.request_method) == ("http://a.test/v", "GET")
    assert (whole.request_variables, whole.response_body) == ("CallStatus=ringing&Digits=1%262", "<Response/>")
    assert (whole.message_text, whole.more_info) == ("alert 1", "https://www.twilio.com/docs/errors/12100")
    assert whole.message_date == START + timedelta(seconds=1)
    assert len(api.get("/Notifications.json").json["notifications"]) == 3
    assert api.get(f"/Calls/{call}/Notifications/{alert(3, 0).sid}.json").code == 20404


# --- events -------------------------------------------------------------------------------------------------------


def told(api: Api, **query: str) -> list[Any]:
    answer = api.get(f"{LOGS}/Events", After="0", **query)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return messages(answer.body)


def messages(body: bytes) -> list[Any]:
    """Parse as WHATWG HTML 9.2.6 says, as far as it is used."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            data = json.loads(fields["data"])
            assert (data["id"], data["type"]) == (fields["id"], fields["event"])
            found.append(data)
    return found


def ids(found: list[Any]) -> list[str]:
    return [each["id"] for each in found]


def test_events_are_told_in_order_and_by_what_they_are(node: FakeNode, api: Api) -> None:
    call = node.call().sid
    keep(
        node,
        EventRecord(call, 0, "ringing", START, details={"A": "b"}, number=1),
        EventRecord(ROOM, 0, "conference-start", START, number=2),
        EventRecord(ROOM, 1, "participant-join", START, call, number=3),
        EventRecord(OTHER, 0, "participant-leave", START, number=4),
    )
    first, *_ = everything = told(api)
    assert ids(everything) == ["1", "2", "3", "4"]
    assert (first["type"], first["details"], first["account_sid"]) == (
        "call-ringing",
        {"A": "b"},
        api.node.account_sid,
    )
    assert ids(told(api, Type="participant")) == ["3", "4"]
    assert ids(told(api, Type="call-ringing,participant-leave")) == ["1", "4"]
    assert ids(told(api, CallSid=call)) == ["1", "3"]
    assert ids(told(api, ConferenceSid=ROOM, Type="participant")) == ["3"]


def test_who_was_told_something_goes_on_behind_it(node: FakeNode, api: Api) -> None:
    keep(node, *(EventRecord(ROOM, number, "participant-join", START, number=number) for number in (1, 2, 3)))
    again = api.with_headers(**{"Last-Event-ID": "2"}).get(f"{LOGS}/Events", After="0")
    assert ids(messages(again.body)) == ["3"]
    assert api.get(f"{LOGS}/Events", After="nonsense").code == 20422


def test_events_are_for_those_who_may_ask(api: Api) -> None:
    assert api.as_user("x", "y").get(f"{LOGS}/Events").status == 401


def test_a_reader_that_takes_nothing_is_let_go(node: FakeNode) -> None:
    """And one that leaves is not told anything any more."""

    async def main() -> None:
        stream = events_resource.EventStream(node, 0, events_resource.Wish(frozenset(), None, None))
        loop = asyncio.get_running_loop()
        said: list[Any] = []

        async def never() -> Any:
            await asyncio.Event().wait()

        async def stuck(message: Any) -> None:
            said.append(message)
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        began = loop.time()
        await stream({"type": "http", "method": "GET"}, never, stuck)
        assert loop.time() - began == pytest.approx(events_resource.SLOW_S)
        assert len(said) == 2

        async def leaves() -> Any:
            await asyncio.sleep(1)
            return {"type": "http.disconnect"}

        await stream({"type": "http", "method": "GET"}, leaves, stuck)
        assert loop.time() - began == pytest.approx(events_resource.SLOW_S + 1)

    run_virtual(main())
