"""Whether a stream's packets are secured, and how: its profile, its keys, what is thought of both here."""

from dataclasses import dataclass, replace
from typing import Final

from mixminus.sdp.crypto import AgreedKeys, accepted, answered
from mixminus.sdp.description import Attributes, Description, Stream
from mixminus.sdp.dtls import AgreedDtls, Setup, accepted_role, answered_role, dtls_of
from mixminus.sdp.media import LocalMedia, NotSecure, Srtp

PLAIN: Final = ("RTP/AVP", "RTP/AVPF")
SECURE: Final = ("RTP/SAVP", "RTP/SAVPF")
HANDSHAKEN: Final = ("UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF")


@dataclass(frozen=True, slots=True)
class Protection:
    """What was agreed on, and what our answer says of it."""

    keys: AgreedKeys | None = None
    dtls: AgreedDtls | None = None
    attributes: Attributes = ()

    @property
    def is_secure(self) -> bool:
        return self.keys is not None or self.dtls is not None


UNPROTECTED: Final = Protection()


def to_offer(local: LocalMedia) -> tuple[str, Attributes]:
    """The profile of our offer and what belongs to it. Raises `NotSecure`."""
    if local.srtp is not Srtp.NEVER and local.dtls is not None:
        return local.profile or "UDP/TLS/RTP/SAVPF", replace(local.dtls, setup=Setup.ACTPASS).attributes
    if local.srtp is not Srtp.NEVER and local.keys:
        return local.profile or "RTP/SAVP", tuple(("crypto", key.text) for key in local.keys)
    if local.srtp is Srtp.REQUIRED:
        raise NotSecure("SRTP is required, and keys would travel in the clear")
    return local.profile or "RTP/AVP", ()


def in_offer(theirs: Description, stream: Stream, local: LocalMedia) -> Protection | None:
    """How we take an offered stream; None: not at all.

    A plain profile with keys beside it is secured, too, and stays plain by name (RFC 8643 3.1).
    """
    profile = stream.protocol.upper()
    if profile not in (*PLAIN, *SECURE, *HANDSHAKEN):
        return None
    if local.srtp is not Srtp.NEVER:
        far = dtls_of(theirs, stream, unsaid=Setup.ACTIVE) if local.dtls else None
        if local.dtls is not None and far is not None:
            role = accepted_role(far, local.dtls)
            return Protection(dtls=role, attributes=replace(local.dtls, setup=role.setup).attributes)
        if profile not in HANDSHAKEN and (chosen := accepted(stream, local.keys)) is not None:
            return Protection(keys=chosen[1], attributes=(("crypto", chosen[0].text),))
    return UNPROTECTED if _may_be_plain(profile, local) else None


def in_answer(theirs: Description, stream: Stream, local: LocalMedia) -> Protection | None:
    """What an answer to `to_offer` leads to; None: it is none.

    An answer should keep the offer's profile, but some that mean the same differ in its name.
    """
    profile = stream.protocol.upper()
    if local.srtp is not Srtp.NEVER and local.dtls is not None:
        far = dtls_of(theirs, stream, unsaid=Setup.PASSIVE)
        if far is not None:
            return Protection(dtls=answered_role(far))
    elif local.srtp is not Srtp.NEVER and (keys := answered(stream, local.keys)) is not None:
        return Protection(keys=keys)
    return UNPROTECTED if _may_be_plain(profile, local) else None


def _may_be_plain(profile: str, local: LocalMedia) -> bool:
    return profile in PLAIN and local.srtp is not Srtp.REQUIRED
