"""What either side wants of the one audio stream, and what both have agreed on."""

import ipaddress
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto

from mixminus.sdp.codecs import ALL, NO_WISHES, OpusWishes
from mixminus.sdp.crypto import AgreedKeys, Crypto
from mixminus.sdp.description import SdpError, Stream, address_type
from mixminus.sdp.dtls import AgreedDtls, DtlsEnd
from mixminus.sdp.ice import AgreedIce, IceEnd

UNSPECIFIED = ("0.0.0.0", "::")
"""No address: the hold of RFC 2543, or what ICE has yet to find (RFC 8840 4.1.1)."""


class NotAcceptable(SdpError):
    """A fine description of media that we cannot do, or may not: 488 (RFC 3261 21.4.26)."""


class NoCommonCodec(NotAcceptable):
    """There is no audio stream that both sides can do."""


class NoCommonNetwork(NotAcceptable):
    """It is to be sent where we cannot send: the other IP version, or a group."""


class NotSecure(NotAcceptable):
    """SRTP is required here, and there is no way to agree on keys."""


class Direction(StrEnum):
    """Which way audio flows, seen by whoever wrote it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> "Direction":
        """The same flow seen by the other side (RFC 3264 6.1)."""
        return _MIRROR.get(self, self)


_MIRROR = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


class Srtp(StrEnum):
    """What is thought of secured audio with this far end."""

    NEVER = "never"
    OFFERED = "offered"
    """Secured where both can, plain else."""
    REQUIRED = "required"


class Keying(Enum):
    """How an offer of ours asks for secured audio, where it does."""

    IN_SDP = auto()
    """Keys, and no plain audio (RFC 4568)."""
    BESIDE_PLAIN = auto()
    """Keys beside a plain profile (RFC 8643): for offers that nobody can refuse and be asked again."""
    HANDSHAKE = auto()
    """RFC 5763."""


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our end of the stream. Codecs in order of preference, for offers; an answer follows the offer's order."""

    host: str
    port: int
    session_id: int
    codecs: tuple[str, ...] = ALL
    version: int = 1
    other_host: str | None = None
    """Ours in the other IP version, with the same port."""
    srtp: Srtp = Srtp.OFFERED
    keys: tuple[Crypto, ...] = ()
    """Of SDES, one a suite, in the order in which they are offered; empty: the signalling can be read by others."""
    dtls: DtlsEnd | None = None
    """Goes before the keys where the other side can do both: nobody on the way learns a key."""
    ice: IceEnd | None = None
    profile: str | None = None
    """Of offers; None: the one that belongs to their protection."""

    def bumped(self) -> "LocalMedia":
        """The same media, to be described anew: a changed description has the next version (RFC 3264 8)."""
        return replace(self, version=self.version + 1)

    def towards(self, host: str) -> str:
        """Which of our addresses packets from there can be sent to. Raises `NoCommonNetwork`."""
        if host in UNSPECIFIED:
            return self.host
        for own in (self.host, self.other_host):
            if own is not None and address_type(own) == address_type(host):
                return own
        raise NoCommonNetwork(f"no media over {address_type(host)} here")

    @property
    def origin(self) -> str:
        return f"- {self.session_id} {self.version} IN {address_type(self.host)} {self.host}"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What offer and answer together say."""

    remote_host: str
    remote_port: int
    codec: str
    """Of what we send: a name of `codecs.CODECS`."""
    payload_type: int
    telephone_event_payload_type: int | None
    """None: the other side knows no telephone-events."""
    direction: Direction
    """As seen by us."""
    on_hold: bool
    """The other side does not listen: it said `sendonly`, `inactive`, 0.0.0.0 or port 0 (RFC 3264 8.2, 8.4)."""
    telephone_event_clock_hz: int = 8000
    understood: tuple[tuple[int, str], ...] = ()
    """Payload types and codecs that may arrive beside the one that we send."""
    opus: OpusWishes = NO_WISHES
    rtcp_mux: bool = False
    """Both sides send RTCP where RTP goes (RFC 5761 5.1.1)."""
    rtcp_port: int | None = None
    """Where else they want it (RFC 3605); None: they do not say."""
    keys: AgreedKeys | None = None
    """Of SRTP, told in SDP (RFC 4568)."""
    dtls: AgreedDtls | None = None
    """The handshake that finds the keys instead (RFC 5763)."""
    ice: AgreedIce | None = None
    """They will be where their checks come from; None: they are where `remote_host` says."""
    profile: str = "RTP/AVP"
    """By which the stream goes by name, secured or not."""

    @property
    def is_secure(self) -> bool:
        return self.keys is not None or self.dtls is not None

    def stopped(self) -> "Agreed":
        """The stream is refused for now; it may come back in its place (RFC 3264 8.2)."""
        return replace(self, direction=Direction.INACTIVE, on_hold=True)


@dataclass(frozen=True, slots=True)
class Layout:
    """The streams of a session beside ours: each keeps its place for as long as the session lives (RFC 3264 8)."""

    before: tuple[Stream, ...] = ()
    after: tuple[Stream, ...] = ()
    mid: str | None = None
    """The name of ours (RFC 5888)."""
    is_bundled: bool = False
    host: str | None = None
    """Where ours is: an answer went to the far end's IP version, and offers stay there. None: where they begin."""

    @property
    def place(self) -> int:
        """The index of ours."""
        return len(self.before)

    def around(self, ours: Stream) -> tuple[Stream, ...]:
        return (*self.before, ours, *self.after)


ALONE = Layout()


def is_group(host: str) -> bool:
    """Whether many would get what is sent there."""
    address = ipaddress.ip_address(host)
    return address.is_multicast or host == "255.255.255.255"
