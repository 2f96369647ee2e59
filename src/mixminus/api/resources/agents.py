"""`/mixminus/v1/Streams`: agents on calls, and where they are moved. See docs/streams.md."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api.dialling import CALL_BLAME, CALL_EVENTS, callback, time_limit_s
from mixminus.api.form import Form
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.participant_form import (
    conference_name,
    conference_options,
    label,
    participant_options,
)
from mixminus.api.routes import Operation
from mixminus.api.uris import canonical
from mixminus.base.sids import CALL, STREAM, is_sid
from mixminus.base.types import Sid
from mixminus.calls.commands import MoveStreamToCall, MoveStreamToConference
from mixminus.calls.options import ParticipantOptions
from mixminus.calls.streams import AgentPlace


def agent_resource(agent: AgentPlace) -> dict[str, Any]:
    return {
        "sid": agent.sid,
        "name": agent.name,
        "call_sid": agent.call_sid,
        "first_call_sid": agent.first_call_sid,
        "conference_sid": agent.conference_sid,
        "uri": f"{EXTRAS}/Streams/{agent.sid}",
    }


async def list_agents(request: ApiRequest) -> Response:
    """Those that live, oldest first; `CallSid` chooses those of a call, now or at first."""
    wanted = request.form.word("CallSid")
    if wanted is not None and not is_sid(CALL, wanted):
        raise request.form.refusal("CallSid", "must be CA and 32 hex digits")
    shown = [
        agent_resource(agent)
        for agent in request.node.agents()
        if wanted is None or canonical(wanted) in (agent.call_sid, agent.first_call_sid)
    ]
    return JSONResponse({"streams": shown, "next_page_uri": None})


async def fetch_agent(request: ApiRequest) -> Response:
    return JSONResponse(agent_resource(request.node.agent(request.sid("stream", STREAM))))


async def move_agent(request: ApiRequest) -> Response:
    sid, form = request.sid("stream", STREAM), request.form.blaming(16002)
    call, conference = form.word("Call"), form.word("Conference")
    if (call is None) == (conference is None):
        raise form.refusal("Conference", "or Call is required, and not both: where the stream shall be")
    if call is not None and not is_sid(CALL, call):
        raise form.refusal("Call", "must be CA and 32 hex digits")
    command = MoveStreamToCall(sid, canonical(call)) if call else _into(sid, conference or "", form)
    return JSONResponse(agent_resource(await request.node.move_stream(command)))


def _into(sid: Sid, conference: str, form: Form) -> MoveStreamToConference:
    agent = participant_options(form)
    return MoveStreamToConference(
        sid,
        conference_name(conference),
        agent=agent,
        call=_of_call(form, agent),
        options=conference_options(form),
        callback=callback(form, "StatusCallback", CALL_EVENTS, ("completed",), CALL_BLAME),
        time_limit_s=time_limit_s(form),
    )


def _of_call(form: Form, agent: ParticipantOptions) -> ParticipantOptions:
    """The call that comes along: what is said of it by name, and beeps and waiting as the agent's."""
    return ParticipantOptions(
        label=label(form, "CallLabel"),
        muted=form.truth("CallMuted", default=False),
        beep=agent.beep,
        start_conference_on_enter=form.truth("CallStartConferenceOnEnter", default=True),
        end_conference_on_exit=form.truth("CallEndConferenceOnExit", default=False),
        wait=agent.wait,
    )


OPERATIONS: Final = (
    Operation("GET", f"{EXTRAS}/Streams", list_agents),
    Operation("GET", f"{EXTRAS}/Streams/{{stream}}", fetch_agent),
    Operation("POST", f"{EXTRAS}/Streams/{{stream}}", move_agent),
)
