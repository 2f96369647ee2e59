"""Finds far ends by their checks (ICE) and agrees on keys with them (DTLS): `Handshakes` for legs of browsers.

Nobody who has not passed a check, or is not at the announced address where there are none, gets a handshake of us.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.base.stun import is_stun
from mixminus.media.contract import Event, RtpTimedOut, SecuringFailed, SetLegMedia, UseCertificate
from mixminus.media.handshakes import Address, Datagram, Refusals
from mixminus.media.secure_association import Association
from mixminus.media.secure_bench import Bench
from mixminus.media.srtp_terms import DtlsTerms, IceTerms, SrtpKeys
from mixminus.webrtc.dtls import Certificate, DtlsContext, Handshake
from mixminus.webrtc.ice import Credentials, Generation, IceLite

FIRST_DTLS, LAST_DTLS = 20, 63
"""First bytes of its records (RFC 7983 section 7)."""

HANDSHAKE_S: Final = 30.0
"""From where the far end was found. With all retransmissions of a lossy path it takes a few seconds."""

SWEEP_S: Final = 0.5
"""So often it is looked who is gone."""
MOST_REFUSED: Final = 256
"""Checks of strangers that are read and answered from one sweep to the next, over all legs: 10 ms of work."""


@dataclass(slots=True)
class FarEnd:
    """What is known of one leg's."""

    announced: Address
    signalled_from: str | None = None
    """Where its SIP comes from: behind a NAT it speaks from there."""
    ice: IceLite | None = None
    found: Address | None = None
    """Where the engine was told that it is."""
    is_gone: bool = False
    terms: DtlsTerms | None = None
    association: Association | None = None
    is_settled: bool = True
    """The association has come to its end, and that was told."""
    shakes_from: Address | None = None
    """Where the handshake's last datagram came from."""
    give_up_at: float | None = None

    def is_known_at(self, source: Address) -> bool:
        """Whether it is the far end that speaks from there, as far as that can be known without keys."""
        if self.ice is not None:
            return self.ice.knows(source)
        return source[0] in (self.announced[0], self.signalled_from)

    @property
    def place(self) -> Address | None:
        """Where it gets handshakes."""
        return self.shakes_from or (self.announced if self.ice is None else self.found)


class Owner(Protocol):
    """The engine, as far as it matters here."""

    ticks: int
    """The clock: unlike that on the wall, nobody sets it."""

    def found(self, leg: int, host: str, port: int) -> None: ...

    def secure(self, leg: int, keys: SrtpKeys) -> None: ...

    def tell(self, *events: Event) -> None: ...


