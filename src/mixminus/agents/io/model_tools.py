"""The backplane's tools as a language model is told of them, and what it asks for as calls of the backplane."""

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema

from mixminus.agents.tool_schemas import parameters
from mixminus.tools.invocation import Answer
from mixminus.tools.toolbox import Effect, Tool, Toolbox

Invoke = Callable[[str, str, dict[str, Any]], Awaitable[Answer]]
"""Key, name and arguments of a tool."""

ANSWER_MARGIN_S = 5.0


def told(toolbox: Toolbox) -> ToolsSchema:
    """What a model is told."""
    return ToolsSchema(standard_tools=[_schema(tool) for tool in toolbox])


def register(llm: Any, toolbox: Toolbox, invoke: Invoke) -> None:
    """Let the model service *llm* call the tools.

    Its own id of a call is the idempotency key. What has an effect goes on when the caller interrupts, and its result
    reaches the model later; a result that is lost makes a model do the same thing again (livekit/agents#3702).
    """
    for tool in toolbox:
        llm.register_function(
            tool.name,
            _handler(invoke),
            cancel_on_interruption=tool.effect is Effect.READS,
            timeout_secs=tool.policy.deadline_s + ANSWER_MARGIN_S,
        )


def _handler(invoke: Invoke) -> Callable[[Any], Awaitable[None]]:
    async def handle(asked: Any) -> None:
        answer = await invoke(asked.tool_call_id, asked.function_name, dict(asked.arguments))
        await asked.result_callback(answer.for_agent())

    return handle


def _schema(tool: Tool) -> FunctionSchema:
    schema = parameters(tool)
    return FunctionSchema(tool.name, tool.description, schema["properties"], schema["required"])
