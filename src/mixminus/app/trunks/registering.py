"""Trunks that know us by a REGISTER of ours: sent, renewed, taken back when the node stops."""

import asyncio

import structlog

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.tasks import Tasks
from mixminus.app.trunks.attempts import fails_over
from mixminus.app.trunks.trunks import Trunks, first_hop, proxy_of
from mixminus.base.settings import Trunk
from mixminus.base.types import RandomBytes
from mixminus.sip.carriers.registration import Carrier, Registration
from mixminus.sip.contract import Address, Credentials, DialogKey, Replied, Transport
from mixminus.sip.messages.uri import AddressError, Uri, at_host_of, sip_uri

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.trunks")


class Registering:
    """One task for each trunk that says `register`, as long as the node lives."""

    def __init__(self, trunks: Trunks, desk: SipDesk, tasks: Tasks, random_bytes: RandomBytes) -> None:
        self._trunks = trunks
        self._desk = desk
        self._tasks = tasks
        self._random_bytes = random_bytes
        self.registrations: dict[str, Registration] = {}
        """By trunk."""

    def start(self) -> None:
        """We can be reached."""
        for trunk in self._trunks.registering():
            registration = self._new(trunk)
            self.registrations[trunk.name] = registration
            self._tasks.spawn(self._keep(trunk, registration), f"registration at {trunk.name}")

    def live(self, now: float) -> dict[str, bool]:
        """Of each trunk that registers, whether the carrier knows us."""
        return {name: registration.is_live(now) for name, registration in self.registrations.items()}

    async def _keep(self, trunk: Trunk, registration: Registration) -> None:
        now = asyncio.get_running_loop().time
        at: tuple[Carrier, Address] | None = None
        try:
            while True:
                await asyncio.sleep(max(0.0, registration.due - now()))
                was_live = registration.is_live(now())
                door = self._trunks.gateways_in_order(trunk)[0]
                reply, place = await self._ask(trunk, registration, door.uri)
                registration.replied(reply, now())
                if 200 <= reply.status < 300 and place is not None:
                    at = self._carrier(trunk, door.uri), place
                    self._desk.trust(place.host, registration.expires_at)
                    self._trunks.service_routes[trunk.name] = registration.service_route
                elif not registration.is_live(now()):
                    self._trunks.service_routes.pop(trunk.name, None)
                _tell(trunk, registration, door.uri, was_live=was_live, is_live=registration.is_live(now()))
        finally:
            if at is not None and registration.is_live(now()):
                self._desk.send(registration.farewell(self._key(), *at))

    async def _ask(self, trunk: Trunk, registration: Registration, uri: str) -> tuple[Replied, Address | None]:
        """At one place of the gateway after another (RFC 3263 4.3); the answer, and who gave it."""
        reply, carrier = Replied(self._key(), 503), self._carrier(trunk, uri)
        try:
            places = await self._desk.places.of(first_hop(uri, carrier.routes))
        except AddressError:
            places = ()
        for place in places:
            reply = await self._desk.ask(registration.request(self._key(), carrier, place))
            if not fails_over(reply.status, rang=False):
                self._desk.places.works(place)
                return reply, place
            self._desk.places.failed(place, reply.status)
        self._trunks.gateways.failed(uri, reply.status, asyncio.get_running_loop().time())
        return reply, None

    def _carrier(self, trunk: Trunk, uri: str) -> Carrier:
        """A Service-Route is for calls, and not for the way to the registrar (RFC 3608 6.3)."""
        return Carrier(at_host_of(uri, ""), trunk.silence_s, proxy_of(trunk))

    def _new(self, trunk: Trunk) -> Registration:
        username = trunk.username or ""  # there is one where settings were read (cli/tables.py)
        door = Uri.parse(trunk.doors[0].uri)
        us = self._desk.local(Address(door.transport, door.host.strip("[]"), 0))
        suffix = "" if door.transport is Transport.UDP else f";transport={door.transport}"
        return Registration(
            sip_uri(username, trunk.domain or door.host),
            sip_uri(username, us.told_host, us.told_port) + suffix,
            Credentials(username, trunk.password or ""),
            trunk.register_s,
            self._random_bytes(12).hex(),
        )

    def _key(self) -> DialogKey:
        return DialogKey(self._random_bytes(12).hex())


def _tell(trunk: Trunk, registration: Registration, uri: str, *, was_live: bool, is_live: bool) -> None:
    """Into the log, when it changed or went wrong."""
    bound = log.bind(trunk=trunk.name, gateway=uri, status=registration.last_status)
    if is_live and not was_live:
        bound.info("trunk registered")
    elif registration.last_status >= 300 and registration.last_status != 423:
        bound.warning("registration failed", still_registered=is_live)
