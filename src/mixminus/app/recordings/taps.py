"""What each channel of a recording listens to."""

from collections.abc import Iterable

from mixminus.calls.options import RecordingOptions
from mixminus.media.contract import Tap

Channel = tuple[Tap, ...]


def of_call(leg: int, options: RecordingOptions) -> tuple[Channel, ...]:
    """What the leg says, what it hears, or both, in one channel or in two."""
    inbound, outbound = Tap("leg_in", leg), Tap("leg_out", leg)
    match options.track, options.channels:
        case "inbound", _:
            return ((inbound,),)
        case "outbound", _:
            return ((outbound,),)
        case _, 2:
            return ((inbound,), (outbound,))
        case _:
            return ((inbound, outbound),)


def of_conference(room: int, first: int) -> tuple[Channel, ...]:
    """The first who joined, and everything else on the bus (Twilio Changelog, 2025-09-15; law 3)."""
    return ((Tap("voice", first, room),), (Tap("bus", room), Tap("voice", first, room, -1)))


def of_participant(room: int, leg: int) -> tuple[Channel, ...]:
    """What the room hears of this one."""
    return ((Tap("voice", leg, room),),)


def of_whispers(room: int, legs: Iterable[int]) -> tuple[Channel, ...]:
    """What any of these says to some of the room alone."""
    return (tuple(Tap("whisper", leg, room) for leg in legs),)
