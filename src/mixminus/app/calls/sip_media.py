"""The media of one SIP call: a leg, and what SDP agreed on for it."""

import base64
from dataclasses import dataclass
from functools import partial

import msgspec

from mixminus.app.calls.far_ends import UNKNOWN, FarEnd
from mixminus.app.calls.media_hosts import told_hosts
from mixminus.app.media_link import MediaLink, OpenedLeg
from mixminus.base.types import RandomBytes
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.contract import SetLegMedia
from mixminus.media.srtp_terms import DtlsTerms, IceTerms, SrtpKeys
from mixminus.sdp.crypto import OFFERED_BYTES, offered_keys
from mixminus.sdp.dtls import DtlsEnd, Fingerprint
from mixminus.sdp.ice import HOST_PRIORITY, Candidate, IceEnd
from mixminus.sdp.media import Agreed, LocalMedia
from mixminus.sdp.negotiation import Negotiation
from mixminus.sip.contract import DialogKey


@dataclass(frozen=True, slots=True)
class MediaTerms:
    """What all calls of a node have in common."""

    codecs: tuple[str, ...]
    opus_complexity: int
    rtp_timeout_ms: int
    random_bytes: RandomBytes
    advertised: tuple[str, ...] = ()
    """Our addresses in SDP; none: the one that ports are bound at."""
    certificate: Fingerprint | None = None
    """Of the one that is shown in handshakes; None: there are none."""


class SipMedia:
    """Negotiates for a leg and tells the engine.

    Several phones that ring for one call share the leg. Each has keys and descriptions of its own; the one that was
    turned to last has the leg.
    """

    def __init__(self, media: MediaLink, terms: MediaTerms, far: FarEnd = UNKNOWN) -> None:
        self._media = media
        self._terms = terms
        self._session_id = int.from_bytes(terms.random_bytes(6))
        self._far = far
        self._opened: OpenedLeg | None = None
        self._negotiation: Negotiation | None = None
        self._phones: dict[DialogKey, tuple[FarEnd, Negotiation]] = {}
        self._jitter_buffer_size = "large"
        self._agreed: SetLegMedia | None = None

    @property
    def leg(self) -> int | None:
        return self._opened.leg if self._opened else None

    async def open(self) -> None:
        """Bind a port. Raises `NoMedia`."""
        if self._opened is None:
            self._opened = await self._media.open_leg()
            self._negotiation = self._begin(self._far)

    def try_out(self, offer: bytes | None, host: str) -> None:
        """Raises `SdpError` when it could not be answered, or none be made, with media on *host*.

        This is asked before there is a leg.
        """
        trial = Negotiation(self._local(OpenedLeg(0, host, 9), self._far), self._far.keying)
        if offer is not None:
            trial.answer(offer)
        else:
            trial.offer()

    # --- several phones -------------------------------------------------------------------------------------------

    def offer_to(self, dialog: DialogKey, far: FarEnd) -> bytes:
        """The first offer to one of several phones. Raises `NotSecure` when it cannot be as secure as it has to."""
        negotiation = self._begin(far)
        offer = negotiation.offer()
        self._phones[dialog] = far, negotiation
        self.turn_to(dialog)
        return offer

    def may_be_plain(self, dialog: DialogKey) -> bool:
        """What was offered there is secured, and another offer that is not would do as well."""
        return self._phones[dialog][1].is_best_effort

    def turn_to(self, dialog: DialogKey) -> None:
        """From now on it is about what was offered there."""
        self._far, self._negotiation = self._phones[dialog]

    def answer_instead(self, dialog: DialogKey, offer: bytes, far: FarEnd) -> bytes:
        """Another phone has the leg from now on. Raises `SdpError`, and then nothing has changed."""
        negotiation = self._begin(far)
        answer = negotiation.answer(offer)
        self._phones[dialog] = far, negotiation
        self.turn_to(dialog)
        self._carry_out(negotiation.agreed)
        return answer

    # --- offers and answers ---------------------------------------------------------------------------------------

    def offer(self) -> bytes:
        """Raises `SdpError` when it cannot be as secure as it has to."""
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

    def _begin(self, far: FarEnd) -> Negotiation:
        assert self._opened is not None
        return Negotiation(self._local(self._opened, far), far.keying, partial(self._ice, self._opened, far))

    def _local(self, opened: OpenedLeg, far: FarEnd) -> LocalMedia:
        """Keys are drawn for each far end anew."""
        terms = self._terms
        certificate = terms.certificate
        host, other_host = told_hosts(terms.advertised or (opened.host,), far.host)
        return LocalMedia(
            host=host,
            port=opened.port,
            other_host=other_host,
            session_id=self._session_id,
            codecs=terms.codecs,
            srtp=far.wishes.srtp,
            keys=offered_keys(terms.random_bytes(OFFERED_BYTES)) if far.in_sdp else (),
            dtls=DtlsEnd(certificate) if certificate is not None else None,
            ice=self._ice(opened, far) if certificate is not None else None,
        )

    def _ice(self, opened: OpenedLeg, far: FarEnd) -> IceEnd:
        """With 48 and 144 random bits, where 24 and 128 must be (RFC 8445 5.3). There is nothing to gather."""
        fragment, password = (base64.b64encode(self._terms.random_bytes(size)).decode() for size in (6, 18))
        hosts = told_hosts(self._terms.advertised or (opened.host,), far.host)
        candidates = tuple(
            # The local preference is lower by one for each (RFC 8445 5.1.2.1).
            Candidate(str(number + 1), 1, HOST_PRIORITY - (number << 8), host, opened.port)
            for number, host in enumerate(host for host in hosts if host is not None)
        )
        return IceEnd(fragment, password, is_lite=True, candidates=candidates, is_complete=True)

    # --- the leg --------------------------------------------------------------------------------------------------

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
        talks = agreed.direction.receives and agreed.direction.sends
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
            payload_type=agreed.payload_type,
            understood=agreed.understood,
            opus=_opus(agreed, self._terms.opus_complexity),
            telephone_event_clock_hz=agreed.telephone_event_clock_hz,
            # A phone that put us on hold may be silent for as long as it likes.
            rtp_timeout_ms=self._terms.rtp_timeout_ms if talks else 0,
            latch=self._far.wishes.latch,
            signalled_from=self._far.host or None,
            srtp=_keys(agreed),
            ice=_checks(agreed),
            dtls=_handshake(agreed),
        )
        self._media.apply(self._agreed)


def _opus(agreed: Agreed, complexity: int) -> OpusMedia:
    wishes = agreed.opus
    return OpusMedia(
        rate_hz=wishes.rate_hz,
        bitrate_bps=wishes.max_average_bitrate_bps or 0,
        fec=wishes.wants_fec,
        complexity=complexity,
    )


def _keys(agreed: Agreed) -> SrtpKeys | None:
    keys = agreed.keys
    return SrtpKeys(keys.suite, keys.ours, keys.theirs) if keys is not None else None


def _checks(agreed: Agreed) -> IceTerms | None:
    if agreed.ice is None:
        return None
    ours, theirs = agreed.ice.ours, agreed.ice.theirs
    return IceTerms(ours.fragment, ours.password, theirs.fragment, theirs.password)


def _handshake(agreed: Agreed) -> DtlsTerms | None:
    if agreed.dtls is None:
        return None
    certificate = agreed.dtls.fingerprint
    return DtlsTerms(agreed.dtls.is_client, certificate.hash_name, certificate.digest)
