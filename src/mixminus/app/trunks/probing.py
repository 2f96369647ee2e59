"""Asks the gateways of trunks whether they live, by OPTIONS (RFC 3261 11)."""

import asyncio

import structlog

from mixminus.app.calls.identity import SipIdentity
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.tasks import Tasks
from mixminus.app.trunks.trunks import first_hop, proxy_of
from mixminus.base.settings import Trunk
from mixminus.base.types import RandomBytes
from mixminus.sip.carriers.gateways import Gateways
from mixminus.sip.contract import DialogKey, Question
from mixminus.sip.messages.uri import AddressError

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.trunks")

FIRST_AFTER_S = 1.0


class Probing:
    """One task for each gateway of each trunk, as long as the node lives."""

    def __init__(
        self, trunks: tuple[Trunk, ...], gateways: Gateways, desk: SipDesk, tasks: Tasks, random_bytes: RandomBytes
    ) -> None:
        self._trunks = {door.uri: trunk for trunk in trunks if trunk.options_s for door in trunk.doors}
        self._gateways = gateways
        self._desk = desk
        self._tasks = tasks
        self._random_bytes = random_bytes

    def start(self, us: SipIdentity) -> None:
        """*us*: the name that gateways know us by."""
        for uri, trunk in self._trunks.items():
            self._gateways.probed.add(uri)
            self._tasks.spawn(self._watch(trunk, uri, us), f"OPTIONS to {uri}")

    async def _watch(self, trunk: Trunk, uri: str, us: SipIdentity) -> None:
        now = asyncio.get_running_loop().time
        wait_s = FIRST_AFTER_S
        while True:
            await asyncio.sleep(wait_s)
            was_sick = self._gateways.is_sick(uri, now())
            status = await self._ask(trunk, uri, us)
            self._gateways.answered_probe(uri, status, now())
            if (sick := self._gateways.is_sick(uri, now())) is not was_sick:
                said = log.warning if sick else log.info
                said("gateway is silent" if sick else "gateway answers", trunk=trunk.name, gateway=uri, status=status)
            wait_s = self._gateways.next_probe_s(uri, now(), trunk.options_s)

    async def _ask(self, trunk: Trunk, uri: str, us: SipIdentity) -> int:
        """What an OPTIONS meets; 503: there is no way to send one."""
        routes = proxy_of(trunk)
        try:
            place = (await self._desk.places.of(first_hop(uri, routes)))[0]
        except AddressError:
            return 503
        question = Question(
            key=DialogKey(self._random_bytes(12).hex()),
            method="OPTIONS",
            target=uri,
            via=place,
            from_uri=us.uri("mixminus"),
            to_uri=uri,
            call_id=self._random_bytes(12).hex(),
            cseq=1,
            silence_s=trunk.silence_s,
            routes=routes,
        )
        return (await self._desk.ask(question)).status
