"""What the media engine costs without system calls: in this process, packets laid into its inbox, only `tick` timed.

Beside the bare floor it tells where a leg's cost goes. The only module here that imports mixminus.
"""

import random
import time
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pylibsrtp import Policy, Session

from bench.kernel_loads import Load
from bench.load import sounds, ulaw
from bench.rows import Row, row
from mixminus.audio import g722
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.coded_legs import opus_terms
from mixminus.media.contract import LegRow, OpenLeg, SetLegMedia, SetRoom
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.libopus import encode_frame
from mixminus.media.opus_library import opus_library
from mixminus.media.ports import address_key
from mixminus.media.srtp_library import MASTER_BYTES
from mixminus.media.srtp_terms import SrtpKeys
from mixminus.media.state import CONCEALED, RECEIVED, SENT

PART: Final = "kernel"

_TICKS_PER_S: Final = 50
_HEADER_BYTES: Final = 12
_PAYLOAD_BYTES: Final = 160
_WARM_UP_TICKS: Final = 100
_SEED: Final = 7
_PAYLOAD_TYPES: Final = {"PCMU": 0, "G722": 9, "opus": 111}
_SAMPLES_FOR_ONE: Final = {"PCMU": 1, "G722": 2, "opus": 6}
_CLOCKS_FOR_ONE: Final = {"PCMU": 1, "G722": 1, "opus": 6}


def measure(load: Load, seconds: float | None = None) -> Row:
    """Tick an engine under that load for *seconds* of its own time, a packet from every leg in every tick."""
    legs = load.legs
    with _engine(load) as engine:
        packets = _Packets(engine, load)
        for _ in range(_WARM_UP_TICKS):
            packets.arrive()
            engine.tick()
        spent_ns, ticks = 0, int((seconds or load.seconds) * _TICKS_PER_S)
        for _ in range(ticks):
            packets.arrive()
            begin_ns = time.thread_time_ns()
            engine.tick()
            spent_ns += time.thread_time_ns() - begin_ns
        faults = list(_idleness(engine, legs, _WARM_UP_TICKS + ticks))
    us = spent_ns / 1e3 / ticks * _TICKS_PER_S / legs
    return row(PART, load.name, {"legs": legs, "cpu_us": us}, faults)


def _idleness(engine: Engine, legs: int, ticks: int) -> Iterator[str]:
    """Say what work the engine was spared: rejecting a packet costs less than playing it."""
    counted = engine.legs.line.counters.sum(axis=0)
    if counted[RECEIVED] != legs * ticks or counted[SENT] != legs * ticks:
        yield f"{counted[RECEIVED]} packets were taken in and {counted[SENT]} sent, not {legs * ticks}"
    if counted[CONCEALED]:
        yield f"{counted[CONCEALED]} samples were concealed"


