"""A certificate of our own, for a node that was given none."""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mixminus.sip.io.tls import BadCertificate, Identity
from mixminus.sip.places.networks import literal

LIFE: Final = timedelta(days=3650)
RENEWED_BEFORE: Final = timedelta(days=30)
EARLIER: Final = timedelta(days=1)
"""Phones whose clocks are slow take it, too."""


def own_certificate(folder: Path, hosts: Iterable[str], now: datetime) -> Identity:
    """That of *folder*; made, if there is none or its time is over. Raises `BadCertificate`: the file is none."""
    identity = Identity(folder / "sip-tls.crt", folder / "sip-tls.key")
    if not identity.certificate.exists() or not identity.key.exists() or _ends(identity.certificate) < now:
        _make(identity, tuple(dict.fromkeys(hosts)), now)
    return identity


def fingerprint(certificate: Path) -> str:
    """SHA-256, as tools print it: `AB:CD:…`. Raises `BadCertificate`."""
    return _read(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def _ends(certificate: Path) -> datetime:
    return _read(certificate).not_valid_after_utc - RENEWED_BEFORE


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except OSError as error:
        raise BadCertificate(f"{certificate} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadCertificate(
            f"{certificate} is no certificate: PEM has a line -----BEGIN CERTIFICATE-----."
        ) from error


def _make(identity: Identity, hosts: tuple[str, ...], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64] if hosts else "mixminus")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_named(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    _write(
        identity.key,
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    _write(identity.certificate, made.public_bytes(pem))


def _named(host: str) -> x509.GeneralName:
    address = literal(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for nobody else's eyes."""
    beside = path.with_suffix(path.suffix + ".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    beside.replace(path)
