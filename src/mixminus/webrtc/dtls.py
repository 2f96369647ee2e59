"""The handshake on a media port that agrees on its keys: DTLS-SRTP (RFC 5763, RFC 5764), with DTLS 1.2.

Datagrams in, datagrams out. Who the other side is, SDP said with the fingerprint of its certificate. Randomness and
the time between retransmissions are OpenSSL's own.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from OpenSSL import SSL

HASHES: Final = {
    "sha-1": "sha1",
    "sha-224": "sha224",
    "sha-256": "sha256",
    "sha-384": "sha384",
    "sha-512": "sha512",
}
"""Of fingerprints, by their names in SDP (RFC 8122 section 5). MD2 and MD5 vouch for nobody."""

DTLS_1_2: Final = 0xFEFD
CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""With forward secrecy, as RFC 8827 section 6.5 wants them."""

LONGEST_DATAGRAM: Final = 1200
"""What every path carries, with all that may be wrapped around it (RFC 8261 section 5 names the same number)."""
RECORD_HEADER_BYTES: Final = 13
_LENGTH_AT: Final = 11
_READ_BYTES: Final = 1 << 16

EXPORTER: Final = b"EXTRACTOR-dtls_srtp"
"""RFC 5764 section 4.2."""

RETRANSMIT_S: Final = 1.0
"""At first; the wait doubles (RFC 6347 section 4.2.4.1)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How SRTP is protected: names in SDP and in OpenSSL, and how many octets its keys have."""

    name: str
    openssl_name: bytes
    key_bytes: int
    salt_bytes: int


PROFILES: Final = (
    Profile("AEAD_AES_128_GCM", b"SRTP_AEAD_AES_128_GCM", 16, 12),
    Profile("AEAD_AES_256_GCM", b"SRTP_AEAD_AES_256_GCM", 32, 12),
    Profile("AES_CM_128_HMAC_SHA1_80", b"SRTP_AES128_CM_SHA1_80", 16, 14),
)
"""Most preferred first (RFC 5764 section 4.1.2, RFC 7714 section 14.2)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a node shows to every browser; its owner is known by its fingerprint alone."""

    der: bytes
    key_der: bytes

    @property
    def fingerprint(self) -> bytes:
        """SHA-256."""
        return hashlib.sha256(self.der).digest()


@dataclass(frozen=True, slots=True)
class MediaKeys:
    """What the handshake came to: a name of `PROFILES`, and each direction's key with its salt behind."""

    profile: str
    ours: bytes
    theirs: bytes


class Progress(Enum):
    """Of a handshake."""

    UNDER_WAY = auto()
    DONE = auto()
    FAILED = auto()


