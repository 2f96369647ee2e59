"""What `mixminus doctor --trunk NAME` makes of a trunk, and of one that is not there."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mixminus.base.errors import MixminusError
from mixminus.base.settings import Endpoint, PortRange, Settings, Trunk
from mixminus.cli.doctor import trunk_findings as findings
from mixminus.cli.doctor import trunk_probe
from mixminus.cli.doctor.findings import Finding, Health
from mixminus.cli.doctor.trunk_probe import look_at_trunk
from mixminus.cli.main import app
from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Listener, Transport
from mixminus.sip.io.listener import SipListener
from mixminus.sip.io.own_certificate import own_certificate
from mixminus.sip.io.tls import Tls
from mixminus.sip.settings import SipSettings

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD, POOR, BAD = Health.GOOD, Health.POOR, Health.BAD
PLACE = Address(Transport.TLS, "192.0.2.1", 5061)
VIA = "SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKx"
SDP = b"v=0\r\nm=audio 9 RTP/AVP 0 18\r\na=rtpmap:18 G729/8000\r\n"
US = ("10.0.0.5", 5060)

JUDGED: list[tuple[Finding | None, Health]] = [
    (findings.place("sip:c", PLACE), GOOD),
    (findings.place("sip:c", None, "Name or service not known"), BAD),
    (findings.our_address("127.0.0.1", "192.0.2.1"), BAD),
    (findings.options(200, 0.04), GOOD),
    (findings.options(404, 0.04), GOOD),
    (findings.options(200, 0.9), POOR),
    (findings.options(403, 0.04), POOR),
    (findings.options(408, 8.0), BAD),
    (findings.options(503, 0.01), BAD),
    (findings.options(500, 0.04), POOR),
    (findings.certificate("carrier.example", NOW + timedelta(days=90), NOW), GOOD),
    (findings.certificate("carrier.example", NOW + timedelta(days=3), NOW), POOR),
    (findings.certificate("", None, NOW, "certificate verify failed"), BAD),
    (findings.any_certificate("CN=carrier.example"), POOR),
    (findings.no_connection("Connection refused"), BAD),
    (findings.registration(200, 1), GOOD),
    (findings.registration(403, 0), BAD),
    (findings.registration(408, 0), BAD),
    (findings.registration(405, 0), POOR),
    (findings.nat(VIA, US, "10.0.0.5"), GOOD),
    (findings.nat(f"{VIA};received=10.0.0.5;rport=5060", US, "10.0.0.5"), GOOD),
    (findings.nat(f"{VIA};received=198.51.100.7;rport=31000", US, "10.0.0.5"), POOR),
    (findings.nat(f"{VIA};received=198.51.100.7;rport=5060", US, "198.51.100.7"), GOOD),
    (findings.clock("Sun, 01 Nov 2026 00:00:03 GMT", NOW), GOOD),
    (findings.clock("Sun, 01 Nov 2026 00:02:00 GMT", NOW), POOR),
    (findings.codecs(SDP, ("PCMU", "PCMA")), GOOD),
    (findings.codecs(SDP, ("opus",)), BAD),
    (findings.media_ports("10.0.0.5", 16, 0, 16), GOOD),
    (findings.media_ports("10.0.0.5", 16, 2, 14), POOR),
    (findings.media_ports("10.0.0.5", 16, 16, 0), BAD),
    (findings.media_ports("10.0.0.5", 16, 0, 3), BAD),
]


@pytest.mark.parametrize(("finding", "health"), JUDGED, ids=lambda value: str(getattr(value, "seen", "")))
def test_an_answer_is_judged(finding: Finding | None, health: Health) -> None:
    assert finding is not None
    assert finding.health is health
    assert bool(finding.advice) is (health is not GOOD), "advice exactly when something is to be done"


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert findings.our_address("10.0.0.5", "192.0.2.1") is None
    assert findings.clock(None, NOW) is None
    assert findings.clock("yesterday", NOW) is None
    assert findings.codecs(b"", ("PCMU",)) is None


@pytest.fixture
async def carrier() -> AsyncIterator[int]:
    """A registrar on loopback; its port."""
    agent = SipAgent(SipSettings(users={"us": "secret"}, open_to_loopback=True), os.urandom)
    listener = await SipListener.start("127.0.0.1", 0, agent, lambda event: None)
    yield listener.address[1]
    await listener.stop()


def told(tmp_path: Path, port: int, **trunk: object) -> Settings:
    there = Trunk("carrier", f"sip:127.0.0.1:{port}", ("+",), username="us", password="secret", register=True)
    changed = replace(there, **trunk)  # type: ignore[arg-type]
    rtp = PortRange("127.0.0.1", 42_000, 42_040)
    return Settings(data=tmp_path, sip=Endpoint("127.0.0.1", 0), rtp=rtp, trunks=(changed,))


async def seen(settings: Settings) -> dict[str, Health]:
    return {finding.subject: finding.health async for finding in look_at_trunk(settings, "carrier")}


@pytest.mark.network
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_trunk_that_works(tmp_path: Path, carrier: int, transport: str) -> None:
    settings = told(tmp_path, carrier, uri=f"sip:127.0.0.1:{carrier};transport={transport}")
    async with asyncio.timeout(20):
        found = await seen(settings)
    assert found == {"address": GOOD, "OPTIONS": GOOD, "NAT": GOOD, "registration": GOOD, "media ports": GOOD}


@pytest.mark.network
async def test_a_wrong_password_is_a_problem_and_changes_nothing(tmp_path: Path, carrier: int) -> None:
    assert (await seen(told(tmp_path, carrier, password="guess")))["registration"] is BAD


@pytest.mark.network
async def test_nobody_at_all(tmp_path: Path, carrier: int) -> None:
    found = await seen(told(tmp_path, carrier, uri="sip:127.0.0.1:9;transport=tcp"))
    assert found["OPTIONS"] is BAD
    assert (await seen(told(tmp_path, carrier, uri="sip:nowhere.invalid")))["address"] is BAD


@pytest.fixture
async def secure_carrier(tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """The port of a registrar over TLS, and the file with its certificate."""
    (tmp_path / "carrier").mkdir()
    identity = own_certificate(tmp_path / "carrier", ["127.0.0.1"], datetime.now(UTC))
    agent = SipAgent(SipSettings(users={"us": "secret"}, open_to_loopback=True), os.urandom)
    more = (Listener(Transport.TLS, "127.0.0.1", 0),)
    listener = await SipListener.start("127.0.0.1", 0, agent, lambda event: None, more=more, tls=Tls(identity))
    yield listener.listeners[-1].port, identity.certificate
    await listener.stop()


@pytest.mark.network
@pytest.mark.parametrize("scheme", ["sip:127.0.0.1:{};transport=tls", "sips:127.0.0.1:{}"])
async def test_a_trunk_over_tls_is_asked_over_tls(
    tmp_path: Path, secure_carrier: tuple[int, Path], scheme: str
) -> None:
    port, roots = secure_carrier
    settings = told(tmp_path, port, uri=scheme.format(port), tls_roots=str(roots))
    good = {"certificate": GOOD, "OPTIONS": GOOD, "NAT": GOOD, "registration": GOOD}
    assert await seen(settings) == {"address": GOOD, **good, "media ports": GOOD}


@pytest.mark.network
async def test_a_certificate_that_nobody_vouches_for_is_a_problem_and_one_that_nobody_looks_at_a_warning(
    tmp_path: Path, secure_carrier: tuple[int, Path]
) -> None:
    port, _ = secure_carrier
    uri = f"sips:127.0.0.1:{port}"
    assert await seen(told(tmp_path, port, uri=uri)) == {"address": GOOD, "certificate": BAD, "media ports": GOOD}
    careless = await seen(told(tmp_path, port, uri=uri, tls_verify=False))
    assert (careless["certificate"], careless["OPTIONS"]) == (POOR, GOOD)


@pytest.mark.network
async def test_a_certificate_for_another_host_is_a_problem(tmp_path: Path, secure_carrier: tuple[int, Path]) -> None:
    port, roots = secure_carrier
    found = await seen(told(tmp_path, port, uri=f"sips:localhost:{port}", tls_roots=str(roots)))
    assert found["certificate"] is BAD


@pytest.mark.network
async def test_no_tls_at_all(tmp_path: Path, carrier: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_probe, "TLS_S", 0.2)
    assert (await seen(told(tmp_path, carrier, uri=f"sips:127.0.0.1:{carrier}")))["connection"] is BAD
    assert (await seen(told(tmp_path, carrier, uri="sips:127.0.0.1:9")))["connection"] is BAD


async def test_a_trunk_that_nobody_declared(tmp_path: Path) -> None:
    with pytest.raises(MixminusError, match="there are: carrier"):
        [finding async for finding in look_at_trunk(told(tmp_path, 5060), "karrier")]


def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--trunk", "carrier", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no trunk 'carrier' in the settings" in result.output
