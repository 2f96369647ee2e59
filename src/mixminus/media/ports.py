"""Where a leg's packets come in: the seam between the engine and its shells."""

from typing import Final, Protocol

from mixminus.base.errors import MixminusError

HIGHEST_PORT: Final = 0xFFFF

IMAGINARY_HOST: Final = "127.0.0.1"
FIRST_IMAGINARY_PORT: Final = 20000


class NoPortError(MixminusError):
    """There is no free media port."""


class Ports(Protocol):
    """Opens and closes the network end of a leg."""

    def open(self, slot: int) -> tuple[str, int]:
        """Bind a port for the leg in that row and say where it is. Raises `NoPortError`."""

    def open_control(self, slot: int) -> None:
        """Bind the next port as well, for RTCP; without it a leg goes on, too."""

    def close(self, slot: int) -> None:
        """Give the row's ports back."""


def address_key(host: str, port: int) -> int:
    """An IPv4 address as the kernels keep it; 0 if it is not one that can be sent to."""
    parts = host.split(".")
    if len(parts) != 4 or not all(_is_octet(part) for part in parts):
        return 0
    if not 0 < port <= HIGHEST_PORT:
        return 0
    address = int.from_bytes(bytes(int(part) for part in parts))
    return address << 16 | port if address else 0


def address_of(key: int) -> tuple[str, int]:
    """The inverse of `address_key`."""
    return ".".join(str(octet) for octet in (key >> 16).to_bytes(4)), key & HIGHEST_PORT


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 256


class ImaginaryPorts:
    """Ports that nothing is bound to."""

    def __init__(self) -> None:
        self.port_of: dict[int, int] = {}
        self.slot_of: dict[int, int] = {}
        self.most = (HIGHEST_PORT - FIRST_IMAGINARY_PORT) // 2
        """How many there are."""
        self._next = FIRST_IMAGINARY_PORT

    def open(self, slot: int) -> tuple[str, int]:
        if len(self.slot_of) >= self.most:
            raise NoPortError("all media ports are taken")
        while self._next in self.slot_of:
            self._advance()
        port = self._next
        self._advance()
        self.port_of[slot] = port
        self.slot_of[port] = slot
        return IMAGINARY_HOST, port

    def open_control(self, slot: int) -> None:
        """RTP takes the even ports: the odd ones are all ours."""

    def close(self, slot: int) -> None:
        port = self.port_of.pop(slot, None)
        if port is not None:
            del self.slot_of[port]

    def _advance(self) -> None:
        self._next = self._next + 2 if self._next < HIGHEST_PORT - 1 else FIRST_IMAGINARY_PORT
