"""Declaring tools: a typed function, its docstring, and what doing it twice would mean. Pure."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec

from mixminus.tools.errors import BadArguments, BadTool, UnknownTool
from mixminus.tools.invocation import Invocation, Json
from mixminus.tools.policy import Policy

Function = TypeVar("Function", bound=Callable[..., Any])

Settle = Callable[..., Any]
"""`settle(invocation, **arguments)`: what the tool would have answered if its effect is there; None: it is not."""


class Effect(Enum):
    """What doing it twice would mean; this decides what may be done after a time-out or a crash."""

    READS = "reads"
    """Changes nothing. The only kind that a dry replay runs."""
    SETS = "sets"
    """Twice is the same as once: mute, hold, end a call."""
    KEYED = "keyed"
    """The tool hands `Invocation.key` to a service that does the same key only once."""
    ONCE = "once"
    """Must not be done twice. When nobody knows whether it was done, `settle` is asked, or the answer is UNKNOWN."""

    @property
    def repeatable(self) -> bool:
        return self is not Effect.ONCE


@dataclass(frozen=True, slots=True)
class Tool:
    """One declared tool. `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    function: Callable[..., Any]
    effect: Effect
    policy: Policy
    wants_invocation: bool
    arguments: type[msgspec.Struct]
    schema: Mapping[str, Json] = field(hash=False)
    settle: Settle | None = None
    volatile: frozenset[str] = frozenset()
    """Names in its result that differ from run to run: replay does not compare them."""

    def accept(self, given: Mapping[str, Json]) -> dict[str, Any]:
        """Turn JSON into the function's arguments, defaults filled in. Raises `BadArguments`."""
        try:
            bound = msgspec.convert(dict(given), self.arguments)
        except (msgspec.ValidationError, TypeError) as error:
            raise BadArguments(f"{self.name}: {error}") from None
        return {name: getattr(bound, name) for name in self.arguments.__struct_fields__}


class Toolbox:
    """Tools by name."""

    def __init__(self, *others: "Toolbox") -> None:
        self._tools: dict[str, Tool] = {}
        for other in others:
            for tool in other:
                self._add(tool)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __getitem__(self, name: str) -> Tool:
        """Raises `UnknownTool`."""
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(f"there is no tool {name!r}") from None

    def only(self, names: typing.Iterable[str]) -> "Toolbox":
        """A box with these tools alone. Raises `UnknownTool`."""
        chosen = Toolbox()
        for name in names:
            chosen._add(self[name])
        return chosen

    def tool(
        self,
        effect: Effect,
        *,
        policy: Policy | None = None,
        settle: Settle | None = None,
        volatile: typing.Iterable[str] = (),
    ) -> Callable[[Function], Function]:
        """Declare the decorated function, sync or async, a tool; it stays callable as before. Raises `BadTool`."""

        def declare(function: Function) -> Function:
            self._add(_tool(function, effect, policy or DEFAULT_POLICY, settle, frozenset(volatile)))
            return function

        return declare

    def _add(self, tool: Tool) -> None:
        if tool.name in self._tools:
            raise BadTool(f"two tools are named {tool.name!r}")
        self._tools[tool.name] = tool


DEFAULT_POLICY: Final = Policy()


def _tool(
    function: Callable[..., Any], effect: Effect, policy: Policy, settle: Settle | None, volatile: frozenset[str]
) -> Tool:
    name = function.__name__
    description = inspect.getdoc(function)
    if not description:
        raise BadTool(f"{name}: a tool's docstring is what the agent is told about it; there is none")
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    wants_invocation = bool(parameters) and hints.get(parameters[0].name) is Invocation
    fields = [_field(name, parameter, hints) for parameter in parameters[wants_invocation:]]
    arguments = msgspec.defstruct(f"{name}_arguments", fields, kw_only=True, forbid_unknown_fields=True)
    try:
        schema = _schema(arguments)
    except TypeError as error:
        raise BadTool(f"{name}: {error}") from error
    return Tool(name, description, function, effect, policy, wants_invocation, arguments, schema, settle, volatile)


def _field(tool: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise BadTool(f"{tool}: {parameter} cannot be filled by name")
    if parameter.name not in hints:
        raise BadTool(f"{tool}: parameter {parameter.name!r} has no type")
    if parameter.default is parameter.empty:
        return parameter.name, hints[parameter.name]
    return parameter.name, hints[parameter.name], parameter.default


def _schema(arguments: type[msgspec.Struct]) -> dict[str, Json]:
    """The schema of the arguments themselves; whatever they refer to stays under `$defs`."""
    whole = msgspec.json.schema(arguments)
    definitions: dict[str, Json] = dict(whole["$defs"])
    own: dict[str, Json] = dict(definitions.pop(whole["$ref"].rpartition("/")[2]))
    own.pop("title", None)
    return {**own, "$defs": definitions} if definitions else own
