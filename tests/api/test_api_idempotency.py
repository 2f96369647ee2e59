"""Creates that are sent again, because nobody heard the first answer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.api.fake_node import FakeNode
from tests.api.world import Api, make_api

from mixminus.api.auth import Asker
from mixminus.api.form import Form
from mixminus.api.idempotency import Once
from mixminus.api.request import ApiRequest
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal
from mixminus.calls.records import AnswerRecord, CallRecord

CALL = {"From": "+15005550001", "To": "+15005550006", "Url": "http://app.example.com/voice"}
HEADERS = ("Idempotency-Key", "I-Twilio-Idempotency-Token")


def keyed(api: Api, key: str = "order-7", header: str = "Idempotency-Key") -> Api:
    return api.with_headers(**{header: key})


def calls(node: FakeNode) -> int:
    return len(asyncio.run(node.store.query(CallRecord)))


@pytest.mark.parametrize("header", HEADERS)
def test_the_same_request_gets_the_same_answer_and_one_call(node: FakeNode, api: Api, header: str) -> None:
    first, second = (keyed(api, header=header).post("/Calls.json", **CALL) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert (first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")) == (None, "true")
    assert calls(node) == 1


def test_the_order_of_parameters_is_no_difference(node: FakeNode, api: Api) -> None:
    first = keyed(api).post("/Calls.json", **CALL)
    second = keyed(api).post("/Calls.json", **dict(reversed(CALL.items())))
    assert first.json == second.json
    assert calls(node) == 1


def test_without_a_key_everything_happens_twice(node: FakeNode, api: Api) -> None:
    assert api.post("/Calls.json", **CALL).json["sid"] != api.post("/Calls.json", **CALL).json["sid"]
    assert calls(node) == 2


def test_another_key_is_another_call(node: FakeNode, api: Api) -> None:
    keyed(api, "a").post("/Calls.json", **CALL)
    keyed(api, "b").post("/Calls.json", **CALL)
    assert calls(node) == 2


@pytest.mark.parametrize("change", [{"To": "+15005550009"}, {"Timeout": "20"}])
def test_20409_the_key_of_another_call(node: FakeNode, api: Api, change: dict[str, str]) -> None:
    keyed(api).post("/Calls.json", **CALL)
    answer = keyed(api).post("/Calls.json", **CALL | change)
    assert (answer.status, answer.code) == (409, 20409)
    assert "another request" in answer.json["message"]
    assert calls(node) == 1


def test_20409_the_key_of_another_resource(api: Api) -> None:
    said = {"FriendlyName": "x"}
    assert keyed(api).post("/Applications.json", **said).status == 201
    assert keyed(api).post("/IncomingPhoneNumbers.json", **said).code == 20409


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/Applications.json", {"FriendlyName": "x"}),
        ("/IncomingPhoneNumbers.json", {"PhoneNumber": "+15005550006"}),
        ("/Conferences/Support/Participants.json", {"From": "+15005550001", "To": "+15005550006"}),
    ],
)
def test_whatever_is_created(api: Api, path: str, form: dict[str, str]) -> None:
    first, second = (keyed(api).post(path, **form) for _ in range(2))
    assert first.status == 201, first.body
    assert (second.body, second.headers["idempotent-replayed"]) == (first.body, "true")


def test_what_was_refused_is_tried_anew(node: FakeNode, api: Api) -> None:
    node.refuse = Refusal(20503, 503, "This node takes no new calls")
    assert keyed(api).post("/Calls.json", **CALL).status == 503
    assert keyed(api).post("/Calls.json", **CALL).status == 201
    assert calls(node) == 1


def test_an_update_is_carried_out_each_time(node: FakeNode, api: Api) -> None:
    sid = node.call().sid
    for _ in range(2):
        assert keyed(api).post(f"/Calls/{sid}.json", Status="completed").status == 200
    assert len(node.asked) == 2


def test_a_secret_is_shown_once(node: FakeNode, api: Api) -> None:
    """No copy of it is kept, so that the next answer has another one."""
    first, second = (keyed(api).post("/Keys.json") for _ in range(2))
    assert first.json["secret"] != second.json["secret"]
    assert asyncio.run(node.store.query(AnswerRecord)) == ()


def test_keys_of_others_are_not_known(node: FakeNode, api: Api) -> None:
    key = api.post("/Keys.json").json
    keyed(api).post("/Calls.json", **CALL)
    keyed(api.as_user(key["sid"], key["secret"])).post("/Calls.json", **CALL)
    assert calls(node) == 2


def test_answers_are_kept_while_the_node_is_down(node: FakeNode, api: Api) -> None:
    first = keyed(api).post("/Calls.json", **CALL)
    assert keyed(make_api(node)).post("/Calls.json", **CALL).json == first.json


def test_a_day_later_it_is_a_new_request_and_nothing_is_left_of_the_old_one(node: FakeNode, api: Api) -> None:
    keyed(api, "old").post("/Calls.json", **CALL)
    later, now = timedelta(days=1, seconds=1), node.clock.utc
    node.clock = Clock(now=node.clock.now, utc=lambda: now() + later)
    assert "idempotent-replayed" not in keyed(api, "old").post("/Calls.json", **CALL).headers
    assert calls(node) == 2
    node.clock = Clock(now=node.clock.now, utc=lambda: now() + 3 * later)
    keyed(api, "new").post("/Applications.json", FriendlyName="x")
    [kept] = asyncio.run(node.store.query(AnswerRecord))
    assert kept.key.endswith(":new")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xff"])
def test_20001_what_is_no_key(node: FakeNode, api: Api, key: str) -> None:
    answer = keyed(api, key).post("/Calls.json", **CALL)
    assert (answer.status, answer.code) == (400, 20001)
    assert calls(node) == 0


async def test_a_request_that_comes_while_the_first_one_is_under_way_waits_for_it(node: FakeNode, api: Api) -> None:
    once, may_answer, performed = Once(), asyncio.Event(), 0

    async def create(request: ApiRequest) -> Response:
        nonlocal performed
        performed += 1
        await may_answer.wait()
        return JSONResponse({"number": performed}, 201)

    def ask() -> asyncio.Task[Any]:
        scope = {"type": "http", "path": "/Calls.json", "headers": [(b"idempotency-key", b"k")]}
        asker = Asker(node.account_sid)
        request = ApiRequest(Request(scope), node, api.accounts, Form((("To", "x"),)), asker)
        return asyncio.create_task(once.perform(request, create))

    asked = [ask() for _ in range(5)]
    await asyncio.sleep(0)
    may_answer.set()
    assert {bytes((await one).body) for one in asked} == {b'{"number":1}'}
    assert performed == 1
