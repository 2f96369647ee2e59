"""A place in the engine where sound can be listened to, for recordings and streams."""

import msgspec


class Tap(msgspec.Struct, frozen=True, array_like=True):
    """A place to listen at, by `kind`.

    `bus`: everything on a room's bus. `leg_in`: what the leg says, `leg_out`: what it hears. `voice`: what the leg
    says on the bus of *room*, `whisper`: what it says in *room* to some listeners alone (`LegRow.plus`); `to_ear`:
    what it says in *room* as far as the leg *ear* hears it there. The last three are silent at every tick at which
    the routing plan in force has it otherwise.
    """

    kind: str
    id: int
    room: int | None = None
    sign: int = 1
    """-1 takes it out of the sum: the bus less one voice."""
    ear: int | None = None
