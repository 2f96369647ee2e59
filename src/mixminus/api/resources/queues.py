"""`/Queues` and their `/Members`: who waits to be dialled."""

import re
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.paging import envelope, list_answer, page_size
from mixminus.api.request import ApiRequest
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri, canonical
from mixminus.app.contract import Node
from mixminus.base import sids
from mixminus.calls.options import Instructions
from mixminus.calls.queue import DEFAULT_MAX_SIZE, FRONT, MOST_MAX_SIZE, MOST_NAME_CHARACTERS, QueueMember
from mixminus.calls.records import QueueRecord
from mixminus.store.contract import BadPageToken, Page

_PLACE: Final = re.compile(r"P(?P<side>[AB])(?P<number>[0-9]{1,15})")
"""A page of members begins after, or ends before, the one of that number."""


def queue_resource(node: Node, queue: QueueRecord) -> dict[str, Any]:
    figures = node.queues.figures(queue.sid)
    return {
        "sid": queue.sid,
        "account_sid": queue.account_sid,
        "friendly_name": queue.friendly_name,
        "current_size": figures.current_size,
        "max_size": queue.max_size,
        "average_wait_time": figures.average_wait_time_s,
        "date_created": words.date(queue.date_created),
        "date_updated": words.date(queue.date_updated),
        "uri": f"{account_uri(queue.account_sid)}/Queues/{queue.sid}.json",
    }


def member_resource(node: Node, member: QueueMember) -> dict[str, Any]:
    return {
        "call_sid": member.call_sid,
        "queue_sid": member.queue_sid,
        "date_enqueued": words.date(member.date_enqueued),
        "position": member.position,
        "wait_time": member.wait_time_s,
        "uri": f"{account_uri(node.account_sid)}/Queues/{member.queue_sid}/Members/{member.call_sid}.json",
    }


async def create_queue(request: ApiRequest) -> Response:
    name, size = _name(request), _max_size(request)
    if name is None:
        raise request.form.refusal("FriendlyName", "is required")
    queue = await request.node.queues.create(name, DEFAULT_MAX_SIZE if size is None else size)
    return JSONResponse(queue_resource(request.node, queue), 201)


async def list_queues(request: ApiRequest) -> Response:
    return await list_answer(request, "queues", QueueRecord, lambda queue: queue_resource(request.node, queue))


async def fetch_queue(request: ApiRequest) -> Response:
    return JSONResponse(queue_resource(request.node, await asked_queue(request)))


async def change_queue(request: ApiRequest) -> Response:
    queue = await asked_queue(request)
    changed = await request.node.queues.change(queue.sid, _name(request), _max_size(request))
    return JSONResponse(queue_resource(request.node, changed))


async def delete_queue(request: ApiRequest) -> Response:
    await request.node.queues.delete((await asked_queue(request)).sid)
    return Response(status_code=204)


async def list_members(request: ApiRequest) -> Response:
    """The first one first."""
    queue, size = await asked_queue(request), page_size(request.form)
    page = _page(list(request.node.queues.members(queue.sid)), size, request.form.word("PageToken"))
    number = request.form.integer("Page", 0, 10**9) or 0
    shown = [member_resource(request.node, member) for member in page.records]
    return JSONResponse({"queue_members": shown} | envelope(request, page, size, number))


async def fetch_member(request: ApiRequest) -> Response:
    return JSONResponse(member_resource(request.node, await asked_member(request)))


async def dequeue_member(request: ApiRequest) -> Response:
    member = await asked_member(request)
    url, method = request.form.url("Url"), request.form.method("Method")
    if not url:
        raise request.form.refusal("Url", "is required")
    instructions = Instructions(url=url, method=method)
    taken = await request.node.queues.dequeue(member.queue_sid, member.call_sid, instructions)
    return JSONResponse(member_resource(request.node, taken))


async def asked_queue(request: ApiRequest) -> QueueRecord:
    """The queue in the path, or 20404."""
    return request.found(await request.node.store.fetch(QueueRecord, request.sid("queue", sids.QUEUE)))


async def asked_member(request: ApiRequest) -> QueueMember:
    """The member in the path, `Front` for the first one, or 20404."""
    queue, named = await asked_queue(request), request.text("call")
    return request.node.queues.member(queue.sid, FRONT if named == FRONT else canonical(named))


def _page(members: list[QueueMember], size: int, token: str | None) -> Page[Any]:
    """Numbers stay while calls come and go, so a page does not shift. Raises 21481."""
    match = _PLACE.fullmatch(token) if token else None
    if token and match is None:
        raise BadPageToken
    if match is not None and match["side"] == "B":
        shown = [member for member in members if member.number < int(match["number"])][-size:]
    else:
        after = int(match["number"]) if match is not None else 0
        shown = [member for member in members if member.number > after][:size]
    if not shown:
        return Page((), None, None)
    more, before = shown[-1] is not members[-1], shown[0] is not members[0]
    records: Any = tuple(shown)
    return Page(
        records,
        f"PA{shown[-1].number}" if more else None,
        f"PB{shown[0].number}" if before else None,
    )


def _name(request: ApiRequest) -> str | None:
    return request.form.word("FriendlyName", most=MOST_NAME_CHARACTERS)


def _max_size(request: ApiRequest) -> int | None:
    return request.form.integer("MaxSize", 1, MOST_MAX_SIZE)


OPERATIONS = (
    Operation("GET", f"{ACCOUNT}/Queues.json", list_queues),
    Operation("POST", f"{ACCOUNT}/Queues.json", create_queue),
    Operation("GET", f"{ACCOUNT}/Queues/{{queue}}.json", fetch_queue),
    Operation("POST", f"{ACCOUNT}/Queues/{{queue}}.json", change_queue),
    Operation("DELETE", f"{ACCOUNT}/Queues/{{queue}}.json", delete_queue),
    Operation("GET", f"{ACCOUNT}/Queues/{{queue}}/Members.json", list_members),
    Operation("GET", f"{ACCOUNT}/Queues/{{queue}}/Members/{{call}}.json", fetch_member),
    Operation("POST", f"{ACCOUNT}/Queues/{{queue}}/Members/{{call}}.json", dequeue_member),
)
