"""How soon a change by REST reaches the wire: from the answer's arrival to the first packet that sounds different.

Three phones in a room: leg 0 hums, leg 1 listens, leg 2 is the agent that leg 0 is told to coach. Each change turns
leg 0 inaudible or audible to leg 1.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import arrays, results, sounds
from bench.load.caller import leg_name
from bench.load.generator import Generator, running
from bench.load.scenario import Scenario
from bench.rows import Row, row
from bench.targets.target import Steered, TargetFailed

PART: Final = "reach"
ALL: Final = "all changes"

_HUMMER, _LISTENER, _AGENT = 0, 1, 2
_SETTLE_S: Final = 2.0
_GIVE_UP_S: Final = 2.0
_POLL_S: Final = 0.01
# The tone's mean square is peak² / 2. Falling by 3 dB of it, or rising to -20 dB, is no quantisation noise.
_TONE_ENERGY: Final = sounds.TONE_PEAK**2 // 2
_GONE_BELOW: Final = _TONE_ENERGY // 2
_BACK_ABOVE: Final = _TONE_ENERGY // 100


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to ask for, and whether the hummer is audible afterwards."""

    name: str
    form: Mapping[str, str]
    audible: bool


@dataclass(slots=True)
class Reach:
    """How soon one kind of change was heard. Negative after the answer: it was on the wire before the answer."""

    name: str
    after_answer_ms: list[float] = field(default_factory=list)
    after_request_ms: list[float] = field(default_factory=list)
    never: int = 0


def rows(reaches: list[Reach]) -> list[Row]:
    """Return a row for every kind of change, and one for all together."""
    return [*(_row(reach.name, [reach]) for reach in reaches), _row(ALL, reaches)]


def _row(name: str, reaches: list[Reach]) -> Row:
    answer = np.array([ms for reach in reaches for ms in reach.after_answer_ms])
    asked = np.array([ms for reach in reaches for ms in reach.after_request_ms])
    figures = {
        "changes": len(answer),
        "reach_p50_ms": results.percentile(answer, 50),
        "reach_p99_ms": results.percentile(answer, 99),
        "reach_max_ms": results.percentile(answer, 100),
        "request_p99_ms": results.percentile(asked, 99),
    }
    never = sum(reach.never for reach in reaches)
    return row(PART, name, figures, [f"{never} changes were never heard"] if never else [])


async def measure(target: Steered, rounds: int, seed: int = 1) -> list[Reach]:
    """Start *target*, make six changes per round in one room, and return what was heard, by kind."""
    server = await target.start(1)
    try:
        scenario = Scenario(server, (target.dial_string(0),), talkers=1, speech_sound=sounds.TONE)
        async with running(scenario) as generator:
            if (set_up := await generator.call_all()).up < scenario.legs:
                raise TargetFailed(f"calls failed: SIP status and count {set_up.failures}")
            await asyncio.sleep(_SETTLE_S)
            generator.legs.phones["watched"][_LISTENER] = 1
            reaches = await _rounds(target, generator, rounds, random.Random(seed))
            await generator.hang_up_all()
            return reaches
    finally:
        await target.stop()


def first_change(watch: NDArray[np.int64], after_ns: int, audible: bool) -> int | None:
    """Return the arrival of the first packet after *after_ns* that sounds as after the change; None: not yet."""
    rows = watch[watch[:, arrays.WATCHED_NS] > after_ns]
    energy = rows[:, arrays.WATCHED_ENERGY]
    changed = energy > _BACK_ABOVE if audible else energy < _GONE_BELOW
    return int(rows[np.argmax(changed), arrays.WATCHED_NS]) if changed.any() else None


async def _rounds(target: Steered, generator: Generator, rounds: int, luck: random.Random) -> list[Reach]:
    agent = target.call_sid(leg_name(_AGENT))
    changes = (
        Change("mute", {"Muted": "true"}, audible=False),
        Change("unmute", {"Muted": "false"}, audible=True),
        Change("hold", {"Hold": "true"}, audible=False),
        Change("unhold", {"Hold": "false"}, audible=True),
        Change("coach", {"Coaching": "true", "CallSidToCoach": agent}, audible=False),
        Change("barge", {"Coaching": "false"}, audible=True),
    )
    reaches = [Reach(change.name) for change in changes]
    for _ in range(rounds):
        for change, reach in zip(changes, reaches, strict=True):
            await asyncio.sleep(0.1 + luck.uniform(0, 0.02))  # any phase of the server's tick
            await _one(target, generator, change, reach)
    return reaches


async def _one(target: Steered, generator: Generator, change: Change, reach: Reach) -> None:
    sent_ns, answered_ns = await target.change(leg_name(_HUMMER), change.form)
    for _ in range(int(_GIVE_UP_S / _POLL_S)):
        watch = results.recent(generator.legs.watch, int(generator.legs.tally[arrays.WATCHED]))
        if (heard_ns := first_change(watch, sent_ns, change.audible)) is not None:
            reach.after_answer_ms.append((heard_ns - answered_ns) / 1e6)
            reach.after_request_ms.append((heard_ns - sent_ns) / 1e6)
            return
        await asyncio.sleep(_POLL_S)
    reach.never += 1