def _engine(load: Load) -> Engine:
    legs, size = load.legs, load.room_size
    engine = Engine(EngineSettings(legs=legs, rooms=legs // size + 1), random.Random(_SEED).randbytes)
    payload_type = _PAYLOAD_TYPES[load.codec]
    for leg in range(1, legs + 1):
        media = SetLegMedia(
            leg, "127.0.0.1", _port(leg), load.codec, 101, sends=True, receives=True, payload_type=payload_type,
            srtp=None if load.srtp is None else SrtpKeys(load.srtp, _key(load.srtp, leg), _key(load.srtp, leg)),
        )  # fmt: skip
        engine.apply([OpenLeg(leg), media])
    for room, first in enumerate(range(1, legs + 1, size), 1):
        members = list(range(first, min(first + size, legs + 1)))
        coaches = tuple(members[len(members) - load.coaches :])
        on_bus = members[: load.on_bus]
        rows = (
            LegRow(leg, on_bus=leg in on_bus, hears_bus=True, plus=coaches if n == 1 else ())
            for n, leg in enumerate(members)
        )
        engine.apply([SetRoom(room, tuple(rows))])
    engine.take_events()
    return engine


def _key(profile: str, leg: int) -> bytes:
    return leg.to_bytes(MASTER_BYTES[profile])


def _port(leg: int) -> int:
    return 10_000 + leg


def _coded(said: NDArray[np.uint8], codec: str) -> list[bytes]:
    """Turn a loop of µ-law frames into payloads of another codec, the second time round: it has settled then."""
    if codec == "PCMU":
        return [bytes(frame) for frame in said]
    sound = np.repeat(ulaw.decode(said), _SAMPLES_FOR_ONE[codec], axis=1)
    frames = [*sound, *sound]
    payload = np.zeros(_PAYLOAD_BYTES, np.uint8)
    payloads = []
    if codec == "G722":
        state = g722.new_state()
        for frame in frames:
            g722.encode(state, frame, payload)
            payloads.append(bytes(payload))
    else:
        opus = opus_library()
        if opus is None:
            raise ImportError("there is no libopus")
        encoder = opus.new_encoder(48_000, opus_terms(48_000, OpusMedia()))
        for frame in frames:
            size = encode_frame(opus.encode_address, encoder.ctypes.data, frame, payload)
            payloads.append(bytes(payload[:size]))
    return payloads[len(said) :]


def _seal(profile: str, leg: int) -> Session:
    """Of a far end."""
    number = {
        "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    }[profile]
    return Session(Policy(_key(profile, leg), Policy.SSRC_ANY_OUTBOUND, 0, number))


class _Packets:
    """One packet of every leg, ready to be laid into the inbox again and again, a frame later each time."""

    def __init__(self, engine: Engine, load: Load) -> None:
        legs = load.legs
        self._inbox, self._engine, self._count = engine.lanes[0].inbox, engine, legs
        loops = sounds.loops(max(1, min(load.talkers, load.room_size)))
        self._speech = _coded(loops[sounds.SPEECH], load.codec)
        self._silence = _coded(loops[sounds.SILENCE], load.codec)
        self._talks = np.arange(legs) % load.room_size < load.talkers
        self._step = sounds.FRAME_SAMPLES * _CLOCKS_FOR_ONE[load.codec]
        self._headers = np.zeros((legs, _HEADER_BYTES), np.uint8)
        self._headers[:, 0] = 0x80
        self._headers[:, 1] = _PAYLOAD_TYPES[load.codec]
        self._headers[:, 8:12] = np.arange(1, legs + 1, dtype=">u4").view(np.uint8).reshape(-1, 4)
        self._frame = 0
        self._inbox.slot[:legs] = [engine.legs.slots.row(leg) or 0 for leg in range(1, legs + 1)]
        self._generations = engine.legs.line.generation[self._inbox.slot[:legs]]
        self._seals = [] if load.srtp is None else [_seal(load.srtp, leg) for leg in range(1, legs + 1)]
        self._inbox.source[:legs] = [address_key("127.0.0.1", _port(leg)) for leg in range(1, legs + 1)]

    def arrive(self) -> None:
        """Lay the next frame's packets into the inbox."""
        frame, inbox = self._frame, self._inbox
        self._headers[:, 2:4] = np.array([frame & 0xFFFF], ">u2").view(np.uint8)
        self._headers[:, 4:8] = np.array([frame * self._step & 0xFFFFFFFF], ">u4").view(np.uint8)
        inbox.data[: self._count, :_HEADER_BYTES] = self._headers
        for payloads, who in ((self._silence, ~self._talks), (self._speech, self._talks)):
            said = np.frombuffer(payloads[frame % len(payloads)], np.uint8)
            inbox.data[: self._count][who, _HEADER_BYTES : _HEADER_BYTES + len(said)] = said
            inbox.bytes[: self._count][who] = _HEADER_BYTES + len(said)
        for n, seal in enumerate(self._seals):
            packet = inbox.data[n, : inbox.bytes[n]]
            sealed = np.frombuffer(seal.protect(packet.tobytes()), np.uint8)
            inbox.data[n, : len(sealed)], inbox.bytes[n] = sealed, len(sealed)
        inbox.generation[: self._count] = self._generations
        self._engine.lanes[0].arrived = self._count
        self._frame += 1
