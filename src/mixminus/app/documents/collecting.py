"""The keys of a leg, and `<Gather>`: play prompts and collect them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mixminus.app.tasks import cancelled
from mixminus.twiml.effects import CollectDigits, Collected


class Keys:
    """The keys of one leg, for whoever collects them just now. Keys nobody collects are forgotten."""

    def __init__(self) -> None:
        self._collector: asyncio.Queue[str] | None = None
        self._follower: Callable[[str], None] | None = None

    def press(self, digit: str) -> None:
        if self._collector is not None:
            self._collector.put_nowait(digit)
        if self._follower is not None:
            self._follower(digit)

    @contextmanager
    def followed_by(self, follower: Callable[[str], None]) -> Iterator[None]:
        """Meanwhile *follower* is told of each key."""
        self._follower = follower
        try:
            yield
        finally:
            self._follower = None

    def collect(self) -> "asyncio.Queue[str]":
        """Begin to collect; the last one who asked gets the keys."""
        self._collector = asyncio.Queue()
        return self._collector

    def forget(self) -> None:
        self._collector = None


async def collect_digits(keys: Keys, effect: CollectDigits, prompting: asyncio.Task[None]) -> Collected:
    """Collect until the finishing key, the wanted number, or silence.

    The time-out runs from the end of the prompts, and anew from each key (TwiML Voice: Gather). A key stops the
    prompts. A prompt that cannot be played raises its `Refusal`.
    """
    pressed = keys.collect()
    digits = ""
    try:
        first = await _first_key(pressed, prompting, effect.timeout_s)
        while first is not None and first != effect.finish_on_key:
            digits += first
            if effect.num_digits is not None and len(digits) >= effect.num_digits:
                break
            first = await _next_key(pressed, effect.timeout_s)
        return Collected(digits)
    finally:
        keys.forget()
        await cancelled(prompting)


async def _first_key(pressed: "asyncio.Queue[str]", prompting: asyncio.Task[None], timeout_s: float) -> str | None:
    key = asyncio.ensure_future(pressed.get())
    try:
        await asyncio.wait({key, prompting}, return_when=asyncio.FIRST_COMPLETED)
        if key.done():
            await cancelled(prompting)
            return key.result()
        await prompting
        await asyncio.wait({key}, timeout=timeout_s)
        return key.result() if key.done() else None
    finally:
        key.cancel()


async def _next_key(pressed: "asyncio.Queue[str]", timeout_s: float) -> str | None:
    try:
        return await asyncio.wait_for(pressed.get(), timeout_s)
    except TimeoutError:
        return None
