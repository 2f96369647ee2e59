"""A process that dies between the effect and its record, and what the next one does."""

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest
from tests.tools.killed_in_a_tool import letters
from tests.tools.tool_world import Node, call

from mixminus.tools.audit import verify
from mixminus.tools.claims import Clash, Done, Run, Stored, TakeOver, Wait, verdict
from mixminus.tools.errors import RateLimited, TimedOut
from mixminus.tools.invocation import Answer, Invocation, Outcome
from mixminus.tools.io.backplane import Backplane
from mixminus.tools.toolbox import Effect, Toolbox

ANSWERED = Answer(Outcome.OK, 1)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (None, Run()),
        (Stored(call("act").digest, "us", 50, None), TakeOver()),
        (Stored(call("act").digest, "them", 50, None), Wait(40)),
        (Stored(call("act").digest, "them", 10, None), TakeOver()),
        (Stored(call("act").digest, "them", 50, ANSWERED), Done(ANSWERED)),
        (Stored(call("act", what="else").digest, "us", 50, ANSWERED), Clash()),
    ],
)
def test_who_may_run(stored: Stored | None, expected: object) -> None:
    assert verdict(call("act"), stored, owner="us", now_s=10) == expected


class Bank:
    """Outlives every process. Does the same key once, if *by_key*."""

    def __init__(self, *, by_key: bool) -> None:
        self.by_key = by_key
        self.paid: list[str] = []

    def pay(self, key: str) -> str:
        if not (self.by_key and key in self.paid):
            self.paid.append(key)
        return "paid"

    def box(self, effect: Effect, *, can_tell: bool = False) -> Toolbox:
        tools = Toolbox()

        @tools.tool(effect, settle=(lambda inv: "paid" if inv.key in self.paid else None) if can_tell else None)
        def pay(invocation: Invocation) -> str:
            """Pay."""
            return self.pay(invocation.key)

        return tools


async def die_after_the_effect(path: Path, bank: Bank | None) -> None:
    """A process that began, had its effect (unless *bank* is None), and was killed before it wrote that down."""
    node = Node(path, seed=1)
    async with node.store as store:
        assert isinstance((await store.claim(call("pay"), "dead", lease_s=10)).verdict, Run)
        if bank is not None:
            bank.pay("k1")


@pytest.mark.parametrize(
    ("effect", "can_tell", "outcome"),
    [
        (Effect.KEYED, False, Outcome.OK),
        (Effect.ONCE, True, Outcome.OK),
        (Effect.ONCE, False, Outcome.UNKNOWN),
    ],
)
async def test_after_a_crash_the_effect_is_there_once(
    tmp_path: Path, effect: Effect, can_tell: bool, outcome: Outcome
) -> None:
    bank = Bank(by_key=effect is Effect.KEYED)
    await die_after_the_effect(tmp_path / "tools.db", bank)
    node = Node(tmp_path / "tools.db", seed=2)
    async with node.running(bank.box(effect, can_tell=can_tell)) as tools:
        answer = await tools.invoke(call("pay"))
        kinds = [row.kind for row in await node.store.rows()]
    assert answer.outcome is outcome
    assert bank.paid == ["k1"]
    assert kinds == ["began", "resumed", "ended"]
    assert node.time.passed_s == 0  # it is known to be dead: nobody waits for its lease


async def test_an_effect_that_a_crash_prevented_is_made_up_for(tmp_path: Path) -> None:
    bank = Bank(by_key=False)
    await die_after_the_effect(tmp_path / "tools.db", None)
    node = Node(tmp_path / "tools.db", seed=2)
    async with node.running(bank.box(Effect.ONCE, can_tell=True)) as tools:
        assert (await tools.invoke(call("pay"))).ok
    assert bank.paid == ["k1"]


async def test_two_processes_with_one_key_have_one_effect(tmp_path: Path) -> None:
    bank = Bank(by_key=False)
    nodes = [Node(tmp_path / "tools.db", seed) for seed in (1, 2)]
    async with nodes[0].running(bank.box(Effect.ONCE)) as one, nodes[1].running(bank.box(Effect.ONCE)) as other:
        first, second = await asyncio.gather(one.invoke(call("pay")), other.invoke(call("pay")))
        rows, head = await nodes[0].store.rows(), await nodes[0].store.head()
    assert first == second
    assert bank.paid == ["k1"]
    assert verify(rows, head) is None


async def test_two_backplanes_of_one_process_have_one_effect(tmp_path: Path) -> None:
    """Two streams of one call, say: each has its own backplane, on one store."""
    bank = Bank(by_key=False)
    go = asyncio.Event()
    tools_ = Toolbox()

    @tools_.tool(Effect.ONCE)
    async def pay(invocation: Invocation) -> str:
        """Pay."""
        await go.wait()
        return bank.pay(invocation.key)

    node = Node(tmp_path / "tools.db")
    async with (
        node.store,
        Backplane(tools_, node.store, node.world) as one,
        Backplane(tools_, node.store, node.world) as other,
    ):
        asked = [asyncio.create_task(each.invoke(call("pay"))) for each in (one, other)]
        await node.time.asleep.wait()  # the second one waits for the first
        go.set()
        first, second = await asyncio.gather(*asked)
    assert first == second
    assert bank.paid == ["k1"]


