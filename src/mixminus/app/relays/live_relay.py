"""One relay that is live: an application's WebSocket, the session with it, an ear, a mouth, and the engine's leg."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from mixminus.app.media_link import MediaLink
from mixminus.app.relays.relay_mouth import Mouth
from mixminus.app.sounds.sound_sources import Prompts
from mixminus.app.tasks import Tasks
from mixminus.audio.g711 import ULAW_DECODING
from mixminus.media.contract import Tap
from mixminus.relay.actions import (
    Action,
    BeginPhrase,
    Finish,
    ListenAnew,
    PressKeys,
    SettlePhrase,
    Silence,
    Tell,
    Warn,
)
from mixminus.relay.faults import BAD_ATTRIBUTE
from mixminus.relay.session import Session, SessionState
from mixminus.relay.talk import OCTETS_PER_MS, Chunk
from mixminus.relay.terms import Hearer
from mixminus.speech.contract import Ear, Listening, Providers, Recognised, SpeechError
from mixminus.streams.contract import AgentSocket, Fault
from mixminus.streams.playout import LEAD_MS, MOST_MS, Playout

MOST_KEYS: Final = 1_024
"""Digits that wait to be pressed."""


class LiveRelay:
    """An `AgentListener` and a `StreamOwner`. Nothing in here waits."""

    def __init__(
        self,
        session: Session,
        leg: int,
        media: MediaLink,
        sources: tuple[Providers, Prompts, Tasks],
        warn: Callable[[int, str], None],
    ) -> None:
        self.session = session
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leg = leg
        self._media = media
        self._providers, _, self._tasks = sources
        self._warn = warn
        self._playout = Playout(OCTETS_PER_MS * LEAD_MS, OCTETS_PER_MS * MOST_MS)
        self._mouth = Mouth(session.talk, self._playout, session.terms, sources, self._has_sound, self._could_not_say)
        self._mouth.remark = lambda text: warn(BAD_ATTRIBUTE, text)
        self._activity = self._providers.activity()
        self._ear: Ear | None = None
        self._ears = 0
        self._socket: AgentSocket | None = None
        self._stream: int | None = None
        self._owed: deque[bool] = deque()
        """Silences that are not answered yet, in order; False: the engine will not, since nothing had been said."""
        self._keys = ""
        self._pressing: asyncio.Task[None] | None = None

    # --- its life -------------------------------------------------------------------------------------------------

    def listen(self, hearer: Hearer) -> None:
        """With another ear from now on. Raises `SpeechError` when there is none; the last one stays then."""
        found = self._providers.recogniser(hearer.provider, hearer.language)
        self._ears += 1
        number = self._ears

        def tell(event: Recognised) -> None:
            if number == self._ears:
                self._do(self.session.recognised(event))

        wish = Listening(
            hearer.language,
            hearer.hints,
            hearer.model,
            hearer.profanity_filter,
            hearer.smart_format,
            hearer.end_of_turn,
        )
        ear = found.recogniser.listen(wish, tell)
        if self._ear is not None:
            self._ear.close()
        self._ear = ear
        if found.remark is not None and found.remark not in self._mouth.remarks:
            self._mouth.remarks.add(found.remark)
            self._warn(BAD_ATTRIBUTE, found.remark)

    def begin(self, socket: AgentSocket) -> None:
        """The application has answered: introduce the call, and listen."""
        self._socket = socket
        self._stream = self._media.streams.open(((Tap("leg_in", self._leg),),), self._leg, self)
        self._do(self.session.open())

    def fail(self, code: int, message: str) -> None:
        """It cannot begin, or go on."""
        self._do(self.session.failed(code, message))

    def end(self) -> None:
        """The call, or what it did, is over; harmless when the session is."""
        self._do(self.session.hung_up())
        self._let_go()

    def press(self, digit: str) -> None:
        """A key of the caller's."""
        self._do(self.session.pressed(digit))

    # --- AgentListener --------------------------------------------------------------------------------------------

    def received(self, data: bytes, *, is_text: bool) -> None:
        self._do(self.session.received(data, is_text=is_text))

    def closed(self, fault: Fault | None) -> None:
        self._socket = None
        self._do(self.session.closed(None if fault is None else fault.message))

    # --- StreamOwner ----------------------------------------------------------------------------------------------

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        samples = ULAW_DECODING[np.frombuffer(audio, np.uint8)]
        if self._ear is not None:
            self._ear.hear(samples.tobytes())
        self._do(self.session.frame(self._activity.is_voice(samples)))

    def played(self, epoch: int, octets: int) -> None:
        if (interruption := self._playout.played(epoch, octets)) is not None:
            self._settle_empty_epochs()
            if self._owed:  # epochs end in order
                self._owed.popleft()
                self._do(self.session.cut_off(interruption.played))
            self._settle_empty_epochs()
        elif epoch == self._playout.epoch:
            self._do(self.session.played(octets))

    @property
    def has_audio(self) -> bool:
        return self._playout.is_waiting

    def take_audio(self) -> bytes:
        return self._playout.take_audio()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Tell(message):
                    if self._socket is not None:
                        self._socket.send(message)
                case Silence():
                    self._silence()
                case BeginPhrase():
                    if self._ear is not None:
                        self._ear.begin()
                case SettlePhrase():
                    if self._ear is not None:
                        self._ear.settle()
                case ListenAnew(hearer):
                    self._listen_anew(hearer)
                case PressKeys(digits):
                    self._press_keys(digits)
                case Warn(code, message):
                    self._warn(code, message)
                case Finish(close_code):
                    self._finish(close_code)
        if self._stream is not None and self.session.state is not SessionState.OVER:
            self._mouth.go_on()

    def _silence(self) -> None:
        self._mouth.silence()
        epoch = self._playout.epoch
        self._playout.clear()
        if self._playout.epoch != epoch and self._stream is not None:
            self._media.streams.clear(self._stream, self._playout.epoch)
            self._owed.append(True)
        else:
            self._owed.append(False)
            # After whatever else is to be done: an answer is not to overtake the question.
            asyncio.get_running_loop().call_soon(self._settle_empty_epochs)

    def _settle_empty_epochs(self) -> None:
        while self._owed and not self._owed[0]:
            self._owed.popleft()
            self._do(self.session.cut_off(0))

    def _listen_anew(self, hearer: Hearer) -> None:
        try:
            self.listen(hearer)
        except SpeechError as error:
            self._do(self.session.refuse(BAD_ATTRIBUTE, str(error)))

    def _press_keys(self, digits: str) -> None:
        self._keys = (self._keys + digits)[:MOST_KEYS]
        if self._pressing is None or self._pressing.done():
            self._pressing = self._tasks.spawn(self._press_all(), "keys of a relay")

    async def _press_all(self) -> None:
        while self._keys:
            keys, self._keys = self._keys, ""
            await self._media.send_digits(self._leg, keys)

    def _has_sound(self) -> None:
        if self._stream is not None:
            if self._playout.is_waiting:
                self._media.streams.talks(self._stream)
            self._do(self.session.speaks())

    def _could_not_say(self, chunk: Chunk, message: str) -> None:
        self._do(self.session.unplayable(chunk, message))

    def _finish(self, close_code: int) -> None:
        if self._socket is not None:
            self._socket.close(close_code)
            self._socket = None
        self._let_go()
        if not self.ended.done():
            self.ended.set_result(None)

    def _let_go(self) -> None:
        self._mouth.silence()
        if self._ear is not None:
            self._ear.close()
            self._ear = None
        if self._stream is not None:
            self._media.streams.close(self._stream)
            self._stream = None
        if self._pressing is not None:
            self._pressing.cancel()
