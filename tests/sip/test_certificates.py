"""Whose certificate is whose (RFC 5922 7)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mixminus.sip.certificates import is_for
from mixminus.sip.contract import Address, Transport
from mixminus.sip.io.own_certificate import LIFE, fingerprint, own_certificate
from mixminus.sip.io.tls import BadCertificate, Identity, Tls, Trust, WrongCertificate

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def certificate(*names: tuple[str, str], common: str = "") -> dict[str, Any]:
    subject = ((("commonName", common),),) if common else ()
    return {"subject": subject, "subjectAltName": names}


@pytest.mark.parametrize(
    ("shown", "domain", "good"),
    [
        (certificate(("DNS", "sip.example.com")), "sip.example.com", True),
        (certificate(("DNS", "SIP.example.com")), "sip.EXAMPLE.com.", True),
        (certificate(("DNS", "sip.example.com")), "example.com", False),
        (certificate(("URI", "sip:example.com")), "example.com", True),
        (certificate(("URI", "sip:alice@example.com")), "example.com", False),
        (certificate(("URI", "https:example.com")), "example.com", False),
        (certificate(("DNS", "*.example.com")), "gw1.example.com", True),
        (certificate(("DNS", "*.example.com")), "a.gw1.example.com", False),
        (certificate(("DNS", "*.com")), "example.com", False),
        (certificate(("DNS", "*.example.com")), ".example.com", False),
        (certificate(common="example.com"), "example.com", True),
        (certificate(("DNS", "other.example"), common="example.com"), "example.com", False),
        (certificate(("IP Address", "192.0.2.1")), "192.0.2.1", True),
        (certificate(("DNS", "192.0.2.1")), "192.0.2.1", False),
        (certificate(common="192.0.2.1"), "192.0.2.1", False),
        (certificate(), "example.com", False),
        ({}, "example.com", False),
    ],
)
def test_a_certificate_is_for_the_names_in_it(shown: dict[str, Any], domain: str, good: bool) -> None:
    assert is_for(shown, domain) is good


def test_a_certificate_of_our_own_is_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, ["192.0.2.1", "sip.example.com"], NOW)
    made = fingerprint(first.certificate)
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert first.certificate.stat().st_mode & 0o777 == 0o600
    assert len(made.split(":")) == 32
    assert fingerprint(own_certificate(tmp_path, ["192.0.2.9"], NOW).certificate) == made
    Tls(first)
    assert fingerprint(own_certificate(tmp_path, ["192.0.2.1"], NOW + LIFE - timedelta(days=29)).certificate) != made


def test_files_that_are_no_certificates_are_refused_at_once(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    with pytest.raises(BadCertificate, match="rubbish"):
        Tls(Identity(rubbish, rubbish))
    with pytest.raises(BadCertificate, match="rubbish"):
        Tls(None, {"carrier.example": Trust(roots=rubbish)})
    (tmp_path / "sip-tls.crt").write_text("rubbish")
    (tmp_path / "sip-tls.key").write_text("rubbish")
    with pytest.raises(BadCertificate, match="no certificate"):
        own_certificate(tmp_path, [], NOW)


class Shown:
    """What a verified connection says of its certificate."""

    def getpeercert(self) -> dict[str, Any]:
        return certificate(("DNS", "sip.example.com"))


def test_who_was_asked_for_must_be_who_answers_unless_the_trunk_does_not_care() -> None:
    tls = Tls(None, {"careless.example": Trust(verifies=False)})
    carrier = Address(Transport.TLS, "192.0.2.1", 5061, name="sip.example.com")
    tls.check(carrier, Shown())
    tls.check(Address(Transport.TLS, "192.0.2.2", 5061, name="careless.example"), Shown())
    for other in (
        Address(Transport.TLS, "192.0.2.1", 5061, name="evil.example"),
        Address(Transport.TLS, "192.0.2.1", 1),
    ):
        with pytest.raises(WrongCertificate):
            tls.check(other, Shown())
    tls.client(carrier)
    tls.check(Address(Transport.TLS, "192.0.2.1", 5061), Shown())  # a dialog that knows the address alone
