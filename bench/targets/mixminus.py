"""Mixminus as a target: `mixminus serve`, a number per room, and the voice application that sends callers there."""

import asyncio
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from bench.shapes import LOW_COMPLEXITY
from bench.targets.participants import ParticipantsApi, RestRefused
from bench.targets.target import TargetFailed

_READY: Final = re.compile(r"mixminus ready http=(\S+):(\d+) sip=(\S+):(\d+)")
_READY_WITHIN_S: Final = 90.0  # the first start compiles the kernels
_STOP_WITHIN_S: Final = 15.0
# Below the ephemeral ports, where the phones' sockets are; two for each of 5,000 legs, and some that others have.
_RTP_PORTS: Final = "10000-31999"
_SETTINGS: Final = {
    "MIXMINUS_RTP_TIMEOUT_S": "3600"
}  # idle phones send nothing, and filling 5,000 rooms takes a while
_WISHES: Final[Mapping[str, Mapping[str, str]]] = {LOW_COMPLEXITY: {"MIXMINUS_OPUS_COMPLEXITY": "0"}}
_LEG: Final = re.compile(r"leg\d{6}")
_MOST_IN_A_ROOM: Final = 5_000
_NUMBER: Final = "+1555{room:07d}"


class Mixminus:
    """A fresh node in a temporary directory."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._settings = dict(_SETTINGS)
        self._call_sids: dict[str, str] = {}
        self._rooms: dict[str, str] = {}

    def tune(self, wish: str) -> None:
        if wish not in _WISHES:
            raise TargetFailed(f"mixminus knows of no {wish}")
        self._settings |= _WISHES[wish]

    async def start(self, rooms: int) -> tuple[str, int]:
        self._directory = tempfile.TemporaryDirectory(prefix="bench-")
        self._log = Path(self._directory.name) / "node.log"
        account, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
        self.http, sip = await self._serve(account, token)
        voice_url = await self._start_voice_application()
        self._api = ParticipantsApi(*self.http, account, token)
        try:
            for room in range(rooms):
                await asyncio.to_thread(self._api.create_number, self.dial_string(room), voice_url)
        except (RestRefused, OSError) as error:
            await self.stop()
            raise TargetFailed(f"mixminus refused a number: {error}") from error
        return sip

    def pids(self) -> list[int]:
        return [self._process.pid]

    def dial_string(self, room: int) -> str:
        return _NUMBER.format(room=room)

    def count_calls(self, statuses: Iterable[str]) -> int:
        """How many records say that a call is in one of these."""
        return sum(self._api.count_calls(status) for status in statuses)

    def call_sid(self, leg_name: str) -> str:
        return self._call_sids[leg_name]

    async def change(self, leg_name: str, form: Mapping[str, str]) -> tuple[int, int]:
        return await asyncio.to_thread(self._api.update, self._rooms[leg_name], self._call_sids[leg_name], form)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_WITHIN_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._voice_application.cleanup()
        self._directory.cleanup()

    async def _serve(self, account: str, token: str) -> tuple[tuple[str, int], tuple[str, int]]:
        """Start the node; return its HTTP and SIP addresses."""
        data = Path(self._directory.name) / "data"
        command = [sys.executable, "-m", "mixminus", "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"]
        command += ["--rtp", f"127.0.0.1:{_RTP_PORTS}", "--data", str(data), "--workers", str(self._workers)]
        command += ["--log", "json", "--log-level", "warning"]
        settings = {**self._settings, "MIXMINUS_ACCOUNT_SID": account, "MIXMINUS_AUTH_TOKEN": token}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                http_host, http_port, sip_host, sip_port = await self._ready_line()
        except TimeoutError:
            self._process.kill()
            raise TargetFailed(f"mixminus was not ready within {_READY_WITHIN_S:.0f} s") from None
        return (http_host, int(http_port)), (sip_host, int(sip_port))

    async def _ready_line(self) -> tuple[str, str, str, str]:
        assert self._process.stdout
        async for line in self._process.stdout:
            if match := _READY.search(line.decode()):
                return match[1], match[2], match[3], match[4]
        words = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        raise TargetFailed("mixminus serve ended before it was ready: " + " | ".join(words))

    async def _start_voice_application(self) -> str:
        """Serve one URL for all numbers; return it."""
        application = web.Application()
        application.router.add_post("/voice", self._voice)
        self._voice_application = web.AppRunner(application, access_log=None)
        await self._voice_application.setup()
        site = web.TCPSite(self._voice_application, "127.0.0.1", 0)
        await site.start()
        host, port = self._voice_application.addresses[0][:2]
        return f"http://{host}:{port}/voice"

    async def _voice(self, request: web.Request) -> web.Response:
        """Send the caller to the room that the last seven digits of the called number name."""
        form = await request.post()
        number = re.sub(r"\D", "", str(form.get("To", "")))[-7:]
        room = f"room-{int(number or '0')}"
        if leg := _LEG.search(str(form.get("From", ""))):
            self._call_sids[leg[0]] = str(form.get("CallSid", ""))
            self._rooms[leg[0]] = room
        conference = f'<Conference beep="false" waitUrl="" maxParticipants="{_MOST_IN_A_ROOM}">{room}</Conference>'
        twiml = f"<Response><Dial>{conference}</Dial></Response>"
        return web.Response(text=twiml, content_type="text/xml")
