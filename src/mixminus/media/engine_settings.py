"""How large an engine is, and how it shares its work."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Rows double when they are used up, up to `max_legs`; a row that was never used takes no memory."""

    legs: int = 4096
    max_legs: int = 32768
    rooms: int = 1024
    players: int = 1024
    recorders: int = 1024
    happenings: int = 8192
    beats: int = 4
    """Of a tick: 5 ms each."""
    lanes: int = 1
    """That may work at the same time; one a core."""
    lone_legs: int = 256
    """So many keep to one lane: to wake another thread costs as much as some tens of legs."""
    clip_cache_bytes: int = 64 << 20
    """How much decoded audio is kept after nobody plays it any more."""
