"""Looking at the machine: ports, limits, clock, disk, libraries, voice."""

import importlib.util
import os
import resource
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mixminus.app.world import spoken
from mixminus.base.errors import MixminusError
from mixminus.base.settings import Endpoint, PortRange, Settings
from mixminus.cli.doctor import findings
from mixminus.cli.doctor.findings import Finding
from mixminus.media.opus_library import opus_library
from mixminus.media.srtp_library import srtp_library

PORTS_TRIED: Final = 64
WRITTEN_BYTES: Final = 16 << 20

MODULES: Final = (
    "aiohttp",
    "alembic",
    "av",
    "defusedxml",
    "httptools",
    "msgspec",
    "numba",
    "numpy",
    "phonenumbers",
    "prometheus_client",
    "sipmessage",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
    "uvloop",
)


def look_at_ports(settings: Settings) -> Iterator[Finding]:
    """Signalling and HTTP, then a sample of the media ports."""
    yield findings.port("--http", str(settings.http), _bind_error(socket.SOCK_STREAM, settings.http))
    udp, tcp = (_bind_error(kind, settings.sip) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
    yield findings.port("--sip", str(settings.sip), udp or tcp)
    for listen in settings.sip_listen:
        kind = socket.SOCK_DGRAM if listen.transport == "udp" else socket.SOCK_STREAM
        yield findings.port("sip_listen", f"{listen.transport}://{listen.at}", _bind_error(kind, listen.at))
    legs = _even_ports(settings.rtp)
    sample = legs[:: max(1, len(legs) // PORTS_TRIED)]
    taken = sum(_bind_error(socket.SOCK_DGRAM, Endpoint(settings.rtp.host, port)) is not None for port in sample)
    yield findings.media_ports(len(legs), len(sample), taken)
    yield findings.open_files(_open_files_limit(), len(legs))


def look_at_clock(seconds: float) -> Finding:
    """Watch both clocks for a while."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(seconds)
    step_s = (time.time() - wall) - (time.monotonic() - steady)
    return findings.clock(datetime.now(UTC), step_s, time.get_clock_info("monotonic").resolution)


def look_at_disk(folder: Path) -> Finding:
    """Write something where recordings go, and take it away again."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        speed = _write_speed(folder)
        return findings.disk(shutil.disk_usage(folder).free, speed)
    except OSError as error:
        return findings.unwritable(str(folder), error.strerror or str(error))


def look_at_libraries() -> Finding:
    return findings.libraries(tuple(name for name in MODULES if importlib.util.find_spec(name) is None))


def look_at_opus() -> Finding:
    library = opus_library()
    return findings.opus(None if library is None else library.version)


def look_at_srtp() -> Finding:
    library = srtp_library()
    return findings.srtp(None if library is None else library.version)


async def look_at_voice() -> Finding:
    """Speak a sentence."""
    with tempfile.TemporaryDirectory(prefix="mixminus-doctor-") as folder:
        try:
            path = await spoken("Can you hear me?", Path(folder))
        except MixminusError as error:
            return findings.voice(None, str(error))
        return findings.voice(os.stat(path).st_size / findings.BYTES_PER_RECORDED_S)


def _bind_error(kind: socket.SocketKind, at: Endpoint) -> OSError | None:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((at.host, at.port))
        except OSError as error:
            return error
    return None


def _even_ports(ports: PortRange) -> range:
    return range(ports.low + ports.low % 2, ports.high + 1, 2)


def _open_files_limit() -> int:
    """The hard limit: a worker raises its soft one to it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def _write_speed(folder: Path) -> float:
    """Bytes per second that reach the disk."""
    with tempfile.TemporaryFile(dir=folder) as file:
        since = time.monotonic()
        file.write(os.urandom(WRITTEN_BYTES))
        file.flush()
        os.fsync(file.fileno())
        return WRITTEN_BYTES / (time.monotonic() - since)
