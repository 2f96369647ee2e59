"""`/mixminus/v1/Calls/{Sid}/Sip`: the SIP messages of a call, without secrets; `/mixminus/v1/Sip`: everybody's."""

from collections.abc import Callable
from typing import Final

from starlette.responses import JSONResponse, Response

from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.routes import Handler, Operation
from mixminus.app.calls.sip_traces import SipStory
from mixminus.base.errors import Refusal

MOST: Final = 1_000
PCAP: Final = "application/vnd.tcpdump.pcap"

Shown = Callable[[SipStory], Response]


def as_json(story: SipStory) -> Response:
    return JSONResponse({"messages": story.rows()})


def as_ladder(story: SipStory) -> Response:
    return Response(story.ladder(), media_type="text/plain; charset=utf-8")


def as_picture(story: SipStory) -> Response:
    # A picture that is opened by itself must not be able to run what a stranger wrote into a message.
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(story.picture(), media_type="image/svg+xml", headers=headers)


def as_capture(story: SipStory) -> Response:
    return Response(story.capture(), media_type=PCAP)


async def _of_call(request: ApiRequest) -> SipStory:
    """Raises 20404 for a call whose messages are not there any more, or never were."""
    call = await asked_call(request)
    story = await request.node.sip_story(call.sid)
    if not story.messages:
        raise Refusal(20404, 404, f"No SIP message of {call.sid} is kept: it spoke no SIP, or was too long ago.")
    return story


def _shows(shown: Shown) -> Handler:
    async def show(request: ApiRequest) -> Response:
        return shown(await _of_call(request))

    return show


async def recent(request: ApiRequest) -> Response:
    """What came after message number `After`; strangers' messages, too."""
    after = request.form.integer("After", 0, 2**53) or 0
    size = request.form.integer("PageSize", 1, MOST) or MOST
    return as_json(await request.node.recent_sip(after, size))


_CALL: Final = f"{EXTRAS}/Calls/{{call}}/Sip"

OPERATIONS = (
    Operation("GET", f"{EXTRAS}/Sip", recent),
    *(
        Operation("GET", f"{_CALL}{suffix}", _shows(shown))
        for suffix, shown in (("", as_json), (".txt", as_ladder), (".svg", as_picture), (".pcap", as_capture))
    ),
)
