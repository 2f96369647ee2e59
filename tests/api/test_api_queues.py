"""`/Queues` and `/Members`; each answer to the SDK is held against Twilio's own description."""

import asyncio
from datetime import timedelta

import pytest
from tests.api.fake_node import FakeNode
from tests.api.world import Api
from twilio.base.exceptions import TwilioRestException

from mixminus.app.queues.queues import Queues
from mixminus.base.sids import CALL
from mixminus.base.types import Sid
from mixminus.calls.options import Instructions

NO_QUEUE = "/Queues/QU" + "0" * 32 + ".json"


def wait(node: FakeNode, name: str, calls: int) -> list[Sid]:
    """That many calls come into the queue, one after the other."""
    line = node.queues.named(name)
    sids = [node.sids.new(CALL) for _ in range(calls)]

    async def enter() -> None:
        for sid in sids:
            line.enter(sid, None)

    asyncio.run(enter())
    return sids


def test_a_queue_is_made_read_changed_listed_and_deleted(api: Api) -> None:
    made = api.sdk.queues.create(friendly_name="support", max_size=7)
    assert (made.friendly_name, made.max_size, made.current_size, made.average_wait_time) == ("support", 7, 0, 0)
    assert made.sid.startswith("QU")
    assert api.sdk.queues(made.sid).fetch().friendly_name == "support"
    changed = api.sdk.queues(made.sid).update(friendly_name="help", max_size=9)
    assert (changed.friendly_name, changed.max_size) == ("help", 9)
    assert changed.date_updated >= made.date_updated
    assert api.sdk.queues(made.sid).update(max_size=8).friendly_name == "help"
    api.sdk.queues.create(friendly_name="sales")
    assert [(queue.friendly_name, queue.max_size) for queue in api.sdk.queues.list()] == [
        ("sales", 1000),
        ("help", 8),
    ]
    assert api.sdk.queues(made.sid).delete()
    assert api.get(f"/Queues/{made.sid}.json").status == 404


def test_a_queue_that_a_call_made_is_there_as_well(api: Api, node: FakeNode) -> None:
    calls = wait(node, "support", 2)
    [queue] = api.sdk.queues.list()
    assert (queue.friendly_name, queue.current_size, queue.max_size) == ("support", 2, 1000)
    assert [member.call_sid for member in api.sdk.queues(queue.sid).members.list()] == calls
    with pytest.raises(TwilioRestException) as refused:
        api.sdk.queues(queue.sid).delete()
    assert (refused.value.status, refused.value.code) == (409, 20409)


def test_a_name_is_given_once(api: Api) -> None:
    api.sdk.queues.create(friendly_name="support")
    sales = api.sdk.queues.create(friendly_name="sales")
    for ask in (api.sdk.queues.create, api.sdk.queues(sales.sid).update):
        with pytest.raises(TwilioRestException) as refused:
            ask(friendly_name="support")
        assert (refused.value.status, refused.value.code) == (409, 20409)
    assert api.sdk.queues(sales.sid).update(friendly_name="sales").friendly_name == "sales"


@pytest.mark.parametrize(
    "form",
    [{}, {"FriendlyName": ""}, {"FriendlyName": "x" * 65}]
    + [{"FriendlyName": "support", "MaxSize": size} for size in ("0", "5001", "-1", "many")],
)
def test_what_a_queue_cannot_be(api: Api, form: dict[str, str]) -> None:
    refused = api.post("/Queues.json", **form)
    assert (refused.status, refused.code) == (400, 20422)
    assert api.get("/Queues.json").json["queues"] == []


def test_members_are_found_by_call_or_as_the_front(api: Api, node: FakeNode) -> None:
    first, second = wait(node, "support", 2)
    queue = api.sdk.queues(api.sdk.queues.list()[0].sid)
    assert (queue.members("Front").fetch().call_sid, queue.members("Front").fetch().position) == (first, 1)
    member = queue.members(second).fetch()
    assert (member.call_sid, member.position, member.queue_sid) == (second, 2, queue.fetch().sid)
    assert member.wait_time > 0
    assert member.date_enqueued > api.sdk.queues.list()[0].date_created - timedelta(seconds=1)
    assert queue.members(second.upper()).fetch().call_sid == second


def test_members_come_in_pages_front_first(api: Api, node: FakeNode) -> None:
    calls = wait(node, "support", 5)
    queue = api.sdk.queues.list()[0]
    assert [member.call_sid for member in api.sdk.queues(queue.sid).members.list(page_size=2)] == calls
    first = api.get(f"/Queues/{queue.sid}/Members.json", PageSize="2").json
    assert first["previous_page_uri"] is None
    second = api.get(first["next_page_uri"]).json
    assert [member["call_sid"] for member in second["queue_members"]] == calls[2:4]
    back = api.get(second["previous_page_uri"]).json
    assert [member["call_sid"] for member in back["queue_members"]] == calls[:2]
    bad = api.get(f"/Queues/{queue.sid}/Members.json", PageToken="PA" + "z")
    assert (bad.status, bad.code) == (400, 21481)


def test_a_member_is_dequeued_by_a_url(api: Api, node: FakeNode) -> None:
    first, second = wait(node, "support", 2)
    redirected: list[tuple[Sid, Instructions]] = []

    async def redirect(call_sid: Sid, instructions: Instructions) -> None:
        redirected.append((call_sid, instructions))

    node.queues.redirect = redirect
    queue = api.sdk.queues(api.sdk.queues.list()[0].sid)
    assert queue.members("Front").update(url="https://app.example.com/next").call_sid == first
    assert queue.members(second).update(url="https://app.example.com/next", method="GET").position == 2
    where = "https://app.example.com/next"
    assert redirected == [(first, Instructions(where)), (second, Instructions(where, "GET"))]
    for form in ({}, {"Url": "next"}, {"Url": where, "Method": "PUT"}):
        refused = api.post(f"/Queues/{queue.fetch().sid}/Members/Front.json", **form)
        assert (refused.status, refused.code) == (400, 20422)
    assert len(redirected) == 2


def test_what_is_not_there(api: Api, node: FakeNode) -> None:
    api.sdk.queues.create(friendly_name="support")
    members = f"/Queues/{api.sdk.queues.list()[0].sid}/Members"
    for path in (NO_QUEUE, "/Queues/support.json", f"{members}/Front.json", f"{members}/CA{'0' * 32}.json"):
        assert (api.get(path).status, api.get(path).code) == (404, 20404)
    assert api.delete(NO_QUEUE).status == 404
    assert api.post(f"{members}/Front.json", Url="https://app.example.com/").status == 404


def test_queues_outlive_the_node(node: FakeNode) -> None:
    async def again() -> None:
        made = await node.queues.create("support", 7)
        after = Queues(node.account_sid, node.store, node.clock, node.sids)
        await after.restore()
        line = after.known("support")
        assert line is not None
        assert line.queue.record == made

    asyncio.run(again())
