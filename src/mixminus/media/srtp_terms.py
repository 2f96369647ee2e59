"""How a leg's packets are secured, and by which checks its far end is found: parts of `contract.SetLegMedia`."""

from typing import Final

import msgspec

PROFILES: Final = (
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
)
"""Of SRTP, by their names in SDP (RFC 4568 section 6.2, RFC 7714 section 14.2)."""


class SrtpKeys(msgspec.Struct, frozen=True):
    """Master key and master salt of either direction, one behind the other (RFC 3711 section 3.2.1)."""

    profile: str
    """One of `PROFILES`."""
    ours: bytes
    """Of what we send."""
    theirs: bytes
    """Of what arrives."""


class IceTerms(msgspec.Struct, frozen=True):
    """Connectivity checks that find the far end's address; we are lite (RFC 8445 section 2.5) and only answer."""

    our_fragment: str
    our_password: str
    their_fragment: str
    their_password: str


class DtlsTerms(msgspec.Struct, frozen=True):
    """A handshake on the media port agrees on the keys (RFC 5763)."""

    is_client: bool
    """Whether we begin: our `a=setup` is `active`."""
    hash_name: str
    """Of the fingerprint that the far end's certificate must have: `sha-256`."""
    fingerprint: bytes
