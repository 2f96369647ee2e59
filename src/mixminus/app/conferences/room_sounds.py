"""What is heard in a conference besides its participants."""

import asyncio
from dataclasses import dataclass
from typing import Final

from mixminus.app.sounds.prompting import Loudspeaker
from mixminus.base.types import Sid
from mixminus.calls.options import Sound
from mixminus.media.contract import Tone

ENTER_BEEP: Final = (Tone((740.0,), 90, -14.0), Tone((988.0,), 120, -14.0))
EXIT_BEEP: Final = (Tone((988.0,), 90, -14.0), Tone((740.0,), 120, -14.0))


@dataclass(slots=True)
class PrivateSound:
    """What plays to one leg alone."""

    sound: Sound
    loudspeaker: Loudspeaker
    task: asyncio.Task[None]


@dataclass(slots=True, eq=False)
class Announcement:
    """What plays once, to one participant or (None) to all."""

    call_sid: Sid | None
    loudspeaker: Loudspeaker
    task: asyncio.Task[None]
