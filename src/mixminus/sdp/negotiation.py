"""The descriptions of one session from the first offer on: their versions, its streams' places, what holds."""

from collections.abc import Callable
from dataclasses import replace

from mixminus.sdp.crypto import cryptos_of
from mixminus.sdp.description import Description, Stream
from mixminus.sdp.ice import IceEnd
from mixminus.sdp.media import ALONE, Agreed, Keying, LocalMedia, Srtp
from mixminus.sdp.offer_answer import Answer, make_answer, make_offer, read_answer


class Negotiation:
    """One dialog's. Whatever raises has changed nothing.

    *local* is all that we can do, for their offers; the first one of ours is by *keying*. *new_ice* is asked for
    credentials of ours when the far end restarts ICE: they are to be new ones, too.
    """

    def __init__(
        self, local: LocalMedia, keying: Keying = Keying.IN_SDP, new_ice: Callable[[], IceEnd] | None = None
    ) -> None:
        self._local = local
        self._keying = keying
        self._new_ice = new_ice
        self._layout = ALONE
        self._said: Description | None = None
        self._agreed: Agreed | None = None

    @property
    def agreed(self) -> Agreed | None:
        """What holds; None: nothing yet."""
        return self._agreed

    @property
    def is_best_effort(self) -> bool:
        """The first offer of ours is secured and nothing else, and need not be."""
        first = _first(self._local, self._keying)
        return first.srtp is Srtp.OFFERED and first.profile is None and bool(first.keys or first.dtls)

    def offer(self) -> bytes:
        """Everything we can do; in a running session in the places and with the protection that it has."""
        before = self._agreed
        local = _first(self._local, self._keying) if before is None else _kept(self._local, before)
        return self._say(make_offer(local, layout=self._layout))

    def answer(self, offer: bytes) -> bytes:
        """Raises `SdpError`; 488 is the status for it."""
        answer = self._answer(offer, self._local)
        if self._new_ice is not None and _restarts(self._agreed, answer.agreed):
            answer = self._answer(offer, replace(self._local, ice=self._new_ice()))
        self._layout = answer.layout
        self._agree(answer.agreed)
        return self._say(answer.description)

    def take_answer(self, answer: bytes) -> None:
        """To what we said last; again when it is told again, or another phone answers. Raises `SdpError`."""
        assert self._said is not None, "nothing was offered"
        offered = _as_said(self._local, self._said.streams[self._layout.place])
        self._agree(read_answer(answer, offered, self._layout))

    def _answer(self, offer: bytes, local: LocalMedia) -> Answer:
        return make_answer(offer, local, self._layout, self._agreed)

    def _agree(self, agreed: Agreed) -> None:
        self._agreed = agreed
        if agreed.ice is not None:
            self._local = replace(self._local, ice=agreed.ice.ours)
        if agreed.dtls is not None and self._local.dtls is not None:
            # Who began once begins again, as long as either may (RFC 8842 5.3).
            self._local = replace(self._local, dtls=replace(self._local.dtls, setup=agreed.dtls.setup))

    def _say(self, description: Description) -> bytes:
        """One that differs from the last has the next version, the same one has its own (RFC 3264 8)."""
        if self._said is not None and replace(description, origin=self._said.origin) != self._said:
            self._local = self._local.bumped()
        self._said = replace(description, origin=self._local.origin)
        return bytes(self._said)


def _restarts(before: Agreed | None, after: Agreed) -> bool:
    return (
        before is not None
        and before.ice is not None
        and after.ice is not None
        and before.ice.is_restarted_by(after.ice)
    )


def _first(local: LocalMedia, keying: Keying) -> LocalMedia:
    """What the first offer of ours may say. Checks are for those who make handshakes."""
    if keying is Keying.HANDSHAKE and local.dtls is not None:
        return local
    beside = keying is Keying.BESIDE_PLAIN and local.srtp is Srtp.OFFERED
    return replace(local, dtls=None, ice=None, profile="RTP/AVP" if beside else None)


def _kept(local: LocalMedia, agreed: Agreed) -> LocalMedia:
    """What an offer of ours may say in a running session: another protection would be refused as often as taken."""
    return replace(
        local,
        keys=local.keys if agreed.keys is not None else (),
        dtls=local.dtls if agreed.dtls is not None else None,
        ice=local.ice if agreed.ice is not None else None,
        profile=agreed.profile,
    )


def _as_said(local: LocalMedia, ours: Stream) -> LocalMedia:
    """What there is to choose from in *ours*: a refresh repeats our last answer as an offer (RFC 4028 7.4)."""
    return replace(
        local,
        keys=tuple(cryptos_of(ours)),
        dtls=local.dtls if ours.value("fingerprint") is not None else None,
        ice=local.ice if ours.value("ice-ufrag") is not None else None,
    )
