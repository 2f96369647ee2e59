"""The built-in tools on a node in virtual time, judged by ear. A phone stands for the agent's leg."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from tests.scenarios.cast import NUMBER, Scene, enter, everybody, scenario
from twilio.http.response import Response
from twilio.rest import Client

from mixminus.testing.sounds import MUSIC_HZ
from mixminus.tools.conference import NoRoom, OnTheCall, conference_tools
from mixminus.tools.errors import RateLimited, TimedOut, ToolError
from mixminus.tools.invocation import Invocation, State
from mixminus.tools.io.twilio_room import TellingHttpClient, TwilioRoom, retry_after_s
from mixminus.tools.toolbox import Toolbox


async def caller_with_agent(scene: Scene, on_call: str = "") -> Toolbox:
    await scene.calls_in("caller", enter("room", participant_label="customer"))
    await scene.calls_in("agent", enter("room", participant_label="agent", end_conference_on_exit=False))
    room = TwilioRoom(scene.twilio, scene.sid("agent"), "room")
    return conference_tools(room, OnTheCall(scene.sid("agent"), on_call, NUMBER), asyncio.sleep)


def invocation() -> Invocation:
    return Invocation("CA1", "key-1", state=State({}))


async def use(tools: Toolbox, tool_name: str, /, *given: Any, **arguments: Any) -> Any:
    tool = tools[tool_name]
    return await tool.function(*given, **tool.accept(arguments))


@scenario
async def test_escalating_brings_the_human_and_makes_the_agent_a_whisperer(scene: Scene) -> None:
    human = await scene.phone("human")
    human.answers(after_s=3)
    tools = await caller_with_agent(scene, human.uri)
    asked = invocation()
    found = await use(tools, "escalate", asked, reason="wants a refund")
    await scene.rings(human)
    assert await scene.pairs() == everybody("caller", "human") | {
        ("agent", "caller"),
        ("agent", "human"),
        ("human", "agent"),
    }
    assert asked.state["escalations"] == [{"reason": "wants a refund", "call_sid": found["call_sid"]}]


@scenario
async def test_escalating_twice_with_one_key_rings_one_phone(scene: Scene) -> None:
    human = await scene.phone("human")
    human.answers(after_s=1)
    tools = await caller_with_agent(scene, human.uri)
    first = await use(tools, "escalate", invocation(), reason="a")
    assert (await use(tools, "escalate", invocation(), reason="a")) == first
    await scene.rings(human)
    assert len(await scene.participants()) == 3


@scenario
async def test_when_nobody_answers_the_agent_hears_of_it_and_stays_as_it_was(scene: Scene) -> None:
    human = await scene.phone("human")
    human.rejects(486)
    tools = await caller_with_agent(scene, human.uri)
    with pytest.raises(ToolError, match="did not answer"):
        await use(tools, "escalate", invocation(), reason="a")
    assert await scene.pairs() == everybody("caller", "agent")


@scenario
async def test_a_transfer_leaves_the_caller_with_the_other(scene: Scene) -> None:
    other = await scene.phone("other")
    tools = await caller_with_agent(scene)
    await use(tools, "transfer", invocation(), to=other.uri)
    await scene.rings(other)
    assert await scene.pairs("caller", "other") == everybody("caller", "other")
    assert len(await scene.participants()) == 2


@scenario
async def test_hold_by_label_and_back(scene: Scene) -> None:
    tools = await caller_with_agent(scene)
    await use(tools, "hold", participant="customer")
    assert await scene.pairs() == set()
    assert scene.calls["caller"].hears(MUSIC_HZ)
    await use(tools, "hold", participant="customer", held=False)
    assert await scene.pairs() == everybody("caller", "agent")
    with pytest.raises(ToolError, match="no participant 'nobody'"):
        await use(tools, "hold", participant="nobody")


@scenario
async def test_ending_the_call_ends_it_for_everybody(scene: Scene) -> None:
    tools = await caller_with_agent(scene)
    await use(tools, "end_call")
    await scene.calls["caller"].ended(within_s=2)
    with pytest.raises(ToolError):
        await use(tools, "hold", participant="customer")


async def test_notes_are_kept_in_the_session() -> None:
    tools = conference_tools(NoRoom(), OnTheCall("CA1"), asyncio.sleep)
    asked = invocation()
    assert await use(tools, "take_note", asked, name="Ann", number="5550134") == {"notes": 1}
    assert asked.state["notes"] == [{"name": "Ann", "number": "5550134"}]
    with pytest.raises(ToolError, match="nobody is on call"):
        await use(tools, "escalate", asked, reason="a")


class Answering:
    """The layer below the SDK: answers, or fails, as told."""

    logger = None

    def __init__(self, outcome: Response | Exception) -> None:
        self.outcome = outcome

    async def request(self, *_: Any, **__: Any) -> Response:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize(
    ("outcome", "error", "after_s"),
    [
        (Response(429, "{}", {"Retry-After": "2"}), RateLimited, 2.0),
        (Response(503, "{}", {}), RateLimited, None),
        (Response(500, "{}", {}), TimedOut, None),
        (TimeoutError(), TimedOut, None),
        (aiohttp.ServerDisconnectedError(), TimedOut, None),
        (Response(400, '{"code": 21211, "message": "Invalid To", "status": 400}', {}), ToolError, None),
    ],
)
async def test_what_the_server_does_becomes_what_the_backplane_knows(
    outcome: Response | Exception, error: type[ToolError], after_s: float | None
) -> None:
    client = Client("AC" + "1" * 32, "t", http_client=TellingHttpClient(Answering(outcome)))
    with pytest.raises(error) as raised:
        await TwilioRoom(client, "CA" + "1" * 32, "").end()
    assert type(raised.value) is error
    assert getattr(raised.value, "retry_after_s", None) == after_s


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("3", 3.0), ("Fri, 20 Nov 2026 09:00:10 GMT", 10.0), ("Fri, 20 Nov 2026 08:00:00 GMT", 0.0), ("soon", None)],
)
def test_rfc9110_10_2_3_retry_after_is_a_number_or_a_date(said: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": said}, datetime(2026, 11, 20, 9, tzinfo=UTC)) == seconds
