"""How codecs are spoken on a leg: a part of `contract.SetLegMedia`."""

import msgspec


class OpusMedia(msgspec.Struct, frozen=True):
    """How Opus is spoken on a leg."""

    rate_hz: int = 48_000
    """Of what we send and decode to: 8000, 16000 or 48000. The RTP clock is 48000 in any case."""
    bitrate_bps: int = 0
    """0: what suits the rate."""
    fec: bool = True
    """Send a coarse copy of each frame with the next one."""
    complexity: int = 5
    """0 to 10."""
