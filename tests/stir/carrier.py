"""A carrier that signs callers' numbers, and the authority that vouches for it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mixminus.stir.verifying import TN_AUTHORIZATION_LIST

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://cr.example.com/carrier.pem"
CARRIER_CODE = bytes.fromhex("3008a006160431323334")
"""TNAuthList with the service provider code 1234."""
ONE_NUMBER = bytes.fromhex("300fa20d160b") + b"15551234567"

Key = ec.EllipticCurvePrivateKey


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def new_key(curve: ec.EllipticCurve | None = None) -> Key:
    return ec.generate_private_key(curve or ec.SECP256R1())


@dataclass
class Authority:
    """Signs certificates; made by `root` or by another authority."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def root(cls, name: str = "STI-PA root") -> "Authority":
        key = new_key()
        return cls(_certificate(name, name, key, key, is_authority=True), key)

    def authority(self, name: str = "STI-CA") -> "Authority":
        key = new_key()
        issuer = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        return Authority(_certificate(name, issuer, key, self.key, is_authority=True), key)

    def carrier(self, *, key: Key | None = None, list_: bytes | None = CARRIER_CODE, days: int = 30) -> "Carrier":
        key = key or new_key()
        issuer = self.certificate.subject.rfc4514_string().removeprefix("CN=")
        leaf = _certificate("SHAKEN 1234", issuer, key, self.key, list_=list_, days=days)
        return Carrier(leaf, key)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass
class Carrier:
    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def identity(
        self,
        caller: str = "15551234567",
        called: str = "15550001111",
        attest: str = "A",
        url: str = URL,
        **changed: Any,
    ) -> str:
        """An Identity value; *changed* claims or, with the prefix `h_`, header fields. None takes one away."""
        headers = {"alg": "ES256", "typ": "passport", "ppt": "shaken", "x5u": url}
        claims = {
            "attest": attest,
            "dest": {"tn": [called]},
            "iat": int(NOW.timestamp()),
            "orig": {"tn": caller},
            "origid": "123e4567-e89b-12d3-a456-426655440000",
        }
        headers |= {name[2:]: value for name, value in changed.items() if name.startswith("h_")}
        claims |= {name: value for name, value in changed.items() if not name.startswith("h_")}
        kept = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(kept, self.key, algorithm="ES256", headers=headers)
        return f'{token};info=<{url}>;alg=ES256;ppt="shaken"'


def _certificate(
    name: str,
    issuer: str,
    key: Key,
    issuer_key: Key,
    *,
    is_authority: bool = False,
    list_: bytes | None = None,
    days: int = 365,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(not is_authority, False, False, False, False, is_authority, is_authority, False, False),
            critical=True,
        )
    )
    if list_ is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(TN_AUTHORIZATION_LIST, list_), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