@pytest.mark.parametrize("seed", range(5))
async def test_no_effect_twice_and_none_lost_under_refusals_delays_duplicates_and_a_restart(
    tmp_path: Path, seed: int
) -> None:
    luck = random.Random(seed)
    bank = Bank(by_key=True)
    tools_ = Toolbox()

    @tools_.tool(Effect.KEYED)
    def pay(invocation: Invocation, number: int) -> str:
        """Pay."""
        match luck.randrange(6):
            case 0:
                raise RateLimited(retry_after_s=0.1)
            case 1:
                raise TimedOut
            case 2:
                bank.pay(invocation.key)
                raise TimedOut
        return bank.pay(invocation.key)

    calls = [call("pay", key=f"k{number}", number=number) for number in range(30)]
    for life in (1, 2):
        node = Node(tmp_path / "tools.db", seed=life)
        async with node.running(tools_) as tools:
            asked = [*calls[: 15 * life], *luck.sample(calls[: 15 * life], 10)]
            answers = await asyncio.gather(*(tools.invoke(each) for each in asked))
            rows, head = await node.store.rows(), await node.store.head()
    assert len(bank.paid) == len(set(bank.paid))
    assert {each.key for each, answer in zip(asked, answers, strict=True) if answer.ok} <= set(bank.paid)
    assert verify(rows, head) is None
    assert [row.kind for row in rows].count("ended") == 30


@pytest.mark.parametrize(
    ("effect", "outcome"), [(Effect.KEYED, Outcome.OK), (Effect.ONCE, Outcome.UNKNOWN)], ids=lambda each: each.name
)
async def test_a_process_that_was_killed_after_the_effect(tmp_path: Path, effect: Effect, outcome: Outcome) -> None:
    """The same with a real process, and SIGKILL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.tools.killed_in_a_tool", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"posted\n"
    process.kill()
    await process.wait()
    node = Node(tmp_path / "tools.db", seed=2)
    async with node.running(letters(tmp_path, effect, hangs=False)) as tools:
        answer = await tools.invoke(call("post"))
        rows, head = await node.store.rows(), await node.store.head()
    assert answer.outcome is outcome
    assert (tmp_path / "posted").read_text() == "k1\n"
    assert [row.kind for row in rows] == ["began", "resumed", "ended"]
    assert verify(rows, head) is None


async def test_a_process_that_lives_and_has_hung_is_waited_for_until_its_lease_ends(tmp_path: Path) -> None:
    bank = Bank(by_key=True)
    hung, node = Node(tmp_path / "tools.db", seed=1), Node(tmp_path / "tools.db", seed=2)
    async with hung.store as store:
        assert isinstance((await store.claim(call("pay"), "hung", lease_s=10)).verdict, Run)
        async with node.running(bank.box(Effect.KEYED)) as tools:
            assert (await tools.invoke(call("pay"))).ok
    assert 9.9 <= node.time.passed_s < 11


async def test_two_processes_that_change_one_session_lose_nothing_of_its_state(tmp_path: Path) -> None:
    """A hand-over: the old agent finishes a tool while the new one begins another."""
    tools_ = Toolbox()

    @tools_.tool(Effect.SETS)
    async def note(invocation: Invocation, text: str) -> int:
        """Take a note."""
        await asyncio.sleep(0)
        invocation.state["notes"] = [*invocation.state.get("notes", []), text]
        return len(invocation.state["notes"])

    nodes = [Node(tmp_path / "tools.db", seed) for seed in (1, 2)]
    async with nodes[0].running(tools_) as one, nodes[1].running(tools_) as other:
        asked = [(one, other)[n % 2].invoke(call("note", key=f"k{n}", text=str(n))) for n in range(20)]
        answers = await asyncio.gather(*asked)
        state = await nodes[0].store.state("CA1")
    assert sorted(answer.result for answer in answers) == list(range(1, 21))
    assert sorted(state["notes"], key=int) == [str(n) for n in range(20)]
    assert not [path for path in os.listdir(tmp_path) if "-alive-" in path]


async def test_what_killed_processes_have_left_is_taken_away_and_what_the_living_hold_is_not(tmp_path: Path) -> None:
    async with Node(tmp_path / "tools.db", seed=1).store:
        [held] = [path for path in os.listdir(tmp_path) if "-alive-" in path]
        os.close(os.open(tmp_path / "tools.db-alive-killed", os.O_CREAT))
        for name in (held, "tools.db-alive-killed"):
            os.utime(tmp_path / name, (0, 0))
        async with Node(tmp_path / "tools.db", seed=2).store:
            left = {path for path in os.listdir(tmp_path) if "-alive-" in path}
            assert held in left
            assert len(left) == 2
