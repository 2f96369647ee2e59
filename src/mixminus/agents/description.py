"""An agent, as its file describes it. Pure: text in, values out."""

import tomllib
from enum import StrEnum
from typing import Any, Final

import msgspec

from mixminus.agents.intake import Script
from mixminus.base.errors import MixminusError

BUILT_IN: Final = ("escalate", "transfer", "hold", "add_participant", "send_message", "take_note", "end_call")


class BadAgent(MixminusError):
    """The file does not describe an agent."""


class Kind(StrEnum):
    """What makes the agent's words."""

    INTAKE = "intake"
    """Rules: the after-hours intake. Needs no key and no network."""
    CHAT = "chat"
    """An OpenAI-compatible chat service, between a recogniser and a voice."""
    REALTIME = "realtime"
    """OpenAI Realtime: speech to speech."""


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenAI-compatible service. `key_env` names the variable of the environment that holds the key."""

    url: str = ""
    model: str = ""
    key_env: str = "OPENAI_API_KEY"
    voice: str = ""


class Dialect(StrEnum):
    """Whose names OpenAI Realtime is spoken in."""

    GA = "ga"
    BETA = "beta"
    """Those before general availability; servers that were built after them still speak so."""


class Detection(StrEnum):
    """What ends the caller's turn at OpenAI Realtime: silence, or a model that understands."""

    SERVER = "server_vad"
    SEMANTIC = "semantic_vad"


class Realtime(Service, frozen=True, forbid_unknown_fields=True):
    """OpenAI Realtime, or a server that speaks like it."""

    url: str = "wss://api.openai.com/v1/realtime"
    model: str = "gpt-realtime"
    voice: str = "marin"
    events: Dialect = Dialect.GA
    detection: Detection = Detection.SERVER
    threshold: float = 0.5
    """How loud is speech, for `server_vad`: 0 to 1."""
    transcription: str = "gpt-4o-mini-transcribe"
    """Writes down what the caller said: a session that is made anew knows no more of it. Empty: nothing does."""
    away_s: float = 12.0
    """So long the service may be away before the offline voice speaks for it and a person is called."""
    moment: str = "One moment, please."
    trouble: str = "I am sorry, I have a technical problem. One moment, I am getting a person."
    nobody: str = "I am sorry, nobody can take your call right now. Please call again later. Goodbye."


class Turns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the caller has begun to speak, has finished, and has gone silent; in seconds."""

    begins_after_s: float = 0.07
    """So much speech stops the agent; whether it was an interruption is found out then."""
    pause_s: float = 0.2
    """So much silence ends a phrase."""
    ends_after_s: float = 0.35
    """So much silence after a phrase ends the caller's turn, unless the words speak for sooner or later."""
    smart: bool = False
    """Ask the turn model too, which may end a turn sooner. Do not judge it with synthetic callers."""
    silence_s: float = 8.0
    """So long the agent waits for an answer before it asks again. 0: a `realtime` agent waits for ever."""


class Listening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The offline recogniser. `moonshine` is the folder with its two weight files; without it, pocketsphinx."""

    moonshine: str = ""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that makes an agent."""

    name: str
    kind: Kind = Kind.INTAKE
    persona: str = "You are a friendly receptionist on the telephone. Answer in one or two short sentences."
    greeting: str = ""
    voice: str = "rms"
    """The offline voice: `rms` or `slt`."""
    tools: tuple[str, ...] = BUILT_IN
    tools_file: str = ""
    """A Python file with tools of its own, beside the built-in ones."""
    on_call: str = ""
    """Whom `escalate` calls: a number, `sip:` or `client:` address."""
    from_number: str = ""
    """What the called ones see; the number the agent's calls come from."""
    script: Script = Script()
    turns: Turns = Turns()
    listening: Listening = Listening()
    chat: Service = Service(model="gpt-4o-mini")
    speech: Service = Service()
    """An OpenAI-compatible speech service for the voice; the offline one if it has no model."""
    transcription: Service = Service()
    """An OpenAI-compatible transcription service; the offline recogniser if it has no model."""
    realtime: Realtime = Realtime()


def read(text: str) -> Agent:
    """Read a TOML description. Raises `BadAgent`, which names the line or the key."""
    try:
        return described(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadAgent(f"not TOML: {error}") from None


def described(table: dict[str, Any]) -> Agent:
    """Read a description that is a table already. Raises `BadAgent`."""
    try:
        agent = msgspec.convert(table, Agent)
    except msgspec.ValidationError as error:
        raise BadAgent(str(error)) from None
    if not agent.name.strip():
        raise BadAgent("`name` is empty")
    if agent.voice not in ("rms", "slt"):
        raise BadAgent(f"there is no offline voice {agent.voice!r}: rms and slt are there")
    if not (0 <= agent.realtime.threshold <= 1 and 0 < agent.realtime.away_s <= 120):
        raise BadAgent("`realtime.threshold` is 0 to 1, and `realtime.away_s` above 0 and up to 120")
    if agent.kind is Kind.INTAKE and (lacks := {"take_note", "escalate", "end_call"} - set(agent.tools)):
        raise BadAgent(f"an intake needs its tools; {', '.join(sorted(lacks))} is not among `tools`")
    return agent
