"""What the media of a call has to know of its far end: where it is, and whether audio with it is secured."""

from dataclasses import dataclass, replace
from typing import Final

from mixminus.base.settings import Settings, Trunk
from mixminus.sdp.media import Keying, Srtp
from mixminus.sip.contract import Address, Invited
from mixminus.sip.places.networks import is_within


@dataclass(frozen=True, slots=True)
class MediaWishes:
    """What the settings say of media with somebody."""

    srtp: Srtp = Srtp.OFFERED
    latch: str = "announced"
    """As in `SetLegMedia`."""

    @property
    def secured(self) -> "MediaWishes":
        """The same with nothing but SRTP."""
        return replace(self, srtp=Srtp.REQUIRED)

    @property
    def plain(self) -> "MediaWishes":
        """The same without SRTP."""
        return replace(self, srtp=Srtp.NEVER)


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Where its SIP comes from, and how keys may be agreed on with it."""

    wishes: MediaWishes = MediaWishes(Srtp.NEVER)
    in_sdp: bool = False
    """Keys may be told in SDP (RFC 4568 6.1: where nobody but the two reads it)."""
    keying: Keying = Keying.IN_SDP
    """Of the first offer of ours."""
    host: str = ""
    """Empty: nobody knows."""


UNKNOWN: Final = FarEnd()


class FarEnds:
    """Their rules. `srtp` and `latch` of users, of trunks, of the node: the first that says something holds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of_anybody(self) -> MediaWishes:
        return self._wishes(None, None)

    def of_user(self, user: str) -> MediaWishes:
        return self._wishes(self._settings.srtp_of_users.get(user), self._settings.latch_of_users.get(user))

    def of_trunk(self, trunk: Trunk) -> MediaWishes:
        return self._wishes(trunk.srtp, trunk.latch)

    def towards(self, wishes: MediaWishes, via: Address) -> FarEnd:
        """In a call of ours to that place."""
        return FarEnd(wishes, self._may_tell(via), _keying(via, Keying.IN_SDP), via.host)

    def with_caller(self, invited: Invited) -> FarEnd:
        """In a call from there. A trunk is known by its `addresses`."""
        if invited.user is not None:
            wishes = self.of_user(invited.user)
        else:
            trunks, host = self._settings.trunks, invited.source.host
            trunk = next((each for each in trunks if is_within(host, each.addresses)), None)
            wishes = self.of_trunk(trunk) if trunk is not None else self.of_anybody()
        source = invited.source
        # Our offer is in the 200 then: who refuses it hangs up, and is not there to be asked again.
        return FarEnd(wishes, self._may_tell(source), _keying(source, Keying.BESIDE_PLAIN), source.host)

    def _wishes(self, srtp: str | None, latch: str | None) -> MediaWishes:
        return MediaWishes(Srtp(srtp or self._settings.srtp), latch or self._settings.latch)

    def _may_tell(self, place: Address) -> bool:
        return self._settings.srtp_over_any_transport or place.transport.is_secure


def _keying(place: Address, otherwise: Keying) -> Keying:
    """Browsers know handshakes alone (RFC 8827 6.5)."""
    return Keying.HANDSHAKE if place.transport.is_websocket else otherwise
