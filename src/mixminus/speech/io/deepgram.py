"""Deepgram over its WebSocket: one for each ear."""

import asyncio
from collections import deque
from typing import Final

import aiohttp

from mixminus.speech.contract import FRAME_SAMPLES, SAMPLE_BYTES, Ear, Failure, Listening, Phrase, Tell
from mixminus.speech.deepgram import CLOSE, FINALIZE, address, is_flux, read

CONNECT_S: Final = 5.0
CLOSE_S: Final = 2.0
"""For all of them, when the node ends."""
MOST_ATTEMPTS: Final = 3
"""To connect, in a row; a WebSocket that worked starts the count anew."""
PAUSE_S: Final = 0.5
"""Before the second attempt; twice as long before each further one."""
MOST_WAITING_S: Final = 10
"""Of audio, while there is no WebSocket: older audio is dropped."""
MAX_MESSAGE_BYTES: Final = 1 << 20

_FRAME_BYTES: Final = FRAME_SAMPLES * SAMPLE_BYTES
_MOST_WAITING: Final = MOST_WAITING_S * 50


class DeepgramRecogniser:
    """A `Recogniser`. *url* is `wss://host`, without a path."""

    def __init__(self, url: str, key: str, model: str | None) -> None:
        self.name = "Deepgram"
        self._url = url.rstrip("/")
        self._key = key
        self._model = model
        self._ears: set[DeepgramEar] = set()

    def understands(self, language: str) -> bool:
        return True

    def listen(self, wish: Listening, tell: Tell) -> Ear:
        ear = DeepgramEar(address(self._url, wish, self._model), self._key, wish, tell)
        self._ears = {one for one in self._ears if not one.is_closed} | {ear}
        return ear

    async def close(self) -> None:
        tasks = [ear.task for ear in self._ears]
        for ear in self._ears:
            ear.close()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class DeepgramEar:
    """An `Ear`. Audio goes out all the time; the service finds phrases by itself, and is asked for the last one."""

    def __init__(self, url: str, key: str, wish: Listening, tell: Tell) -> None:
        self._url = url
        self._headers = {"Authorization": f"Token {key}"}
        self._wish = wish
        self._tell = tell
        self._waiting: deque[bytes | str] = deque()
        """Audio, and text messages, in their order."""
        self._wake = asyncio.Event()
        self._unsettled = 0
        self.is_closed = False
        self.task = asyncio.get_running_loop().create_task(self._run(), name="Deepgram")

    def hear(self, audio: bytes) -> None:
        self._send(audio)

    def begin(self) -> None:
        """It hears so itself."""

    def settle(self) -> None:
        if is_flux(self._wish):
            asyncio.get_running_loop().call_soon(self._told, Phrase("", self._wish.language, settles=True))
            return
        self._unsettled += 1
        self._send(FINALIZE.decode())

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._wake.set()

    def _send(self, what: bytes | str) -> None:
        self._waiting.append(what)
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft()
        self._wake.set()

    def _told(self, event: Phrase | Failure) -> None:
        if not self.is_closed:
            self._tell(event)

    # --- the task -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        attempts, why = 0, ""
        async with aiohttp.ClientSession() as http:
            while not self.is_closed and attempts < MOST_ATTEMPTS:
                if attempts:
                    await asyncio.sleep(PAUSE_S * 2 ** (attempts - 1))
                try:
                    async with asyncio.timeout(CONNECT_S):
                        ws = await http.ws_connect(self._url, headers=self._headers, max_msg_size=MAX_MESSAGE_BYTES)
                except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
                    attempts, why = attempts + 1, _reason(error)
                    if isinstance(error, aiohttp.WSServerHandshakeError) and 400 <= error.status < 500:
                        break  # a key or a model that is refused now is refused again
                    continue
                attempts, why = (0 if await self._talk(ws) else attempts + 1), "the WebSocket broke off"
        self._told(Failure(f"Deepgram: {why}"))

    async def _talk(self, ws: aiohttp.ClientWebSocketResponse) -> bool:
        """Both ways, until either side ends it. Returns whether anything was said."""
        sending = asyncio.get_running_loop().create_task(self._pump(ws), name="audio to Deepgram")
        was_heard = False
        try:
            async for message in ws:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                was_heard = True
                for event in read(message.data.encode(), self._wish.language):
                    if isinstance(event, Phrase) and event.settles:
                        self._unsettled = max(0, self._unsettled - 1)
                    if not self.is_closed:
                        self._tell(event)
        finally:
            sending.cancel()
            await asyncio.wait([sending])
            await ws.close()
        while self._unsettled:  # nobody answers for those any more
            self._unsettled -= 1
            self._told(Phrase("", self._wish.language, settles=True))
        return was_heard

    async def _pump(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    what = self._waiting.popleft()
                    await (ws.send_bytes(what) if isinstance(what, bytes) else ws.send_str(what))
                if self.is_closed:
                    await ws.send_str(CLOSE.decode())
                    await ws.close()
                    return
        except (ConnectionError, aiohttp.ClientError):
            await ws.close()


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"the WebSocket was refused with {error.status}"
    return "no connection in time" if isinstance(error, TimeoutError) else f"no connection ({type(error).__name__})"
