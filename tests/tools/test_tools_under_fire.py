"""Issue 4, shows 7.

"Tool backplane under injected rate limits, time-outs, duplicates and a restart in mid-call: no tool effect twice,
none lost, audit chain verifies, replay equals the record."

The agent is a process; it is killed in the middle. The service is another one's, and logs every effect.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.tools.agent_under_fire import clinic, real_world, script
from tests.tools.faulty_service import FAULTS, FaultyService

from mixminus.tools.audit import verify
from mixminus.tools.invocation import Outcome
from mixminus.tools.io.backplane import Backplane
from mixminus.tools.io.rerun import rerun_dry, rerun_real
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.replay import Recorded, recorded, unanswered

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

SESSION, CALLS = "CA1", 60


async def agent(folder: Path, service: FaultyService) -> asyncio.subprocess.Process:
    """One life of the agent."""
    command = (sys.executable, "-m", "tests.tools.agent_under_fire", str(folder), service.url, SESSION, str(CALLS))
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def answers_of(process: asyncio.subprocess.Process) -> dict[str, list[str]]:
    out, _ = await process.communicate()
    assert process.returncode == 0
    answers: dict[str, list[str]] = json.loads(out)
    return answers


async def killed_after(effects: int, folder: Path, service: FaultyService) -> None:
    """A life that ends with SIGKILL, after an effect and before its answer."""
    process = await agent(folder, service)
    service.on_effect = lambda count: process.kill() if count == effects else None
    async with asyncio.timeout(60):
        await process.wait()
    assert process.returncode == -signal.SIGKILL, "it was still in the middle of the call"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_effect_twice_none_lost_the_chain_verifies_and_replay_equals_the_record(
    tmp_path: Path, seed: int
) -> None:
    async with FaultyService(seed) as service:
        await killed_after(7, tmp_path, service)
        await killed_after(14, tmp_path, service)
        # The call goes on in two processes at once: the restarted one, and one that it was handed over to.
        one, other = await agent(tmp_path, service), await agent(tmp_path, service)
        first, second = await asyncio.gather(answers_of(one), answers_of(other))
        assert set(service.injected) >= set(FAULTS), "every kind of fault was met"
        assert first == second
        assert all(len(answers) == 1 for answers in first.values()), "a key has one answer, however often it is asked"

        effects = Counter(service.effects)
        assert max(effects.values()) == 1, "no effect twice"
        world = real_world()
        async with SqliteToolStore(tmp_path / "tools.db", world.clock) as store:
            rows, head = await store.rows(), await store.head()
            state = await store.state(SESSION)
        assert verify(rows, head) is None
        assert unanswered(rows) == []
        record = recorded(rows)
        _assert_none_is_lost(record, effects, state)
        _assert_the_log_tells_of_the_kills(Counter(row.kind for row in rows))
        await _assert_replay_equals_the_record(record, tmp_path, service)


def _assert_none_is_lost(record: list[Recorded], effects: Counter[str], state: object) -> None:
    """What was answered OK has happened. Only what must not be done twice may be UNKNOWN, and it says so."""
    assert {each.call.key for each in record} == {call.key for call in script(SESSION, CALLS)}
    assert len(record) == CALLS
    for each in record:
        happened = effects[f"{each.call.tool} {each.call.key}"]
        match each.call.tool, each.answer.outcome:
            case (("book" | "pay"), Outcome.OK):
                assert happened == 1, each
            case "pay", Outcome.UNKNOWN:
                assert happened <= 1, each
            case _, outcome:
                assert outcome is Outcome.OK, each
    days = [each.call.arguments["day"] for each in record if each.call.tool == "book"]
    texts = [each.call.arguments["text"] for each in record if each.call.tool == "note"]
    assert state == {"booked": days, "notes": texts}, "the state has changed once for each, in the order of the log"


def _assert_the_log_tells_of_the_kills(kinds: Counter[str]) -> None:
    assert kinds["began"] == kinds["ended"] == CALLS
    assert kinds["resumed"] >= 2


async def _assert_replay_equals_the_record(record: list[Recorded], folder: Path, service: FaultyService) -> None:
    """Dry, and with effects in a session of its own: on a day when the service has no faults."""
    service.is_faulty = False
    world, tools = real_world(), clinic(service.url)
    assert await rerun_dry(tools, record, world) == []
    before = Counter(service.effects)
    async with (
        SqliteToolStore(folder / "tools.db", world.clock) as store,
        Backplane(tools, store, world) as backplane,
    ):
        session, differences = await rerun_real(backplane, record, SESSION, datetime.now(UTC))
        again = recorded(await store.rows(session))
        assert verify(await store.rows(), await store.head()) is None
    assert differences == []
    assert [(each.call.tool, each.call.arguments) for each in again] == [
        (each.call.tool, each.call.arguments) for each in record
    ]
    assert Counter(service.effects) - before == Counter(
        f"{each.call.tool} {each.call.key}" for each in again if each.call.tool in ("book", "pay")
    )
