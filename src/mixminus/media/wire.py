"""How control plane and worker talk: a length in 4 bytes, then MessagePack.

One message is one tuple: of commands that belong together, or of events.
"""

from typing import Final, Generic, TypeVar

import msgspec

from mixminus.base.errors import MixminusError
from mixminus.media.contract import Command, Event

M = TypeVar("M")

LENGTH_BYTES: Final = 4
MAX_MESSAGE_BYTES: Final = 64 << 20
"""A routing plan of a million rows fits."""

_ENCODER: Final = msgspec.msgpack.Encoder()


class WireError(MixminusError):
    """The other end of the control socket does not speak our language."""


def framed(message: tuple[Command, ...] | tuple[Event, ...]) -> bytes:
    """One message as it travels."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(LENGTH_BYTES) + body


class Unframer(Generic[M]):
    """Bytes in, in any pieces; messages out."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[M]:
        """The messages that are complete now. Raises `WireError`."""
        self._buffer += data
        messages: list[M] = []
        while len(self._buffer) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._buffer[:LENGTH_BYTES])
            if end > MAX_MESSAGE_BYTES:
                raise WireError(f"a message of {end} bytes")
            if len(self._buffer) < end:
                break
            messages.append(self._decode(bytes(self._buffer[LENGTH_BYTES:end])))
            del self._buffer[:end]
        return messages

    def _decode(self, body: bytes) -> M:
        try:
            return self._decoder.decode(body)
        except msgspec.DecodeError as error:
            raise WireError(f"not a message: {error}") from error


def command_unframer() -> Unframer[tuple[Command, ...]]:
    return Unframer(msgspec.msgpack.Decoder(tuple[Command, ...]))


def event_unframer() -> Unframer[tuple[Event, ...]]:
    return Unframer(msgspec.msgpack.Decoder(tuple[Event, ...]))
