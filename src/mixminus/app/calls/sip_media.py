"""The media of one SIP call: a leg, and what SDP agreed on for it."""

import msgspec

from mixminus.app.media_link import MediaLink, OpenedLeg
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.contract import SetLegMedia
from mixminus.sdp.media import Agreed, LocalMedia
from mixminus.sdp.negotiation import Negotiation


class SipMedia:
    """Negotiates for a leg and tells the engine."""

    def __init__(
        self, media: MediaLink, *, session_id: int, codecs: tuple[str, ...], opus_complexity: int, rtp_timeout_ms: int
    ) -> None:
        self._media = media
        self._session_id = session_id
        self._codecs = codecs
        self._opus_complexity = opus_complexity
        self._rtp_timeout_ms = rtp_timeout_ms
        self._opened: OpenedLeg | None = None
        self._negotiation: Negotiation | None = None
        self._jitter_buffer_size = "large"
        self._agreed: SetLegMedia | None = None

    @property
    def leg(self) -> int | None:
        return self._opened.leg if self._opened else None

    async def open(self) -> None:
        """Bind a port. Raises `NoMedia`."""
        if self._opened is None:
            self._opened = await self._media.open_leg()
            local = LocalMedia(self._opened.host, self._opened.port, self._session_id, self._codecs)
            self._negotiation = Negotiation(local)

    def offer(self) -> bytes:
        assert self._negotiation is not None
        return self._negotiation.offer()

    def answer(self, offer: bytes) -> bytes:
        """Raises `SdpError` when nothing in the offer suits us (488)."""
        assert self._negotiation is not None
        answer = self._negotiation.answer(offer)
        self._carry_out(self._negotiation.agreed)
        return answer

    def take_answer(self, answer: bytes) -> None:
        """Raises `SdpError` when it does not fit our offer."""
        assert self._negotiation is not None
        self._negotiation.take_answer(answer)
        self._carry_out(self._negotiation.agreed)

    def size_jitter_buffer(self, size: str) -> None:
        """`off`, `small`, `medium` or `large` from now on (`jitterBufferSize`)."""
        self._jitter_buffer_size = size
        if self._agreed is not None and self._agreed.jitter_buffer != size:
            self._agreed = msgspec.structs.replace(self._agreed, jitter_buffer=size)
            self._media.apply(self._agreed)

    def key_pressed(self, key: str) -> None:
        """The phone told a key by SIP."""
        if self._opened is not None:
            self._media.key_told(self._opened.leg, key)

    def close(self) -> None:
        if self._opened is not None:
            self._media.close_leg(self._opened.leg)
            self._opened = None

    def _carry_out(self, agreed: Agreed | None) -> None:
        assert self._opened is not None
        assert agreed is not None
        self._agreed = SetLegMedia(
            leg=self._opened.leg,
            remote_host=agreed.remote_host,
            remote_port=agreed.remote_port,
            codec=agreed.codec,
            telephone_event_payload_type=agreed.telephone_event_payload_type,
            sends=agreed.direction.sends,
            # A phone that holds us may send its own music; nobody in the room wants to hear it.
            receives=agreed.direction.receives and not agreed.on_hold,
            jitter_buffer=self._jitter_buffer_size,
            rtcp_mux=agreed.rtcp_mux,
            rtcp_port=agreed.rtcp_port,
            # A phone that put us on hold may be silent for as long as it likes.
            payload_type=agreed.payload_type,
            understood=agreed.understood,
            opus=self._opus(agreed),
            telephone_event_clock_hz=agreed.telephone_event_clock_hz,
            rtp_timeout_ms=self._rtp_timeout_ms if agreed.direction.receives and agreed.direction.sends else 0,
        )
        self._media.apply(self._agreed)

    def _opus(self, agreed: Agreed) -> OpusMedia:
        wishes = agreed.opus
        return OpusMedia(
            rate_hz=wishes.rate_hz,
            bitrate_bps=wishes.max_average_bitrate_bps or 0,
            fec=wishes.wants_fec,
            complexity=self._opus_complexity,
        )