class FarEnds:
    """All legs of one engine."""

    def __init__(self, engine: Owner, bench: Bench, shown: UseCertificate) -> None:
        self._engine = engine
        self._bench = bench
        self.refusals = Refusals()
        self._context = DtlsContext(Certificate(shown.certificate, shown.key))
        self._of: dict[int, FarEnd] = {}
        self._shaking: set[int] = set()
        """Legs with something to be done for their association."""
        self._departing: list[Datagram] = []
        self._sweep_at = 0.0
        self._refused = 0
        """Since the last sweep."""

    @property
    def is_idle(self) -> bool:
        return not self._of

    def set_media(self, media: SetLegMedia) -> None:
        if media.ice is None and media.dtls is None:
            return self.drop(media.leg)
        end = self._of.setdefault(media.leg, FarEnd((media.remote_host, media.remote_port)))
        end.announced, end.signalled_from = (media.remote_host, media.remote_port), media.signalled_from
        self._expect_checks(end, media.ice)
        if media.dtls != end.terms:
            self._agree_anew(media.leg, end, media.dtls)
        return None

    def drop(self, leg: int) -> None:
        self._of.pop(leg, None)
        self._shaking.discard(leg)

    def receive(self, leg: int, data: bytes, source: Address) -> None:
        """A check is answered at once, a handshake goes to the bench; anything else is nothing."""
        end = self._of.get(leg)
        if end is None or not data:
            return
        if end.ice is not None and is_stun(data):
            self._check(leg, end, end.ice, data, source)
        elif FIRST_DTLS <= data[0] <= LAST_DTLS and end.association is not None and end.is_known_at(source):
            end.shakes_from = source
            end.association.receive(data, self._now())
            self._shaking.add(leg)
        else:
            self.refusals.datagrams += 1

    def exchange(self) -> Iterator[Datagram]:
        departing, self._departing = self._departing, []
        yield from departing
        now = self._now()
        for leg in tuple(self._shaking):
            yield from self._shake(leg, self._of[leg], now)
        if now >= self._sweep_at:
            self._sweep_at, self._refused = now + SWEEP_S, 0
            for leg, end in self._of.items():
                self._look_for(leg, end, now)

    def _now(self) -> float:
        return self._engine.ticks / FRAMES_PER_SECOND

    # --- where it is ----------------------------------------------------------------------------------------------

    def _expect_checks(self, end: FarEnd, terms: IceTerms | None) -> None:
        if terms is None:
            end.ice = end.found = None
            return
        ours, theirs = (
            Credentials(terms.our_fragment, terms.our_password),
            Credentials(terms.their_fragment, terms.their_password),
        )
        if end.ice is None:
            end.ice = IceLite(Generation(ours, theirs), self._now())
        else:
            end.ice.restart(Generation(ours, theirs))

    def _check(self, leg: int, end: FarEnd, ice: IceLite, data: bytes, source: Address) -> None:
        if self._refused >= MOST_REFUSED and not ice.is_named_in(data):
            self.refusals.datagrams += 1
            return
        refused = ice.refused
        if (answer := ice.receive(data, source, self._now())) is not None:
            self._departing.append(Datagram(leg, answer, source))
        self._refused += ice.refused - refused
        self.refusals.datagrams += ice.refused - refused
        self._follow(leg, end)

    def _follow(self, leg: int, end: FarEnd) -> None:
        """Have media go where it was nominated; the first time, keys can be agreed on."""
        assert end.ice is not None
        selected = end.ice.selected
        if selected is None or selected == end.found:
            return
        end.found = end.shakes_from = selected
        self._engine.found(leg, *selected)
        self._begin(leg, end)

    def _look_for(self, leg: int, end: FarEnd, now: float) -> None:
        """Without its consent nothing may be sent there (RFC 7675 section 5.1)."""
        if end.ice is not None and not end.is_gone and now >= end.ice.consent_until:
            end.is_gone = True
            self._engine.tell(RtpTimedOut(leg))

    # --- what keys it has -----------------------------------------------------------------------------------------

    def _agree_anew(self, leg: int, end: FarEnd, terms: DtlsTerms | None) -> None:
        """Other terms are another association (RFC 8842 section 4); until it has keys, those of the last one hold."""
        end.terms, end.association, end.give_up_at = terms, None, None
        end.is_settled = terms is None
        if terms is None:
            return
        handshake = Handshake(
            self._context, is_client=terms.is_client, hash_name=terms.hash_name, fingerprint=terms.fingerprint
        )
        end.association = Association(handshake, self._bench)
        if end.place is not None:
            self._begin(leg, end)

    def _begin(self, leg: int, end: FarEnd) -> None:
        if end.association is not None and end.give_up_at is None:
            end.give_up_at = self._now() + HANDSHAKE_S
            end.association.begin(self._now())
            self._shaking.add(leg)

    def _shake(self, leg: int, end: FarEnd, now: float) -> Iterator[Datagram]:
        """Send what the bench has made, keep the time, and tell how it ended."""
        association, place = end.association, end.place
        if association is None:
            self._shaking.discard(leg)
            return
        was_waiting, is_under_way = association.is_waiting, association.is_under_way
        if place is not None:
            yield from (Datagram(leg, data, place) for data in association.take())
        if is_under_way:
            association.keep_time(now)
            if end.give_up_at is not None and now >= end.give_up_at:
                self._settle(leg, end, "the far end did not agree on keys in time")
                end.association = None
        elif not end.is_settled:
            if (keys := association.keys) is not None:
                end.is_settled = True
                self._engine.secure(leg, keys)
            else:
                self._settle(leg, end, association.failure or "no keys")
        if not is_under_way and not was_waiting:
            self._shaking.discard(leg)

    def _settle(self, leg: int, end: FarEnd, failure: str) -> None:
        if not end.is_settled:
            end.is_settled = True
            self.refusals.handshakes += 1
            self._engine.tell(SecuringFailed(leg, failure))
