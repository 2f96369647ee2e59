"""Runs recorded calls again: dry in memory for tools that read, real through a backplane in a session of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mixminus.tools.audit import Head, Row
from mixminus.tools.claims import Run
from mixminus.tools.contract import Claim
from mixminus.tools.invocation import Answer, Json, ToolCall
from mixminus.tools.io.backplane import Backplane, World
from mixminus.tools.replay import Difference, Recorded, difference, dry, missing
from mixminus.tools.toolbox import Toolbox


class _Given:
    """A store that gives the state of that moment, and keeps nothing."""

    def __init__(self, state: dict[str, Json]) -> None:
        self._state = state

    async def claim(self, call: ToolCall, owner: str, lease_s: float, *, sees_state: bool = True) -> Claim:
        return Claim(Run(), self._state)

    async def finish(self, call: ToolCall, answer: Answer, changes: object) -> Answer:
        return answer

    async def refuse(self, call: ToolCall, answer: Answer) -> None: ...

    async def state(self, session: str) -> dict[str, Json]:
        return self._state

    async def rows(self, session: str | None = None) -> Sequence[Row]:
        return ()

    async def head(self) -> Head:
        return Head()


async def rerun_dry(tools: Toolbox, record: Sequence[Recorded], world: World) -> list[Difference]:
    """Run the tools that read, each with the state of its moment; write nothing."""
    found = missing(tools, record)
    for each in dry(tools, record):
        async with Backplane(tools, _Given(dict(each.state)), world) as backplane:
            answer = await backplane.invoke(each.call)
        found += [different] if (different := difference(tools[each.call.tool], each, answer)) else []
    return found


async def rerun_real(
    tools: Backplane, record: Sequence[Recorded], session: str, at: datetime
) -> tuple[str, list[Difference]]:
    """Run everything again, with effects, as a session of its own: new keys, an empty state, rows in the log.

    Return that session's name, and the differences.
    """
    name = f"{session}/replay-{at:%Y%m%dT%H%M%S.%fZ}"
    found = missing(tools.toolbox, record)
    gone = {different.call.key for different in found}
    for each in record:
        if each.call.key in gone:
            continue
        answer = await tools.invoke(replace(each.call, session=name, key=f"{name}:{each.call.key}"))
        if each.call.tool in {tool.name for tool in tools.toolbox}:
            found += [different] if (different := difference(tools.toolbox[each.call.tool], each, answer)) else []
    return name, found
