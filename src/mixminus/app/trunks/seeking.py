"""Looks up what the SIP agent wants to know: names in dialogs, and those that redirections lead to."""

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.tasks import Tasks
from mixminus.base.settings import Trunk
from mixminus.sip.contract import Address, Sought
from mixminus.sip.messages.uri import AddressError


class Seeking:
    """The desk's listener for `Sought`."""

    def __init__(self, trunks: tuple[Trunk, ...], desk: SipDesk, tasks: Tasks) -> None:
        self._gateways = [uri for trunk in trunks for uri in trunk.uris]
        self._desk = desk
        self._tasks = tasks

    def sought(self, sought: Sought) -> None:
        self._tasks.spawn(self._find(sought), "lookup of a SIP name")

    async def _find(self, sought: Sought) -> None:
        places = await self._places(sought.uri)
        if sought.redirected and places:
            # Nobody may send us to a trunk, which would carry the call on our account, by whatever name.
            trunks = {place.host for uri in self._gateways for place in await self._places(uri)}
            places = tuple(place for place in places if place.host not in trunks)
        self._desk.located(sought, places)

    async def _places(self, uri: str) -> tuple[Address, ...]:
        try:
            return await self._desk.places.of(uri)
        except AddressError:
            return ()
