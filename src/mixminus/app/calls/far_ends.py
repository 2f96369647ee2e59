"""What the media of a call has to know of its far end: where it is, and whether audio with it is secured."""

from dataclasses import dataclass
from typing import Final

from mixminus.base.settings import Settings, Trunk
from mixminus.sdp.media import Keying, Srtp
from mixminus.sip.contract import Address, Invited
from mixminus.sip.gate import is_within


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Where its SIP comes from, and how keys may be agreed on with it."""

    srtp: Srtp
    in_sdp: bool = False
    """Keys may be told in SDP (RFC 4568 6.1: where nobody but the two reads it)."""
    keying: Keying = Keying.IN_SDP
    """Of the first offer of ours."""
    host: str = ""
    """Empty: nobody knows."""


PLAIN: Final = FarEnd(Srtp.NEVER)


class FarEnds:
    """Their rules. `srtp` of users, of trunks, of the node: the first that says something holds."""

    def __init__(self, settings: Settings) -> None:
        self._srtp = Srtp(settings.srtp)
        self._anywhere = settings.srtp_over_any_transport
        self._users = {user: Srtp(srtp) for user, srtp in settings.srtp_of_users.items()}
        self._trunks = settings.trunks

    def of_anybody(self) -> Srtp:
        return self._srtp

    def of_user(self, user: str) -> Srtp:
        return self._users.get(user, self._srtp)

    def of_trunk(self, trunk: Trunk) -> Srtp:
        return Srtp(trunk.srtp) if trunk.srtp is not None else self._srtp

    def towards(self, srtp: Srtp, via: Address) -> FarEnd:
        """In a call of ours to that place."""
        return FarEnd(srtp, self._may_tell(via), _keying(via, Keying.IN_SDP), via.host)

    def with_caller(self, invited: Invited) -> FarEnd:
        """In a call from there. A trunk is known by its `addresses`."""
        if invited.user is not None:
            srtp = self.of_user(invited.user)
        else:
            trunk = next((each for each in self._trunks if is_within(invited.source.host, each.addresses)), None)
            srtp = self.of_trunk(trunk) if trunk is not None else self._srtp
        source = invited.source
        # Our offer is in the 200 then: who refuses it hangs up, and is not there to be asked again.
        return FarEnd(srtp, self._may_tell(source), _keying(source, Keying.BESIDE_PLAIN), source.host)

    def _may_tell(self, place: Address) -> bool:
        return self._anywhere or place.transport.is_secure


def _keying(place: Address, otherwise: Keying) -> Keying:
    """Browsers know handshakes alone (RFC 8827 6.5)."""
    return Keying.HANDSHAKE if place.transport.is_websocket else otherwise
