"""What the engine tells of its legs and of itself when it is asked; part of the contract."""

import msgspec


class LegQuality(msgspec.Struct, frozen=True):
    """What a leg's packets went through since it was opened. Counts are packets."""

    leg: int
    codec: str
    received: int
    sent: int
    lost: int
    late: int
    """Came when their time to be played was over."""
    duplicate: int
    stray: int
    malformed: int
    unwanted: int
    resynced: int
    """How often the far end's clock was taken for moved."""
    concealed_ms: int
    jitter_ms: float
    """Interarrival jitter (RFC 3550), by the times at which packets arrived."""
    playout_delay_ms: float
    """Of the jitter buffer, now."""
    mos: float
    """Estimated mean opinion score of what we hear of the far end (ITU-T G.107)."""
    round_trip_ms: float | None = None
    """By RTCP; None: the far end has not told yet."""
    far_lost: int | None = None
    """Of our packets, as the far end counts."""
    far_jitter_ms: float | None = None
    far_mos: float | None = None
    """Estimated for what the far end hears of us."""
    forged: int = 0
    """At a secured leg: in plain, damaged, or with another key than the leg's."""
    replayed: int = 0


class WorkerHealth(msgspec.Struct, frozen=True):
    """How the worker keeps up since it was started."""

    legs: int = 0
    rooms: int = 0
    ticks: int = 0
    late_ticks: int = 0
    """Begun more than 5 ms late."""
    missed_ticks: int = 0
    """Left out, after a stopped machine."""
    max_lateness_ms: float = 0.0
    refused_packets: int = 0
    """That the system did not take."""
    inbox_overflows: int = 0
    lost_flushes: int = 0
    """Stretches of recordings that the disk was too slow for."""
    overdue_syncs: int = 0
    """How often a loss of power would have taken more than a second of recordings."""
    lost_happenings: int = 0
    left_out_frames: int = 0
    """Of streams, that the control process was too busy for."""
    received: int = 0
    """RTP packets of all legs that are or were; and so on."""
    sent: int = 0
    lost: int = 0
    late: int = 0
    concealed_ms: int = 0
    forged: int = 0
    replayed: int = 0
    stray: int = 0
    refused_checks: int = 0
    """And other datagrams for ICE and DTLS from those who may not send them."""
    failed_handshakes: int = 0
