"""Whose certificate is whose (RFC 5922 7)."""

import asyncio
import hashlib
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from mixminus.base.settings import Endpoint, Gateway, Settings, SipListen, Trunk
from mixminus.sip.contract import Address, Transport
from mixminus.sip.io.configured import sip_listeners, sip_tls
from mixminus.sip.io.own_certificate import LIFE, fingerprint, own_certificate
from mixminus.sip.io.tls import BadCertificate, Identity, Tls, Trust, WrongCertificate
from mixminus.sip.trust.certificates import is_for

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


async def shown(tls: Tls) -> str:
    """The certificate that a client sees."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=tls.server)
    port = server.sockets[0].getsockname()[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    server.close()
    return hashlib.sha256(der).hexdigest()


@pytest.mark.network
async def test_a_certificate_that_was_renewed_is_shown_and_one_that_broke_is_not(tmp_path: Path) -> None:
    identity = own_certificate(tmp_path, ["127.0.0.1"], NOW)
    tls = Tls(identity)
    first = await shown(tls)
    own_certificate(tmp_path, ["127.0.0.1"], NOW + LIFE)
    second = await shown(tls)
    assert first != second
    identity.certificate.write_text("rubbish")
    assert await shown(tls) == second
    identity.key.unlink()
    assert await shown(tls) == second


# --- what settings say --------------------------------------------------------------------------------------------


def test_trunks_are_believed_as_their_settings_say(tmp_path: Path) -> None:
    roots = own_certificate(tmp_path, ["x.example"], NOW).certificate
    trunks = (
        Trunk("one", "sips:one.example", ("+",), tls_roots=str(roots)),
        Trunk("two", "x", ("+",), gateways=(Gateway("sip:A.two.example;transport=tls"),), tls_verify=False),
        Trunk("odd", "nonsense", ("+",)),
    )
    tls = sip_tls(Settings(data=tmp_path, trunks=trunks), (), NOW)
    names = ("one.example", "a.two.example", "three.example")
    one, two, three = (tls.client(Address(Transport.TLS, "192.0.2.1", 5061, name=name)) for name in names)
    assert one.get_ca_certs()[0]["subject"] == ((("commonName", "x.example"),),)
    assert two.verify_mode is ssl.CERT_NONE
    assert three.verify_mode is ssl.CERT_REQUIRED


def asked_of(trunks: tuple[Trunk, ...], tmp_path: Path, host: str = "127.0.0.1") -> ssl.SSLContext:
    tls = sip_tls(Settings(data=tmp_path, trunks=trunks), (), NOW)
    return tls.client(Address(Transport.TLS, "127.0.0.1", 5061, name=host))


def test_a_trunk_of_the_same_host_neither_takes_away_roots_nor_opens_the_way(tmp_path: Path) -> None:
    roots = str(own_certificate(tmp_path, ["x.example"], NOW).certificate)
    strict = Trunk("strict", "sips:127.0.0.1", ("+1",), tls_roots=roots)
    silent = Trunk("silent", "sips:127.0.0.1:5071", ("+2",))
    careless = Trunk("careless", "sips:127.0.0.1:5081", ("+3",), tls_verify=False)
    plain = Trunk("plain", "sip:127.0.0.1", ("+4",))
    for others in ((strict, silent), (silent, strict), (strict, careless), (careless, strict), (strict, plain)):
        context = asked_of(others, tmp_path)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert len(context.get_ca_certs()) == 1
    assert asked_of((careless, silent), tmp_path).verify_mode is ssl.CERT_REQUIRED
    assert asked_of((careless, plain), tmp_path).verify_mode is ssl.CERT_NONE, "SIP in the clear asks for nothing"


def test_two_trunks_of_one_host_cannot_believe_different_roots(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    one, other = (str(own_certificate(folder, ["x.example"], NOW).certificate) for folder in folders)
    trunks = (
        Trunk("a", "sips:c.example", ("+1",), tls_roots=one),
        Trunk("b", "sips:C.example", ("+2",), tls_roots=other),
    )
    with pytest.raises(BadCertificate, match=r"\[trunks.b\] tls_roots .* another trunk"):
        asked_of(trunks, tmp_path)


def test_a_proxy_of_a_trunk_is_believed_as_the_trunk_is(tmp_path: Path) -> None:
    roots = str(own_certificate(tmp_path, ["x.example"], NOW).certificate)
    trunk = Trunk("t", "sip:gw.example", ("+1",), tls_roots=roots, outbound_proxy="sip:edge.example;transport=tls")
    assert len(asked_of((trunk,), tmp_path, "edge.example").get_ca_certs()) == 1


def test_a_node_that_listens_securely_has_a_certificate_for_what_it_is_called(tmp_path: Path) -> None:
    listen = (
        SipListen("udp", Endpoint("10.0.0.2", 5080)),
        SipListen("wss", Endpoint("0.0.0.0", 443), Endpoint("sip.example.com", 0)),
        SipListen("tls", Endpoint("10.0.0.2", 5061), Endpoint("203.0.113.5", 5071)),
    )
    settings = Settings(data=tmp_path, sip_listen=listen)
    listeners = sip_listeners(settings)
    assert [each.sent_by for each in listeners] == ["10.0.0.2:5080", "sip.example.com:443", "203.0.113.5:5071"]
    sip_tls(settings, listeners[:1], NOW)
    assert not list(tmp_path.iterdir()), "nobody is shown one"
    sip_tls(settings, listeners, NOW)
    made = x509.load_pem_x509_certificate((tmp_path / "sip-tls.crt").read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["sip.example.com", "203.0.113.5"]
    with pytest.raises(BadCertificate, match="go together"):
        sip_tls(replace(settings, sip_tls_key=tmp_path / "sip-tls.key"), listeners, NOW)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (("none", "good.key"), "sip_tls_certificate .*none cannot be read: No such file or directory"),
        (("good.crt", "none"), "sip_tls_key .*none cannot be read: No such file or directory"),
        (("rubbish", "good.key"), "sip_tls_certificate .*rubbish is no certificate: .*BEGIN CERTIFICATE"),
        (("good.crt", "rubbish"), "sip_tls_certificate and sip_tls_key: .*cannot be used"),
        (("good.crt", "other.key"), "sip_tls_certificate and sip_tls_key: .*cannot be used: .*mismatch"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_complained_of_by_its_key(
    tmp_path: Path, files: tuple[str, str], complaint: str
) -> None:
    for name in ("good", "other"):
        made = own_certificate(tmp_path, ["127.0.0.1"], NOW)
        made.certificate.rename(tmp_path / f"{name}.crt")
        made.key.rename(tmp_path / f"{name}.key")
    (tmp_path / "rubbish").write_text("rubbish")
    listen = (SipListen("tls", Endpoint("127.0.0.1", 5061)),)
    certificate, key = (tmp_path / file for file in files)
    settings = Settings(data=tmp_path, sip_listen=listen, sip_tls_certificate=certificate, sip_tls_key=key)
    with pytest.raises(BadCertificate, match=complaint):
        sip_tls(settings, sip_listeners(settings), NOW)


@pytest.mark.parametrize("file", ["none", "rubbish"])
def test_roots_that_cannot_be_used_are_complained_of_by_their_trunk(tmp_path: Path, file: str) -> None:
    (tmp_path / "rubbish").write_text("rubbish")
    trunk = Trunk("carrier", "sips:c.example", ("+1",), tls_roots=str(tmp_path / file))
    with pytest.raises(BadCertificate, match=rf"\[trunks.carrier\] tls_roots .*{file} cannot be used: ."):
        sip_tls(Settings(data=tmp_path, trunks=(trunk,)), (), NOW)
