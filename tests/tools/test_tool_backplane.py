"""What the backplane promises, on a real file, in time that a test owns."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tests.tools.tool_world import Node, call

from mixminus.tools.audit import verify
from mixminus.tools.errors import RateLimited, TimedOut, ToolError
from mixminus.tools.invocation import Answer, Attempt, Invocation, Outcome, ToolCall
from mixminus.tools.policy import Policy
from mixminus.tools.toolbox import Effect, Toolbox

SHORT = Policy(deadline_s=0.05, attempts=3, first_pause_s=0.0, longest_pause_s=0.0)


class Service:
    """Does things when its plan says `ok`; else it refuses, is late, or breaks. Counts what really happened."""

    def __init__(self, *plan: str) -> None:
        self.plan = list(plan)
        self.done: list[str] = []

    def do(self, key: str) -> str:
        match self.plan.pop(0) if self.plan else "ok":
            case "busy":
                raise RateLimited(retry_after_s=0.5)
            case "late":
                raise TimedOut("no answer")
            case "done-but-late":
                self.done.append(key)
                raise TimedOut("no answer")
            case "no":
                raise ToolError("not possible")
            case "broken":
                raise ZeroDivisionError
        self.done.append(key)
        return f"done {len(self.done)}"


def box(service: Service, effect: Effect = Effect.KEYED) -> Toolbox:
    tools = Toolbox()

    @tools.tool(effect)
    def act(invocation: Invocation, what: str = "it") -> str:
        """Do it."""
        invocation.state["asked"] = invocation.state.get("asked", 0) + 1
        return service.do(invocation.key)

    return tools


async def test_the_answer_of_a_tool_is_its_result(node: Node) -> None:
    async with node.running(box(Service())) as tools:
        answer = await tools.invoke(call("act"))
    assert answer == Answer(Outcome.OK, "done 1", (Attempt(1, Outcome.OK, 0),))
    assert answer.for_agent() == "done 1"


async def test_a_busy_service_is_asked_again_after_what_it_named(node: Node) -> None:
    service = Service("busy", "busy", "ok")
    async with node.running(box(service, Effect.ONCE)) as tools:
        answer = await tools.invoke(call("act"))
    assert [attempt.outcome for attempt in answer.attempts] == [Outcome.RATE_LIMITED] * 2 + [Outcome.OK]
    assert len(service.done) == 1
    assert all(pause >= 0.5 for pause in node.time.slept)


async def test_retries_end_with_the_deadline(node: Node) -> None:
    async with node.running(box(Service(*["busy"] * 50))) as tools:
        answer = await tools.invoke(call("act"))
    assert answer.outcome is Outcome.RATE_LIMITED
    assert node.time.passed_s < 8
    assert answer.for_agent() == {"error": "the service is busy", "outcome": "rate-limited"}


async def test_a_tool_that_never_answers_is_given_up_at_its_deadline(node: Node) -> None:
    tools_ = Toolbox()

    @tools_.tool(Effect.READS, policy=SHORT)
    async def wait() -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    async with node.running(tools_) as tools:
        answer = await tools.invoke(call("wait"))
    assert answer.outcome is Outcome.TIMED_OUT
    assert "0.05 s" in answer.message


@pytest.mark.parametrize(("plan", "message"), [("no", "not possible"), ("broken", "act broke: ZeroDivisionError")])
async def test_a_failure_is_not_tried_again(node: Node, plan: str, message: str) -> None:
    service = Service(plan)
    async with node.running(box(service)) as tools:
        answer = await tools.invoke(call("act"))
    assert (answer.outcome, answer.message, len(answer.attempts)) == (Outcome.FAILED, message, 1)
    async with Node(node.path).store as store:
        assert await store.state("CA1") == {}


async def test_the_same_key_gets_the_same_answer_and_one_effect(node: Node) -> None:
    service = Service()
    async with node.running(box(service, Effect.ONCE)) as tools:
        first = await tools.invoke(call("act"))
        again = await tools.invoke(call("act"))
    assert first == again
    assert service.done == ["k1"]


async def test_duplicates_that_come_together_share_one_run(node: Node) -> None:
    service = Service("busy")
    async with node.running(box(service, Effect.ONCE)) as tools:
        answers = await asyncio.gather(*(tools.invoke(call("act")) for _ in range(20)))
    assert len(set(map(str, answers))) == 1
    assert service.done == ["k1"]


async def test_a_key_stands_for_one_call(node: Node) -> None:
    service = Service()
    async with node.running(box(service)) as tools:
        await tools.invoke(call("act", what="this"))
        answer = await tools.invoke(call("act", what="that"))
        assert answer.outcome is Outcome.REFUSED
        assert (await tools.invoke(call("act", session="CA2", what="that"))).ok
    assert len(service.done) == 2


async def test_what_must_not_happen_twice_is_not_tried_again_after_a_time_out(node: Node) -> None:
    service = Service("done-but-late")
    async with node.running(box(service, Effect.ONCE)) as tools:
        answer = await tools.invoke(call("act"))
        again = await tools.invoke(call("act"))
    assert answer.outcome is Outcome.UNKNOWN
    assert again == answer
    assert service.done == ["k1"]


async def test_state_belongs_to_the_session_and_survives_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        node = Node(tmp_path / "tools.db")
        async with node.running(box(Service())) as tools:
            await tools.invoke(call("act", key=f"{node}"))
            await tools.invoke(call("act", key=f"other {node}", session="CA2"))
    async with Node(tmp_path / "tools.db").store as store:
        assert await store.state("CA1") == {"asked": 2}
        assert await store.state("CA3") == {}


async def test_tools_of_one_session_do_not_lose_each_others_changes(node: Node) -> None:
    async with node.running(box(Service())) as tools:
        await asyncio.gather(*(tools.invoke(call("act", key=f"k{number}")) for number in range(25)))
        assert await tools.state("CA1") == {"asked": 25}


async def test_no_more_run_at_once_than_allowed(node: Node) -> None:
    at_once, most = 0, 0
    full = asyncio.Event()
    tools_ = Toolbox()

    @tools_.tool(Effect.READS)
    async def look() -> None:
        """Look."""
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 8:
            full.set()
        await full.wait()
        at_once -= 1

    async with node.running(tools_) as tools:
        await asyncio.gather(*(tools.invoke(call("look", key=f"k{number}")) for number in range(40)))
    assert most == 8


async def test_an_interrupted_agent_loses_the_wait_but_not_the_work(node: Node) -> None:
    go = asyncio.Event()
    tools_ = Toolbox()

    @tools_.tool(Effect.ONCE)
    async def book() -> str:
        """Book."""
        await go.wait()
        return "booked"

    async with node.running(tools_) as tools:
        asked = asyncio.create_task(tools.invoke(call("book")))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        go.set()
        assert (await tools.invoke(call("book"))).result == "booked"


@pytest.mark.parametrize("arguments", [{"what": 3}, {"nobody": "knows"}, {"what": float("nan")}, {"what": object()}])
async def test_what_does_not_fit_is_refused_and_written_down(node: Node, arguments: dict[str, object]) -> None:
    async with node.running(box(Service())) as tools:
        assert (await tools.invoke(ToolCall("CA1", "k1", "act", arguments))).outcome is Outcome.REFUSED
        assert (await tools.invoke(call("fly"))).message == "there is no tool 'fly'"
        rows = await node.store.rows()
        assert [row.kind for row in rows] == ["ended", "ended"]
        assert (await tools.invoke(call("act"))).ok  # the key is still free


async def test_a_result_that_is_not_json_or_too_long_is_a_failure(node: Node) -> None:
    tools_ = Toolbox()

    @tools_.tool(Effect.READS)
    def big() -> str:
        """Tell much."""
        return "x" * 70_000

    @tools_.tool(Effect.READS)
    def odd() -> object:
        """Tell something odd."""
        return object()

    async with node.running(tools_) as tools:
        assert (await tools.invoke(call("big"))).outcome is Outcome.FAILED
        assert (await tools.invoke(call("odd", key="k2"))).outcome is Outcome.FAILED


async def test_every_invocation_is_in_the_log_with_its_attempts_and_latency(node: Node) -> None:
    async with node.running(box(Service("busy"))) as tools:
        await tools.invoke(call("act", what="tea"))
        rows, head = await node.store.rows("CA1"), await node.store.head()
    assert [row.kind for row in rows] == ["began", "ended"]
    assert '"arguments":{"what":"tea"}' in rows[0].body
    assert '"outcome":"rate-limited"' in rows[1].body
    assert '"latency_ms"' in rows[1].body
    assert verify(rows, head) is None


async def test_the_file_refuses_to_forget(node: Node) -> None:
    async with node.running(box(Service())) as tools:
        await tools.invoke(call("act"))
    with sqlite3.connect(node.path) as database:
        for statement in ("DELETE FROM audit", "UPDATE audit SET body = '{}'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
