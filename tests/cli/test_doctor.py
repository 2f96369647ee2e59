"""What the doctor makes of a machine: every finding that is not fine says what to do."""

import errno
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mixminus.base.settings import Endpoint, PortRange, Settings, SipListen
from mixminus.cli.doctor import findings
from mixminus.cli.doctor.findings import Finding, Health
from mixminus.cli.doctor.probes import look_at_disk, look_at_libraries, look_at_ports
from mixminus.cli.main import app

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD, POOR, BAD = Health.GOOD, Health.POOR, Health.BAD

JUDGED = [
    (findings.port("--sip", "127.0.0.1:5060", None), GOOD),
    (findings.port("--sip", "127.0.0.1:5060", OSError(errno.EADDRINUSE, "Address already in use")), BAD),
    (findings.media_ports(5_000, 64, 0), GOOD),
    (findings.media_ports(5_000, 64, 3), POOR),
    (findings.media_ports(5_000, 64, 64), BAD),
    (findings.media_ports(0, 0, 0), BAD),
    (findings.open_files(5_256, 5_000), GOOD),
    (findings.open_files(5_255, 5_000), POOR),
    (findings.open_files(256, 5_000), BAD),
    (findings.clock(NOW, 0.001, 1e-9), GOOD),
    (findings.clock(NOW, -0.2, 1e-9), POOR),
    (findings.clock(NOW, 0.0, 0.015), BAD),
    (findings.clock(datetime(1970, 1, 1, tzinfo=UTC), 0.0, 1e-9), BAD),
    (findings.disk(50 << 30, 200e6), GOOD),
    (findings.disk(1 << 20, 200e6), POOR),
    (findings.disk(50 << 30, 1e6), POOR),
    (findings.unwritable("/data", "Permission denied"), BAD),
    (findings.libraries(()), GOOD),
    (findings.libraries(("numba",)), BAD),
    (findings.voice(1.3), GOOD),
    (findings.voice(None, "no voice is installed"), POOR),
    (findings.worker_start(0.2), GOOD),
    (findings.no_worker("exit status 1"), BAD),
    (findings.ticks([0.02] * 99 + [0.025]), GOOD),
    (findings.ticks([0.02] * 90 + [0.035] * 10), POOR),
    (findings.ticks([]), BAD),
    (findings.codec("PCMU", heard=True), GOOD),
    (findings.codec("PCMU", heard=False), BAD),
]


@pytest.mark.parametrize(("finding", "health"), JUDGED, ids=lambda value: str(getattr(value, "seen", "")))
def test_a_measurement_is_judged(finding: Finding, health: Health) -> None:
    assert finding.health is health
    assert bool(finding.advice) is (health is not GOOD), "advice exactly when something is to be done"


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert look_at_disk(tmp_path / "file" / "node").health is BAD
    assert look_at_disk(tmp_path / "node").health is not BAD


def test_this_installation_lacks_nothing() -> None:
    assert look_at_libraries().health is GOOD


@pytest.mark.network
def test_ports_of_sip_listen_are_looked_at_as_what_they_are(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        at = Endpoint("127.0.0.1", holder.getsockname()[1])
        elsewhere = Endpoint("192.0.2.1", 5061)
        listen = SipListen("wss", at), SipListen("udp", at), SipListen("tls", elsewhere)
        nothing = Endpoint("127.0.0.1", 0)
        rtp = PortRange("127.0.0.1", 46_000, 46_001)
        seen = look_at_ports(Settings(tmp_path, http=nothing, sip=nothing, sip_listen=listen, rtp=rtp))
        found = {finding.subject: finding for finding in seen}
    assert found[f"sip_listen wss://{at}"].health is BAD
    assert found[f"sip_listen udp://{at}"].health is GOOD
    assert "address of this machine" in found[f"sip_listen tls://{elsewhere}"].advice


@pytest.mark.network
def test_the_doctor_visits_and_finds_a_taken_port(tmp_path: Path) -> None:
    free = ("--http", "127.0.0.1:0", "--rtp", "127.0.0.1:46000-46099", "--data", str(tmp_path))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        sip = f"127.0.0.1:{holder.getsockname()[1]}"
        visited = CliRunner().invoke(app, ("doctor", "--sip", sip, *free))
    assert visited.exit_code == 1, visited.output
    assert f"problem   --sip {sip}" in visited.stdout
    for subject in ("libraries", "media ports", "open files", "disk", "voice", "media worker", "ticks", "clock"):
        assert subject in visited.stdout
    assert "ok        codec PCMU" in visited.stdout
    assert "ok        codec PCMA" in visited.stdout
    assert CliRunner().invoke(app, ("doctor", "--sip", "127.0.0.1:0", *free)).exit_code == 0