class DtlsContext:
    """What all handshakes of a node have in common. Loading the key is dearer than a handshake's beginning."""

    def __init__(self, certificate: Certificate) -> None:
        self._context = context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(DTLS_1_2)
        context.set_cipher_list(CIPHERS)
        context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_tlsext_use_srtp(b":".join(profile.openssl_name for profile in PROFILES))
        # Nobody signed these certificates: each is looked at when the handshake is done (RFC 8122 section 5).
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _take_any)
        key = load_der_private_key(certificate.key_der, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        context.use_privatekey(key)
        context.use_certificate(x509.load_der_x509_certificate(certificate.der))

    def connection(self) -> SSL.Connection:
        """For one handshake, without a socket."""
        connection = SSL.Connection(self._context, None)
        connection.set_ciphertext_mtu(LONGEST_DATAGRAM)
        return connection


class Handshake:
    """One association. After any call, `take` has what is to be sent."""

    def __init__(self, context: DtlsContext, *, is_client: bool, hash_name: str, fingerprint: bytes) -> None:
        self.progress = Progress.UNDER_WAY
        self.keys: MediaKeys | None = None
        self.failure: str | None = None
        self._is_client = is_client
        self._hash_name = hash_name
        self._fingerprint = fingerprint
        self._retransmit_at: float | None = None
        self._connection = context.connection()
        if is_client:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    @property
    def deadline(self) -> float | None:
        """When to call `handle_timer`."""
        return self._retransmit_at if self.progress is Progress.UNDER_WAY else None

    def begin(self, now: float) -> None:
        """Speak first, if we are the client."""
        if self._is_client and self._retransmit_at is None:
            self._advance(self._shake_hands, now)

    def receive(self, datagram: bytes, now: float) -> None:
        """Take in what the far end sent. Records that are not in order change nothing (RFC 6347 section 4.1.2.7)."""
        if self.progress is Progress.FAILED or not datagram:
            return
        self._connection.bio_write(datagram)
        if self.progress is Progress.UNDER_WAY:
            self._advance(self._shake_hands, now)
        # Whoever lost our last flight repeats its own, and is answered again.
        if self.progress is Progress.DONE:
            self._advance(self._read_nothing, now)

    def handle_timer(self, now: float) -> None:
        """Send the last flight again, if that has become due."""
        if self.deadline is not None and now >= self.deadline:
            self._advance(self._retransmit, now)

    def take(self) -> list[bytes]:
        """Datagrams for the far end."""
        try:
            return datagrams(self._connection.bio_read(_READ_BYTES))
        except SSL.Error:  # nothing to read
            return []

    def _advance(self, step: Callable[[], object], now: float) -> None:
        try:
            step()
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            pass  # they have closed: media goes on until signalling or silence ends it (RFC 5764 section 4.1.4)
        except SSL.Error as error:
            if self.progress is Progress.UNDER_WAY:
                self._fail(f"the handshake failed: {_reason(error)}")
        remaining_s = self._connection.DTLSv1_get_timeout()
        self._retransmit_at = now + (RETRANSMIT_S if remaining_s is None else remaining_s)

    def _shake_hands(self) -> None:
        self._connection.do_handshake()
        self._conclude()

    def _retransmit(self) -> None:
        self._connection.DTLSv1_handle_timeout()

    def _read_nothing(self) -> None:
        """Application data has no place here (RFC 5763 section 3): it is dropped."""
        for _ in range(_READ_BYTES // RECORD_HEADER_BYTES):
            self._connection.recv(_READ_BYTES)

    def _conclude(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not vouches(
            certificate.public_bytes(Encoding.DER), self._hash_name, self._fingerprint
        ):
            return self._fail("the certificate is not the one that SDP announced")
        chosen = self._connection.get_selected_srtp_profile()
        profile = next((profile for profile in PROFILES if profile.openssl_name == chosen), None)
        if profile is None:
            return self._fail("no SRTP profile in common")
        self.keys = self._exported(profile)
        self.progress = Progress.DONE
        return None

    def _exported(self, profile: Profile) -> MediaKeys:
        """Client's key, server's key, client's salt, server's salt (RFC 5764 section 4.2)."""
        key, salt = profile.key_bytes, profile.salt_bytes
        material = self._connection.export_keying_material(EXPORTER, 2 * (key + salt))
        salts = material[2 * key :]
        client, server = material[:key] + salts[:salt], material[key : 2 * key] + salts[salt:]
        ours, theirs = (client, server) if self._is_client else (server, client)
        return MediaKeys(profile.name, ours, theirs)

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.progress = Progress.FAILED


def vouches(der: bytes, hash_name: str, fingerprint: bytes) -> bool:
    """Whether a certificate has that fingerprint, by a hash that is worth something."""
    algorithm = HASHES.get(hash_name.lower())
    return algorithm is not None and hmac.compare_digest(hashlib.new(algorithm, der).digest(), fingerprint)


def datagrams(records: bytes) -> list[bytes]:
    """Whole records, as many in a datagram as it may hold: a memory BIO keeps no boundaries."""
    made: list[bytes] = []
    at = 0
    while at + RECORD_HEADER_BYTES <= len(records):
        end = at + RECORD_HEADER_BYTES + int.from_bytes(records[at + _LENGTH_AT : at + RECORD_HEADER_BYTES])
        record = records[at:end]
        if made and len(made[-1]) + len(record) <= LONGEST_DATAGRAM:
            made[-1] += record
        else:
            made.append(record)
        at = end
    return made


def _take_any(*_: object) -> bool:
    return True


def _reason(error: SSL.Error) -> str:
    """The last of OpenSSL's words."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(queue[-1][-1]) if queue else "the connection broke off"
