"""Everything a node can be told before it starts: one frozen value, checked once.

Where it comes from (options, environment, `mixminus.toml`) is the command line's business; see CONTRACT.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port to bind; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """The host and the ports that media may use, ends included."""

    host: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way out to the phone network, for the numbers that begin with one of `prefixes`."""

    name: str
    uri: str
    prefixes: tuple[str, ...]
    username: str | None = None
    password: str | None = None
    from_: str | None = None
    addresses: tuple[str, ...] = ()
    """Where its calls come from; they may call in."""


@dataclass(frozen=True, slots=True)
class DeclaredNumber:
    """`[numbers."+1…"]` of the configuration file."""

    phone_number: str
    voice_url: str | None = None
    voice_method: str = "POST"
    application: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredApplication:
    """`[applications.NAME]` of the configuration file."""

    friendly_name: str
    voice_url: str
    voice_method: str = "POST"


@dataclass(frozen=True, slots=True)
class SpeechService:
    """`[recognisers.NAME]` or `[voices.NAME]` of the configuration file: who serves under a provider's name."""

    kind: str
    """`offline`, `openai`, `deepgram`."""
    url: str | None = None
    key_env: str | None = None
    """The variable that holds the key."""
    model: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults are those of CONTRACT.md."""

    data: Path
    http: Endpoint = Endpoint("127.0.0.1", 8080)
    sip: Endpoint = Endpoint("127.0.0.1", 5060)
    rtp: PortRange = PortRange("127.0.0.1", 20_000, 29_999)
    database: str | None = None
    workers: int = 1
    public_url: str | None = None
    drain_s: float = 30.0
    rtp_timeout_s: float = 60.0
    """A phone that sends nothing for that long is gone."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Name to password."""
    digest_algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """What phones are challenged with, strongest first. Some old ones give up unless it is MD5 alone."""
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[DeclaredNumber, ...] = ()
    applications: tuple[DeclaredApplication, ...] = ()
    public_recordings: bool = False
    session_expires_s: int = 1800
    """The session interval that is asked for; 0: none."""
    sip_trace_mb: int = 16
    """How many megabytes of SIP messages are kept to be looked at."""
    codecs: tuple[str, ...] = ("opus", "G722", "PCMU", "PCMA")
    """What phones are offered, most preferred first; an answer of ours follows the order of the phone's offer."""
    opus_complexity: int = 5
    """0 to 10: quality against CPU time."""
    moonshine: Path | None = None
    """The folder with the weights of the better offline recogniser."""
    voice_activity: str = "own"
    """Who decides what is a voice for relays: `own`, `silero`."""
    recognisers: Mapping[str, SpeechService] = field(default_factory=dict)
    """By the provider's name in documents; `default` serves for all others."""
    voices: Mapping[str, SpeechService] = field(default_factory=dict)

    @property
    def recordings_folder(self) -> Path:
        return self.data / "recordings"

    @property
    def media_folder(self) -> Path:
        """Files that `media:NAME` plays."""
        return self.data / "media"

    @property
    def prompts_folder(self) -> Path:
        """Decoded prompts."""
        return self.data / "prompts"
