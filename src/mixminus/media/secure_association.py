"""One leg's handshake, its steps taken at the bench while the engine goes on."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from mixminus.media.secure_bench import Bench
from mixminus.media.srtp_terms import SrtpKeys
from mixminus.webrtc.dtls import Handshake, Progress

MOST_WAITING: Final = 8
"""Steps of one leg. A flight has fewer datagrams; what is dropped comes again (RFC 6347 section 4.2.4)."""


class Association:
    """The engine's thread calls, the bench's thread works; each counts what it did, so that neither needs a lock."""

    def __init__(self, handshake: Handshake, bench: Bench) -> None:
        self._handshake = handshake
        self._bench = bench
        self._offered = 0
        self._done = 0
        self._departing: deque[bytes] = deque()
        self._fault: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a step is to be done."""
        return self._offered != self._done

    @property
    def is_under_way(self) -> bool:
        return self._fault is None and self._handshake.progress is Progress.UNDER_WAY

    @property
    def failure(self) -> str | None:
        """Why there will be no keys."""
        return self._fault or self._handshake.failure

    @property
    def keys(self) -> SrtpKeys | None:
        """What was agreed on."""
        keys = self._handshake.keys
        return None if keys is None else SrtpKeys(keys.profile, keys.ours, keys.theirs)

    def begin(self, now: float) -> None:
        """Speak first, if we are the client. To do it twice does no harm."""
        self._offer(partial(self._handshake.begin, now))

    def receive(self, datagram: bytes, now: float) -> None:
        self._offer(partial(self._handshake.receive, datagram, now))

    def keep_time(self, now: float) -> None:
        """Repeat what was lost, when that is due."""
        deadline = None if self.is_waiting else self._handshake.deadline
        if deadline is not None and now >= deadline:
            self._offer(partial(self._handshake.handle_timer, now))

    def take(self) -> list[bytes]:
        """Datagrams for the far end, as far as they are made."""
        return [self._departing.popleft() for _ in range(len(self._departing))]

    def _offer(self, step: Callable[[], None]) -> None:
        if self._offered - self._done < MOST_WAITING:
            self._offered += 1
            self._bench.offer(partial(self._take_step, step))

    def _take_step(self, step: Callable[[], None]) -> None:
        try:
            step()
            self._departing.extend(self._handshake.take())
        except Exception as error:  # the bench is everybody's: it ends this leg, not the thread
            self._fault = f"the handshake broke: {error!r}"
        finally:
            self._done += 1
