"""What `<ConversationRelay>` asks for, and what comes back (see `effects`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelayLanguage:
    """`<Language>`; what is None is as `<ConversationRelay>` says."""

    code: str
    tts_provider: str | None = None
    voice: str | None = None
    transcription_provider: str | None = None
    speech_model: str | None = None
    hints: tuple[str, ...] | None = None
    smart_format: bool | None = None


@dataclass(frozen=True, slots=True)
class RelayAttributes:
    """`<ConversationRelay>`. `interruptible` and its like are `none`, `dtmf`, `speech`, `any`, `true`, `false`."""

    url: str
    parameters: tuple[tuple[str, str], ...] = ()
    welcome_greeting: str = ""
    welcome_greeting_interruptible: str = "any"
    tts_language: str = "en-US"
    transcription_language: str = "en-US"
    tts_provider: str = "ElevenLabs"
    voice: str | None = None
    transcription_provider: str = "Deepgram"
    speech_model: str | None = None
    eot_threshold: float | None = None
    speech_timeout_ms: int | None = None
    """None: `auto`."""
    partial_prompts: bool = False
    interruptible: str = "any"
    interrupt_sensitivity: str = "high"
    report_input: str = "none"
    ignore_backchannel: bool = False
    preemptible: bool = False
    dtmf_detection: bool = False
    hints: tuple[str, ...] = ()
    profanity_filter: bool = False
    smart_format: bool = True
    told: tuple[str, ...] = ()
    """`speaker-events`, `tokens-played`, `debugging`."""
    languages: tuple[RelayLanguage, ...] = ()
    complaints: tuple[str, ...] = ()
    """Why no session can begin (64101)."""


@dataclass(frozen=True, slots=True)
class ConnectRelay:
    """`<Connect><ConversationRelay>`. Resumed with `Relayed`."""

    relay: RelayAttributes


@dataclass(frozen=True, slots=True)
class Relayed:
    """How the session ended."""

    session_id: str
    status: str
    """`completed` (the caller hung up), `ended` (the application did), `failed`."""
    duration_s: int = 0
    handoff_data: str | None = None
    error_code: int | None = None
    error_message: str | None = None
