"""Phones of the studio that speak SRTP: by pylibsrtp's own sessions, not by the engine's."""

from typing import Any, Final

from pylibsrtp import Policy, Session
from tests.media.studio import Phone, Studio

from mixminus.media.srtp_terms import SrtpKeys
from mixminus.rtp.packet import RtpPacket

PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    "AES_CM_128_HMAC_SHA1_32": (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    "AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44),
}


def keys(profile: str = "AES_CM_128_HMAC_SHA1_80", seed: int = 1) -> SrtpKeys:
    """Of the engine's side; another seed gives others."""
    size = PROFILES[profile][1]
    return SrtpKeys(profile, bytes([seed] * size), bytes([seed + 100] * size))


def session(profile: str, key: bytes, *, sends: bool) -> Session:
    return Session(
        Policy(key, Policy.SSRC_ANY_OUTBOUND if sends else Policy.SSRC_ANY_INBOUND, 0, PROFILES[profile][0])
    )


class SealedPhone:
    """Seals what a phone of the studio says, opens what it is sent."""

    def __init__(self, studio: Studio, leg: int, agreed: SrtpKeys, **media: Any) -> None:
        self.studio = studio
        self.phone: Phone = studio.phone(leg, srtp=agreed, **media)
        self.take(agreed)

    def take(self, agreed: SrtpKeys) -> None:
        """Use these keys from now on."""
        self.seals = session(agreed.profile, agreed.theirs, sends=True)
        self.opens = session(agreed.profile, agreed.ours, sends=False)

    def sealed(self, samples: Any, **changes: Any) -> bytes:
        return self.seals.protect(bytes(self.phone.packet(samples, **changes)))

    def say(self, samples: Any, **changes: Any) -> None:
        self.phone.send(self.sealed(samples, **changes))

    def take_opened(self) -> list[RtpPacket]:
        """What has come since this was asked last, opened; raises when something cannot be."""
        packets, self.phone.packets = self.phone.packets, []
        return [RtpPacket.parse(self.opens.unprotect(bytes(packet))) for packet in packets]
