"""What the service is told (twiml-and-streams.md, 8.2 and 8.3), in shapes of today or of the beta. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from mixminus.agents.description import Agent, Detection, Dialect
from mixminus.agents.tool_schemas import parameters
from mixminus.tools.toolbox import Toolbox

Json = Mapping[str, Any]


class UpdateSession(msgspec.Struct, frozen=True, tag="session.update", tag_field="type"):
    event_id: str
    session: Json


class AppendAudio(msgspec.Struct, frozen=True, tag="input_audio_buffer.append", tag_field="type"):
    """A telephone's payload is passed on as it came. Nothing acknowledges it."""

    audio: str


class CreateItem(msgspec.Struct, frozen=True, tag="conversation.item.create", tag_field="type", omit_defaults=True):
    event_id: str
    item: Json
    previous_item_id: str | None = None


class TruncateItem(msgspec.Struct, frozen=True, tag="conversation.item.truncate", tag_field="type"):
    """From here on the model knows no more of the item than its first *audio_end_ms*."""

    event_id: str
    item_id: str
    audio_end_ms: int
    content_index: int = 0


class DeleteItem(msgspec.Struct, frozen=True, tag="conversation.item.delete", tag_field="type"):
    event_id: str
    item_id: str


class CreateResponse(msgspec.Struct, frozen=True, tag="response.create", tag_field="type"):
    event_id: str


class CancelResponse(msgspec.Struct, frozen=True, tag="response.cancel", tag_field="type"):
    event_id: str


Request = UpdateSession | AppendAudio | CreateItem | TruncateItem | DeleteItem | CreateResponse | CancelResponse

encode: Final = msgspec.json.Encoder().encode

PADDING_MS: Final = 300
"""Of audio before what the detector takes for the beginning of speech; the service's own default."""
DETECTOR_MARGIN_MS: Final = 150
"""The service's detector knows no words, so it waits a little longer than ours (`agents/patience.py`)."""

GREET_FIRST: Final = "The first thing that you say on this call, before anything else, is: {greeting}"
GO_ON: Final = "The call is going on already: do not greet again. If your last words were cut off, go on from there."


def session(agent: Agent, toolbox: Toolbox, *, resumed: bool) -> dict[str, Any]:
    """The session of *agent*. *resumed*: there was one before on this call, and the caller must not notice.

    The greeting is part of what the model is told, and not of one response alone: a noise of the caller's before the
    first word would cancel that response, and the greeting with it (vellum-assistant#37061).
    """
    greeting = GREET_FIRST.format(greeting=agent.greeting) if agent.greeting else ""
    instructions = "\n".join(filter(None, [agent.persona, GO_ON if resumed else greeting]))
    build = _beta if agent.realtime.events is Dialect.BETA else _today
    return {**build(agent), "instructions": instructions, "tools": list(_tools(toolbox)), "tool_choice": "auto"}


def message(dialect: Dialect, item_id: str, role: str, text: str) -> dict[str, Any]:
    """A message in text. The service takes no audio of the assistant's, so what it said comes back as text."""
    kind = "input_text"
    if role == "assistant":
        kind = "text" if dialect is Dialect.BETA else "output_text"
    return {"id": item_id, "type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def function_call(item_id: str, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": item_id, "type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def function_call_output(item_id: str, call_id: str, output: str) -> dict[str, Any]:
    return {"id": item_id, "type": "function_call_output", "call_id": call_id, "output": output}


def _today(agent: Agent) -> dict[str, Any]:
    ours = agent.realtime
    heard: dict[str, Any] = {"format": {"type": "audio/pcmu"}, "turn_detection": _detection(agent)}
    if ours.transcription:
        heard["transcription"] = {"model": ours.transcription}
    return {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {"input": heard, "output": {"format": {"type": "audio/pcmu"}, "voice": ours.voice}},
    }


def _beta(agent: Agent) -> dict[str, Any]:
    ours = agent.realtime
    return {
        "modalities": ["text", "audio"],
        "voice": ours.voice,
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "g711_ulaw",
        "turn_detection": _detection(agent),
        **({"input_audio_transcription": {"model": ours.transcription}} if ours.transcription else {}),
    }


def _detection(agent: Agent) -> dict[str, Any]:
    both = {"type": agent.realtime.detection.value, "create_response": True, "interrupt_response": True}
    if agent.realtime.detection is Detection.SEMANTIC:
        return both
    silence_ms = round(1_000 * agent.turns.ends_after_s) + DETECTOR_MARGIN_MS
    return {
        **both,
        "threshold": agent.realtime.threshold,
        "prefix_padding_ms": PADDING_MS,
        "silence_duration_ms": silence_ms,
    }


def _tools(toolbox: Toolbox) -> Iterable[dict[str, Any]]:
    for tool in toolbox:
        yield {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters(tool),
        }
