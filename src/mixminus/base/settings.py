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
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SipListen:
    """A place where SIP is taken beside `sip`: `udp`, `tcp`, `tls`, `ws` or `wss`."""

    transport: str
    at: Endpoint
    advertised: Endpoint | None = None
    """What peers are told instead, behind a NAT; port 0: the same one."""


@dataclass(frozen=True, slots=True)
class PortRange:
    """The host and the ports that media may use, ends included."""

    host: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Gateway:
    """One of several doors of a trunk, chosen as SRV records are (RFC 2782)."""

    uri: str
    priority: int = 1
    """The lowest is tried first."""
    weight: int = 1
    """Its share of the calls among gateways of the same priority."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way out to the phone network, for the numbers that begin with one of `prefixes`."""

    name: str
    uri: str
    """Its one gateway, unless `gateways` names several."""
    prefixes: tuple[str, ...]
    username: str | None = None
    password: str | None = None
    from_: str | None = None
    addresses: tuple[str, ...] = ()
    """Where its calls come from; they may call in."""
    gateways: tuple[Gateway, ...] = ()
    silence_s: float = 6.0
    """A gateway that says nothing at all for so long is left for the next."""
    progress_s: float = 20.0
    """So is one that said 100 and neither rings nor refuses for so long."""
    options_s: int = 30
    """How often each gateway is asked whether it lives; 0: never."""
    max_calls: int = 0
    """Calls of ours at once; 0: as many as there are."""
    calls_per_second: float = 0.0
    """How many may begin in a second; 0: as many as there are."""
    queue_s: float = 600.0
    """How long a call waits for room before it fails."""
    number_rules: tuple[str, ...] = ()
    """How called numbers are written (see `number_rules`)."""
    caller_rules: tuple[str, ...] = ()
    """How callers' numbers are written."""
    callers: tuple[str, ...] = ()
    """Callers that may be shown, `+1555*` for all that begin so; `from_` or the first stands in for others."""
    identity: str = "from"
    """Where callers are named: `from`, `asserted`, `preferred`, `private`."""
    domain: str | None = None
    """The host in callers' addresses, instead of ours."""
    register: bool = False
    """Whether the carrier learns from a REGISTER where we are."""
    register_s: int = 600
    """The life that is asked for a registration."""
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    """Prefixes of numbers that it may, and may not, be used for."""
    max_call_s: float = 0.0
    """Calls over it end after so long; 0: when they end."""
    srtp: str | None = None
    latch: str | None = None
    """As in `Settings`; None: what that says."""
    tls_verify: bool = True
    """Whether its certificate has to be one of its host, from somebody who is trusted."""
    tls_roots: str | None = None
    """The file with who is trusted; None: whom the system trusts."""
    outbound_proxy: str | None = None
    """The address of a proxy that everything to its gateways goes through."""
    invites_per_second: float = 0.0
    """How many calls from it may begin in a second; 0: as many as there are."""
    rates: tuple[tuple[str, float], ...] = ()
    """Beginnings of numbers, and what a begun minute to them costs."""
    spend_cap_per_day: float = 0.0
    """What calls over it may cost in a day; 0: as much as they cost."""

    @property
    def doors(self) -> tuple[Gateway, ...]:
        """Every gateway there is."""
        return self.gateways or (Gateway(self.uri),)

    @property
    def uris(self) -> tuple[str, ...]:
        """Whatever calls over it are sent to: gateways, and the proxy before them."""
        return (*(door.uri for door in self.doors), *((self.outbound_proxy,) if self.outbound_proxy else ()))


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
    sip_listen: tuple[SipListen, ...] = ()
    sip_tls_certificate: Path | None = None
    """With its chain; None: one of our own is made in `data`."""
    sip_tls_key: Path | None = None
    sip_keepalive_s: float = 25.0
    """How often connections, and phones behind a NAT, are shown that we live; 0: never."""
    rtp: PortRange = PortRange("127.0.0.1", 20_000, 29_999)
    rtp_advertise: tuple[str, ...] = ()
    """Addresses of ours that SDP tells instead of `rtp`'s, best first."""
    database: str | None = None
    workers: int = 1
    public_url: str | None = None
    drain_s: float = 30.0
    rtp_timeout_s: float = 60.0
    """A phone that sends nothing for that long is gone."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Name to password."""
    srtp: str = "offered"
    """Whether audio is secured: `never`, `offered`, `required`."""
    srtp_of_users: Mapping[str, str] = field(default_factory=dict)
    """The same for users that say it themselves."""
    latch: str = "announced"
    """Whose packets are a call's: `announced`, `first`."""
    latch_of_users: Mapping[str, str] = field(default_factory=dict)
    srtp_over_any_transport: bool = False
    """Tell keys in SDP where others may read it, too."""
    digest_algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """What phones are challenged with, strongest first. Some old ones give up unless it is MD5 alone."""
    trunks: tuple[Trunk, ...] = ()
    allow_destinations: tuple[str, ...] = ()
    deny_destinations: tuple[str, ...] = ()
    """Prefixes of numbers that may, and may not, be called over any trunk."""
    max_call_s: float = 0.0
    """Every call ends after so long; 0: when it ends."""
    transfers: str = "users"
    """Whose phones may transfer calls: `never`, `users`, `trunks`, `everybody`; each includes those before it."""
    transfer_hosts: tuple[str, ...] = ()
    """Hosts elsewhere to which a call may be transferred; others are taken for this node."""
    spend_cap_per_day: float = 0.0
    """What calls over all trunks together may cost; 0: as much as they cost."""
    call_guard_url: str | None = None
    """Asked before each call over a trunk."""
    call_guard_default: str = "deny"
    """What silence of it means: `allow`, `deny`."""
    invites_per_second: float = 20.0
    """What one host that is no trunk may ask; 0: as much as it likes."""
    registers_per_second: float = 100.0
    requests_per_second: float = 50.0
    """Of all other kinds."""
    user_invites_per_second: float = 10.0
    """What one user may ask, wherever from."""
    ban_s: float = 60.0
    """How long the first ban of a host lasts; 0: nobody is banned."""
    numbers: tuple[DeclaredNumber, ...] = ()
    applications: tuple[DeclaredApplication, ...] = ()
    public_recordings: bool = False
    session_expires_s: int = 1800
    """The session interval that is asked for; 0: none."""
    nameservers: tuple[str, ...] = ()
    """Who is asked where SIP names lead: `192.0.2.53` or `192.0.2.53:5353`; none: those of the system."""
    stir_roots: Path | None = None
    """A PEM file with the authorities for signed callers; None: none are verified."""
    stir_private: bool = False
    """Whether certificates may be fetched from private addresses."""
    sip_trace_mb: int = 16
    """How many megabytes of SIP messages are kept to be looked at."""
    webhook_log: int = 100_000
    """How many webhooks are kept to be looked at and sent again; 0: none."""
    alert_log: int = 10_000
    """How many warnings and errors are kept."""
    codecs: tuple[str, ...] = ("opus", "G722", "PCMU", "PCMA")
    """What phones are offered, most preferred first; an answer of ours follows the order of the phone's offer."""
    opus_complexity: int = 5
    """0 to 10: quality against CPU time."""
    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    """What browsers are told (`/Tokens`)."""
    turn_secret: str | None = None
    """Shared with the TURN servers (coturn: `static-auth-secret`)."""
    turn_ttl_s: int = 86_400
    """How long a credential for TURN is good."""
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
