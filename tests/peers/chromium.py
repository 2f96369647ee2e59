"""Chromium with the example's phone (JsSIP): a tone for a microphone, and ears of its own (WebAudio)."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from tests.peers.baresip import save_hum

from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "browser_phone"
JSSIP: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mixminus-peers" / "jssip.js"
"""Where `tools/install-peers` puts it."""

TONE_RATE_HZ: Final = 48_000

PAGE: Final = """<!doctype html><title>phone</title><audio autoplay></audio>
<script src="/jssip.js"></script><script src="/phone.js"></script><script src="/ears.js"></script>"""

EARS: Final = """
const context = new AudioContext();
const ear = context.createAnalyser();
ear.fftSize = 16384;
ear.smoothingTimeConstant = 0;
let source = null;
const happened = [];
function listenTo(stream) {
  source?.disconnect();
  source = context.createMediaStreamSource(stream);
  source.connect(ear);
}
function loudest() {
  const levels = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(levels);
  const at = levels.reduce((best, level, index) => (level > levels[best] ? index : best), 0);
  return { hz: at * context.sampleRate / ear.fftSize, db: Number.isFinite(levels[at]) ? levels[at] : -999 };
}
async function pair() {
  const reports = [...(await phone.session.connection.getStats()).values()];
  const transport = reports.find((each) => each.type === "transport");
  const chosen = reports.find((each) => each.id === transport.selectedCandidatePairId);
  const local = reports.find((each) => each.id === chosen.localCandidateId);
  const inbound = reports.find((each) => each.type === "inbound-rtp");
  const codec = reports.find((each) => each.id === inbound?.codecId);
  return {
    local: local.candidateType, dtls: transport.dtlsState, srtp: transport.srtpCipher,
    codec: codec?.mimeType, lost: inbound?.packetsLost, received: inbound?.packetsReceived,
  };
}
"""

START: Final = """
async (options) => {
  await context.resume();
  window.phone = new BrowserPhone({ ...options, audio: document.querySelector("audio") });
  for (const kind of ["incoming", "talking", "ended"]) {
    phone.addEventListener(kind, ({ detail }) => happened.push([kind, detail ?? null]));
  }
  phone.addEventListener("heard", ({ detail }) => listenTo(detail));
  await phone.start();
}
"""


def missing() -> str | None:
    """Why it cannot run here."""
    if executable() is None:
        return "Chromium is not installed (Debian: chromium)"
    if not JSSIP.exists():
        return "JsSIP is not installed (tools/install-peers)"
    return None


def executable() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """One page with a phone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))

    async def start(self, **options: object) -> None:
        """Register. `socket`, `uri`, `password`, and what else `BrowserPhone` takes."""
        plain = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
        await self.page.evaluate(START, {"microphone": plain, **options})

    async def open_example(self) -> None:
        """Leave our page for the example's own."""
        await self.page.goto(urljoin(self.page.url, "/index.html"))

    async def do(self, script: str) -> Any:
        """Such as `phone.call("+1555…")`; waits for its promise."""
        return await self.page.evaluate(script)

    async def happened(self, kind: str, within_s: float = 15.0) -> Any:
        """Wait for an event of the phone; returns its detail."""
        async with asyncio.timeout(within_s):
            while True:
                for name, detail in await self.page.evaluate("happened.splice(0)"):
                    if name == kind:
                        return detail
                await asyncio.sleep(0.05)

    async def loudest(self) -> tuple[float, float]:
        """The strongest frequency in what is heard now, and its level in dB of full scale."""
        found = await self.page.evaluate("loudest()")
        return found["hz"], found["db"]

    async def until_hears(self, note_hz: float | None, within_s: float = 15.0) -> None:
        """None: nothing that could be called a note."""
        heard: tuple[float, float] = (0.0, 0.0)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    heard = hz, db = await self.loudest()
                    if (db < -70) if note_hz is None else (db > -50 and abs(hz - note_hz) < 6):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"Chromium hears {heard} instead of {note_hz}: {self.console[-5:]}") from None

    async def statistics(self) -> Mapping[str, Any]:
        """Of its connection: `local` kind of candidate, `dtls`, `srtp`, `codec`."""
        return dict(await self.page.evaluate("pair()"))


@asynccontextmanager
async def chromium(folder: Path, *, hums_hz: int) -> AsyncIterator[Chromium]:
    """Run one whose microphone hums, with the example's script on a page of its own."""
    tone = _tone(folder, hums_hz)
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    pages = HttpServer(Starlette(routes=[Route("/{path:path}", _serve)]))
    at = await pages.start(Endpoint("127.0.0.1", 0))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(), args=arguments, chromium_sandbox=False
        )
        try:
            context = await browser.new_context(ignore_https_errors=True, permissions=["microphone"])
            page = await context.new_page()
            phone = Chromium(page)
            await page.goto(f"http://{at}/")
            yield phone
        finally:
            await browser.close()
            await pages.stop()


def _tone(folder: Path, hums_hz: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_hum(folder / "tone.wav", hums_hz, TONE_RATE_HZ, 1)
    return folder / "tone.wav"


async def _serve(request: Request) -> Response:
    """Pages from this machine may use the microphone without HTTPS, and connect to this machine."""
    match request.url.path:
        case "/":
            return HTMLResponse(PAGE)
        case "/phone.js" | "/index.html" as file:
            return FileResponse(EXAMPLE / file[1:])
        case "/jssip.js":
            return FileResponse(JSSIP)
        case "/ears.js":
            return Response(EARS, media_type="text/javascript")
        case _:
            return Response(status_code=404)
