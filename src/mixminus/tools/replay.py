"""Running a session's tool calls again, and what is different then. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from mixminus.base.errors import MixminusError
from mixminus.tools.audit import Kind, Row
from mixminus.tools.invocation import Answer, Json, Outcome, ToolCall, canonical
from mixminus.tools.toolbox import Effect, Tool, Toolbox

RAN: Final = frozenset({Outcome.OK, Outcome.FAILED})
"""Outcomes that say something about the tool; the rest tell of the network of that day."""


class BadLog(MixminusError):
    """The log's rows cannot be read: it was written by something else, or damaged."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One invocation as it was answered, and the session's state when it was."""

    call: ToolCall
    answer: Answer
    state: Mapping[str, Json] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """`then` and `now` are canonical JSON or a sentence."""

    call: ToolCall
    then: str
    now: str


def recorded(rows: Iterable[Row]) -> list[Recorded]:
    """Read a session's answered invocations, in the order of their answers. Raises `BadLog`."""
    state: dict[str, Json] = {}
    found: list[Recorded] = []
    for row in rows:
        if row.kind != Kind.ENDED:
            continue
        try:
            body = json.loads(row.body)
            call = ToolCall(row.session, row.key, body["tool"], body["arguments"])
            answer = msgspec.convert(body, Answer)
            changes: dict[str, Json] = body.get("state", {})
        except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
            raise BadLog(f"row {row.number}: {error}") from error
        found.append(Recorded(call, answer, dict(state)))
        state |= changes
        state = {name: value for name, value in state.items() if value is not None}
    return found


def unanswered(rows: Iterable[Row]) -> list[Row]:
    """The rows of invocations that were begun and never answered: a process died, or they still run."""
    open_: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.kind == Kind.ENDED:
            open_.pop((row.session, row.key), None)
        else:
            open_[row.session, row.key] = row
    return list(open_.values())


def dry(tools: Toolbox, record: Iterable[Recorded]) -> list[Recorded]:
    """Those that may run without effect: tools that read, and are still there."""
    known = {tool.name: tool for tool in tools}
    return [each for each in record if each.call.tool in known and known[each.call.tool].effect is Effect.READS]


def missing(tools: Toolbox, record: Iterable[Recorded]) -> list[Difference]:
    """Calls to tools that are no longer declared."""
    known = {tool.name for tool in tools}
    return [
        Difference(each.call, _told(each.answer, None), "there is no such tool")
        for each in record
        if each.call.tool not in known and each.answer.outcome is not Outcome.REFUSED
    ]


def difference(tool: Tool, then: Recorded, now: Answer) -> Difference | None:
    """Compare two answers; names that *tool* declares volatile do not count, nor does what the network did then."""
    if then.answer.outcome not in RAN:
        return None
    was, is_ = _told(then.answer, tool), _told(now, tool)
    return None if was == is_ else Difference(then.call, was, is_)


def _told(answer: Answer, tool: Tool | None) -> str:
    if answer.ok:
        return canonical(_without(answer.result, tool.volatile if tool is not None else frozenset()))
    return f"{answer.outcome}: {answer.message}"


def _without(result: Json, volatile: frozenset[str]) -> Json:
    if isinstance(result, dict):
        return {name: _without(value, volatile) for name, value in result.items() if name not in volatile}
    if isinstance(result, list):
        return [_without(value, volatile) for value in result]
    return result
