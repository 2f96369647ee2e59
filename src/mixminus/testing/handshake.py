"""The handshake of a browser: a DTLS client with `use_srtp`, from RFC 5764 alone, on OpenSSL without a socket."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from mixminus.testing.srtp import SUITES, Direction

PROFILES: Final = {
    b"SRTP_AEAD_AES_128_GCM": "AEAD_AES_128_GCM",
    b"SRTP_AES128_CM_SHA1_80": "AES_CM_128_HMAC_SHA1_80",
}
"""OpenSSL's names of what SDP calls suites."""

_MTU: Final = 1200
_HEADER: Final = 13
"""Bytes of a record's, the last two of which say how long it is."""


class HandshakeClient:
    """Takes whoever has the fingerprint that SDP told. Directions are there when it is done."""

    def __init__(self, fingerprint: bytes) -> None:
        self.outward: Direction | None = None
        self.inward: Direction | None = None
        self._fingerprint = fingerprint
        self._connection = SSL.Connection(_context(), None)
        self._connection.set_ciphertext_mtu(_MTU)
        self._connection.set_connect_state()

    def step(self, datagram: bytes = b"") -> list[bytes]:
        """Take in what came, if anything did; returns what is to be sent."""
        if datagram:
            self._connection.bio_write(datagram)
        try:
            self._connection.do_handshake()
            if self.outward is None:
                self._agree()
        except SSL.Error:  # it waits for more, or was refused
            pass
        try:
            return _records(self._connection.bio_read(1 << 16))
        except SSL.Error:
            return []

    def _agree(self) -> None:
        shown = self._connection.get_peer_certificate(as_cryptography=True)
        if shown is None or hashlib.sha256(shown.public_bytes(Encoding.DER)).digest() != self._fingerprint:
            return
        suite = SUITES[PROFILES[self._connection.get_selected_srtp_profile()]]
        size, salt = suite.key, suite.salt
        material = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (size + salt))
        keys, salts = material[: 2 * size], material[2 * size :]
        self.outward = Direction(suite, keys[:size] + salts[:salt])
        self.inward = Direction(suite, keys[size:] + salts[salt:])


def own_fingerprint() -> bytes:
    """Of the certificate that every browser of a test shows."""
    return hashlib.sha256(_certificate()[0].public_bytes(Encoding.DER)).digest()


def _records(data: bytes) -> list[bytes]:
    """A datagram each, which is allowed, if wasteful."""
    found: list[bytes] = []
    while len(data) > _HEADER:
        end = _HEADER + int.from_bytes(data[_HEADER - 2 : _HEADER])
        found.append(data[:end])
        data = data[end:]
    return found


@cache
def _certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "browser")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )
    return made, key


@cache
def _context() -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(SSL.OP_NO_QUERY_MTU)
    context.set_tlsext_use_srtp(b":".join(PROFILES))
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    certificate, key = _certificate()
    context.use_certificate(certificate)
    context.use_privatekey(key)
    return context
