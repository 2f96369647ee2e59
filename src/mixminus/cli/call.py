"""`mixminus call`: a virtual phone in the terminal."""

import asyncio
import re
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from mixminus.app.world import spoken
from mixminus.base.errors import MixminusError
from mixminus.cli.readings import BadSetting, endpoint
from mixminus.testing import CallRefused, LoopbackNetwork, VirtualPhone
from mixminus.testing.clips import load_clip
from mixminus.testing.g711 import Samples
from mixminus.testing.network import Address
from mixminus.testing.outgoing_call import OutgoingCall
from mixminus.testing.user_agent.message import address_of

RING_S: Final = 60.0

FULL_SCALE: Final = 32_768
NUMBER: Final = re.compile(r"[+*#0-9A-Za-z._-]+")

CURES: Final = {
    401: " (who is not on the node's machine needs a user's password, which this phone has not)",
    403: " (who is not on the node's machine needs a user's password, which this phone has not)",
    404: " (nobody has that number: make it by REST, or by [numbers] in mixminus.toml)",
    408: " (nothing answers there: start a node, or name its SIP address with --server)",
}
"""What to do about a refusal."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """What the command line asked for."""

    to: str
    server: Address
    say: str | None
    play: Path | None
    record: Path | None
    for_s: float

    @classmethod
    def of(
        cls, to: str, server: str, *, say: str | None, play: Path | None, record: Path | None, for_s: float
    ) -> Self:
        """Raises `BadSetting`."""
        at = endpoint("--server", server)
        if say is not None and play is not None:
            raise BadSetting("--say and --play cannot be had at once: one call has one voice.")
        if not to.lower().startswith("sip:") and not NUMBER.fullmatch(to):
            raise BadSetting(f"{to!r} is neither a number nor sip:USER@HOST:PORT.")
        return cls(to, (at.host, at.port), say, play, record, for_s)

    @property
    def peer(self) -> Address:
        """Where the INVITE goes."""
        return address_of(self.to) if self.to.lower().startswith("sip:") else self.server


async def place_call(plan: PlannedCall, tell: Tell) -> None:
    """Call, speak, listen, hang up. Raises `CallRefused` and other `MixminusError`s, OSError."""
    voice = await _voice(plan)
    phone = VirtualPhone(
        LoopbackNetwork(),
        user="mixminus",
        host=_own_address(plan.peer),
        server=plan.server,
        transport="tcp" if "transport=tcp" in plan.to.lower() else "udp",
    )
    async with phone:
        tell(f"calling {plan.to} at {plan.peer[0]}:{plan.peer[1]}")
        call = await phone.place(plan.to)
        try:
            await _reach(call, tell)
            await _talk(call, plan, voice, tell)
        finally:
            await call.hang_up()
        _report(call, plan, tell)


async def _voice(plan: PlannedCall) -> Samples | None:
    if plan.play is not None:
        return load_clip(plan.play)
    if plan.say is None:
        return None
    with tempfile.TemporaryDirectory(prefix="mixminus-call-") as folder:
        path = await spoken(plan.say, Path(folder))
        return np.fromfile(path, "<i2").astype(np.int16)


async def _reach(call: OutgoingCall, tell: Tell) -> None:
    try:
        async with asyncio.timeout(RING_S):
            await call.ringing()
            if call.answered_at is None:
                tell("ringing")
            await call.answered()
    except TimeoutError:
        raise CallRefused(408, f"nobody answered within {RING_S:.0f} s") from None
    except CallRefused as error:
        if call.answered_at is None:  # else it was taken, and is over already
            raise CallRefused(error.status, error.reason + CURES.get(error.status, "")) from None
    tell("answered")


async def _talk(call: OutgoingCall, plan: PlannedCall, voice: Samples | None, tell: Tell) -> None:
    if voice is not None:
        call.play(voice)
        tell(f"speaking for {len(voice) / 8_000:.1f} s")
    try:
        await call.ended(within_s=plan.for_s)
    except TimeoutError:
        tell(f"hanging up after {plan.for_s:g} s")
    else:
        tell("the far end hung up")


def _report(call: OutgoingCall, plan: PlannedCall, tell: Tell) -> None:
    heard = call.heard
    tell(f"heard {len(heard) / 8_000:.1f} s, {_loudness(heard)}")
    if plan.record is not None:
        call.save(plan.record)
        tell(f"recorded to {plan.record}")


def _loudness(samples: Samples) -> str:
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    return f"loudest at {20 * np.log10(peak / FULL_SCALE):.0f} dBFS" if peak > 8 else "silence only"


def _own_address(peer: Address) -> str:
    """Our address on the way to *peer*. Raises `MixminusError` when there is no way."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(peer)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise MixminusError(
            f"{peer[0]} cannot be reached: {error.strerror}. Check the name and the network."
        ) from error
