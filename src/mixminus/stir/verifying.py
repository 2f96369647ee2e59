"""Whether a PASSporT holds: certificate, signature, age, and whom it is about (RFC 8224 6.2, RFC 8226)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from mixminus.base.errors import MixminusError
from mixminus.stir.passport import BadPassport, Passport, canonical

FRESH_S: Final = 60
"""RFC 8224 4.1 and 6.2.2: older statements may be replays."""
MAX_CHAIN: Final = 4
TN_AUTHORIZATION_LIST: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
"""Which carrier, or which numbers, a certificate speaks for (RFC 8226 9)."""
_SERVICE_PROVIDER: Final = 0xA0
"""The tag of `spc` in it."""


class Outcome(StrEnum):
    PASSED = "TN-Validation-Passed"
    FAILED = "TN-Validation-Failed"
    NONE = "No-TN-Validation"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is what webhooks call StirVerstat."""

    outcome: Outcome
    attestation: str | None = None
    why: str = ""

    @property
    def word(self) -> str:
        return self.outcome.value if self.attestation is None else f"{self.outcome.value}-{self.attestation}"


class BadCertificate(MixminusError):
    """It does not prove that a carrier signed."""


def read_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The authorities that are believed. Raises `BadCertificate`: no certificates."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise BadCertificate("no certificates in PEM") from error


def verify(
    passport: Passport,
    chain: bytes,
    roots: Iterable[x509.Certificate],
    caller: str,
    called: Iterable[str],
    at: datetime,
) -> Verdict:
    """Judge. *chain* is what the certificate's URL gave (PEM, the signer first); *called* are the numbers that the
    call may be said to be for, as in the request-URI and in To (RFC 8224 6.2.3).
    """
    try:
        key = signer_of(chain, roots, at)
        jwt.decode(passport.token, key, algorithms=["ES256"], options={"verify_iat": False})
        _check_claims(passport, caller, called, at)
    except (BadCertificate, BadPassport) as error:
        return Verdict(Outcome.FAILED, passport.attestation, str(error))
    except jwt.PyJWTError:
        return Verdict(Outcome.FAILED, passport.attestation, "the signature is wrong")
    return Verdict(Outcome.PASSED, passport.attestation)


def signer_of(chain: bytes, roots: Iterable[x509.Certificate], at: datetime) -> ec.EllipticCurvePublicKey:
    """The key of a certificate for telephone numbers that one of *roots* vouches for. Raises `BadCertificate`."""
    certificates = read_roots(chain)[:MAX_CHAIN]
    leaf = certificates[0]
    key = leaf.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadCertificate("the signer's key is not on P-256")
    if not _speaks_for_a_carrier(leaf):
        raise BadCertificate("the certificate names no carrier")
    # Web certificates name hosts; these name carriers instead, so only the authorities' extensions are as there.
    policies = {"ca_policy": ExtensionPolicy.webpki_defaults_ca(), "ee_policy": ExtensionPolicy.permit_all()}
    try:
        builder = PolicyBuilder().store(Store(list(roots))).time(at.astimezone(UTC).replace(tzinfo=None))
        verifier = builder.max_chain_depth(MAX_CHAIN).extension_policies(**policies).build_client_verifier()
        verifier.verify(leaf, list(certificates[1:]))
    except (VerificationError, ValueError) as error:
        raise BadCertificate(f"no authority vouches for the certificate: {error}") from error
    return key


def _speaks_for_a_carrier(certificate: x509.Certificate) -> bool:
    """Whether its TNAuthList begins with a service provider code, as SHAKEN's do (ATIS-1000080). Certificates for
    single numbers (RFC 9060) are not believed here.
    """
    try:
        value = certificate.extensions.get_extension_for_oid(TN_AUTHORIZATION_LIST).value
    except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension):
        return False
    der = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
    return len(der) > 4 and der[0] == 0x30 and der[1] < 0x80 and der[2] == _SERVICE_PROVIDER


def _check_claims(passport: Passport, caller: str, called: Iterable[str], at: datetime) -> None:
    """RFC 8224 6.2, steps 3 and 4."""
    if abs(at.timestamp() - passport.issued_at) > FRESH_S:
        raise BadPassport("it was signed too long ago, or will be")
    if not caller or canonical(passport.origin) != canonical(caller):
        raise BadPassport("it is about another caller")
    if {canonical(number) for number in called}.isdisjoint(canonical(tn) for tn in passport.destinations):
        raise BadPassport("it is about another called number")
