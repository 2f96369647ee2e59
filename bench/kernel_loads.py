"""The loads under which the engine alone is timed."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Load:
    """Legs in rooms of one size and codec; who is on no bus hears it all the same."""

    legs: int
    room_size: int
    what: str = ""
    """Said behind legs and rooms, where these two do not tell all."""
    talkers: int = 2
    """How many of a room speak, the first ones; the others send silence."""
    on_bus: int | None = None
    """How many of a room are on its bus, the first ones; None: all."""
    coaches: int = 0
    """How many of a room, the last ones, are heard by its second leg alone."""
    codec: str = "PCMU"
    srtp: str | None = None
    """The profile that packets are sealed with, both ways."""
    seconds: float = 4.0
    """Of the engine's own time."""

    @property
    def name(self) -> str:
        """Return the row's name."""
        rooms = "one room" if self.room_size == self.legs else f"rooms of {self.room_size}"
        return ", ".join(filter(None, (f"{self.legs:,} legs, {rooms}", self.what)))


PLAIN: Final = (Load(501, 3), Load(2_001, 3), Load(999, 999))
ALL_TALK: Final = Load(501, 3, "all speak", talkers=3)
COACHED: Final = Load(501, 3, "all speak, a coach in each", talkers=3, on_bus=2, coaches=1)
SILENT: Final = Load(501, 3, "nobody speaks", talkers=0)


def _webinar(what: str, on_bus: int | None = 10, codec: str = "PCMU", seconds: float = 4.0) -> Load:
    return Load(1_010, 1_010, what, talkers=10, on_bus=on_bus, codec=codec, seconds=seconds)


WEBINARS: Final = (
    _webinar("10 speak, nobody is muted", on_bus=None),
    _webinar("10 speak, 1,000 are muted"),
    _webinar("10 speak, 1,000 are muted, G722", codec="G722", seconds=2.0),
    _webinar("10 speak, 1,000 are muted, opus", codec="opus", seconds=1.0),
)
SEALED: Final = tuple(
    Load(501, 3, profile, srtp=profile)
    for profile in ("AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM")
)
LOADS: Final = (*PLAIN, ALL_TALK, COACHED, SILENT, *WEBINARS, *SEALED)
