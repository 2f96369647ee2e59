"""baresip without a sound card: it plays a tone, keeps what it hears, and takes commands over TCP."""

import asyncio
import json
import re
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from tests.peers.exchange import NUMBER, Exchange, until

from mixminus.media.figures import WorkerHealth
from mixminus.testing import PALETTE, VirtualPhone
from mixminus.testing.clips import load_clip
from mixminus.testing.detection import RATE_HZ, level_db
from mixminus.testing.ear import is_present
from mixminus.testing.g711 import Samples
from mixminus.testing.palette import HUM_AMPLITUDE

NEEDS_BARESIP: Final = pytest.mark.skipif(
    shutil.which("baresip") is None, reason="baresip is not installed (Debian: baresip)"
)
BESIDE_BARESIP: Final = [pytest.mark.peers, pytest.mark.network, NEEDS_BARESIP]

ITS_NOTE, HER_NOTE = PALETTE["gamma"], PALETTE["theta"]
"""baresip's, and that of the virtual phone which talks with it."""
MD5_ONLY: Final = ("MD5",)
"""Debian's baresip gives up when it sees SHA-256, whatever is offered beside it."""

MODULES = Path("/usr/lib/baresip/modules")
TONE_S = 60
RATES = re.compile(r"audio=\d+/(\d+) \(bit/s\)")

CONFIG = """sip_listen 127.0.0.1:0
{security}
rtp_ports 40000-49998
audio_source aufile,{tone}
audio_player aubridge,nowhere
audio_level no
call_max_calls 4
module_path {modules}
module g711.so
module g722.so
module opus.so
opus_bitrate 40000
opus_inbandfec yes
module srtp.so
module dtls_srtp.so
module aufile.so
module aubridge.so
module sndfile.so
module_app menu.so
module_app account.so
module_app contact.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {folder}
"""


class Baresip:
    """One running baresip."""

    def __init__(self, folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.folder = folder
        self._reader = reader
        self._writer = writer

    async def do(self, command: str, parameters: str = "") -> None:
        """One command of its menu, such as `dial`, `hangup`, `hold`."""
        text = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()

    async def event(self, kind: str, within_s: float = 15.0) -> dict[str, str]:
        """Wait for an event such as `CALL_ESTABLISHED`."""
        async with asyncio.timeout(within_s):
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads((await self._reader.readexactly(size + 1))[:-1])
                if message.get("type") == kind:
                    return dict(message)

    def heard(self) -> Samples:
        """What it heard in its last call until it held it: its recorder writes nothing after that."""
        recording = max(self.folder.glob("*-dec.wav"), key=lambda path: path.stat().st_mtime)
        return load_clip(recording)

    def receives(self) -> bool:
        """Whether RTP comes in, as it says itself: `audio=SENT/RECEIVED (bit/s)`, measured every three seconds."""
        rates = RATES.findall(self.log())
        return bool(rates) and int(rates[-1]) > 0

    def log(self) -> str:
        """What it said about itself."""
        return (self.folder / "log").read_text(errors="replace")


def hears(samples: Samples, frequency_hz: int, last_s: float) -> bool:
    """Whether a note was there, on average over the last so many seconds; there must be as much."""
    assert len(samples) >= last_s * RATE_HZ, f"only {len(samples) / RATE_HZ:.2f} s were recorded"
    return is_present(level_db(samples[-round(last_s * RATE_HZ) :], frequency_hz))


async def talks_holds_and_hangs_up(at: Exchange, phone: Baresip, alice: VirtualPhone) -> WorkerHealth:
    """It calls the room where she is, holds her and comes back. Returns how media fares just before the end."""
    call = await alice.dial(NUMBER)
    call.hum(HER_NOTE)
    await phone.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port}")
    await phone.event("CALL_ESTABLISHED")
    await until(lambda: call.hears(ITS_NOTE))
    await until(phone.receives)
    await asyncio.sleep(1.5)
    await phone.do("hold")
    await until(lambda: not call.hears(ITS_NOTE))
    await phone.do("resume")
    await until(lambda: call.hears(ITS_NOTE))
    await until(phone.receives)
    worker = (await at.node.world.node.media.statistics()).worker
    await phone.do("hangup")
    await phone.event("CALL_CLOSED")
    assert hears(phone.heard(), HER_NOTE, last_s=1.0)
    return worker


@asynccontextmanager
async def baresip(
    folder: Path,
    *,
    account: str,
    hums_hz: int,
    control_port: int,
    rate_hz: int = RATE_HZ,
    channels: int = 1,
    roots: Path | None = None,
    more: str = "",
) -> AsyncIterator[Baresip]:
    """Run one with a SIP account, humming. Its source must have the rate and the channels of its codec. *roots*:
    whom it believes over TLS; *more*: of its configuration.
    """
    configure(folder, account, control_port, roots, more)
    save_hum(folder / "tone.wav", hums_hz, rate_hz, channels)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("baresip", "-f", str(folder), "-t", "60"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        reader, writer = await _connected(control_port)
        try:
            yield Baresip(folder, reader, writer)
        finally:
            writer.close()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def save_hum(path: Path, hums_hz: int, rate_hz: int, channels: int) -> None:
    """A note of a minute, at any rate."""
    time = np.arange(rate_hz * TONE_S) / rate_hz
    samples = np.asarray(HUM_AMPLITUDE * np.sin(2 * np.pi * hums_hz * time), "<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(samples, channels).tobytes())


def configure(folder: Path, account: str, control_port: int, roots: Path | None = None, more: str = "") -> None:
    folder.mkdir()
    config = CONFIG.format(
        tone=folder / "tone.wav",
        modules=MODULES,
        control_port=control_port,
        folder=folder,
        security=f"sip_cafile {roots}" if roots else "",
    )
    (folder / "config").write_text(config + more)
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(15):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
