"""The audio of a call from a browser: checks (ICE, the side that is in control), a handshake (DTLS), then SRTP."""

import asyncio
import random as randomness
from typing import Final

from mixminus.base.stun import Attribute, Class, StunError, StunMessage, is_authentic, is_stun
from mixminus.testing.g711 import Law
from mixminus.testing.handshake import HandshakeClient, own_fingerprint
from mixminus.testing.line import AudioLine
from mixminus.testing.network import Address
from mixminus.testing.sdp import Description, Direction
from mixminus.testing.srtp import Bad

PROFILE: Final = "UDP/TLS/RTP/SAVPF"
NOWHERE: Final = 9
"""The port that browsers write before they know one (RFC 8840 section 4.1.1)."""

EAGER_S: Final = 0.05
"""Between two checks until one is answered, and afterwards."""
SETTLED_S: Final = 2.5

_PRIORITY: Final = 0x7E7F00FF


class BrowserLine(AudioLine):
    """Says nothing useful about where it is: its checks do."""

    def __init__(self, law: Law, random: randomness.Random) -> None:
        super().__init__(law, random)
        self.fingerprint = own_fingerprint()
        """Another one is a lie."""
        self.seen_at: Address | None = None
        """Where the far end sees us."""
        self._random = random
        self._fragment = random.randbytes(4).hex()
        self._password = random.randbytes(12).hex()
        self._theirs: tuple[str, str] | None = None
        self._hands: HandshakeClient | None = None
        self._shakes = False
        self._checking: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Use new credentials from the next description on."""
        self._fragment, self._password = self._random.randbytes(4).hex(), self._random.randbytes(12).hex()

    def describe(self, direction: Direction = Direction.BOTH) -> Description:
        plain = super().describe(direction)
        said = (
            f"ice-ufrag:{self._fragment}",
            f"ice-pwd:{self._password}",
            "candidate:1 1 udp 1 6d0c2a8e-6f0e-4f0e-8d0c-1f2e3d4c5b6a.local 50000 typ host",
            f"fingerprint:sha-256 {self.fingerprint.hex(':').upper()}",
            "setup:active" if self._theirs else "setup:actpass",
            "mid:0",
            "rtcp-mux",
        )
        kept = (plain.laws, plain.events_payload_type, direction)
        return Description("0.0.0.0", NOWHERE, *kept, profile=PROFILE, attributes=said)

    def agrees_to(self, remote: Description) -> bool:
        fragment, password = _value(remote, "ice-ufrag"), _value(remote, "ice-pwd")
        _, _, digest = _value(remote, "fingerprint").partition("sha-256 ")
        if remote.profile != PROFILE or not fragment or not password or not digest:
            return False
        self._theirs = fragment, password
        if self._hands is None:
            self._hands = HandshakeClient(bytes.fromhex(digest.replace(":", "")))
        return True

    def connect(self, remote: Description, direction: Direction) -> None:
        super().connect(remote, direction)
        self._check_again(0.0)

    def cease(self) -> None:
        """Withdraw the consent: no more checks, as when a page is closed."""
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None

    def close(self) -> None:
        self.cease()
        super().close()

    # --- checks ---------------------------------------------------------------------------------------------------

    def _check_again(self, after_s: float) -> None:
        self.cease()
        self._checking = asyncio.get_running_loop().call_later(after_s, self._check)

    def _check(self) -> None:
        assert self._theirs is not None
        fragment, password = self._theirs
        said = (
            (Attribute.USERNAME, f"{fragment}:{self._fragment}".encode()),
            (Attribute.PRIORITY, _PRIORITY.to_bytes(4)),
            (Attribute.ICE_CONTROLLING, bytes(8)),
            (Attribute.USE_CANDIDATE, b""),
        )
        self.inject(StunMessage(Class.REQUEST, self._random.randbytes(12), said).written(password.encode()))
        self._check_again(EAGER_S if self.seen_at is None else SETTLED_S)

    def _checked(self, data: bytes) -> None:
        """Whoever answers with the password from SDP is the node."""
        assert self._theirs is not None
        try:
            answer = StunMessage.parse(data)
            if answer.kind is Class.SUCCESS and is_authentic(data, self._theirs[1].encode()):
                self.seen_at = answer.mapped_address
        except StunError:
            return
        if self.seen_at is not None and not self._shakes:
            self._shakes = True
            self._shake()

    # --- keys -----------------------------------------------------------------------------------------------------

    @property
    def has_keys(self) -> bool:
        return self._hands is not None and self._hands.outward is not None

    def _shake(self, datagram: bytes = b"") -> None:
        assert self._hands is not None
        for answer in self._hands.step(datagram):
            self.inject(answer)

    def _sealed(self, packet: bytes) -> bytes | None:
        sealing = self._hands and self._hands.outward
        return sealing.protect(packet) if sealing else None

    def _opened(self, data: bytes) -> bytes | None:
        sealing = self._hands and self._hands.inward
        opened = sealing.unprotect(data) if sealing else Bad.FORGED
        return opened if isinstance(opened, bytes) else None

    def _receive(self, data: bytes, source: Address) -> None:
        if is_stun(data):
            self._checked(data)
        elif data and 20 <= data[0] <= 63 and self._hands is not None:
            self._shake(data)
        elif len(data) > 1 and not 192 <= data[1] <= 223:  # RTCP is for others
            super()._receive(data, source)


def _value(remote: Description, name: str) -> str:
    found = (attribute.partition(":") for attribute in remote.attributes)
    return next((value.strip() for each, _, value in found if each == name), "")
