"""Which way to whom: numbers over trunks, clients at their registrations, SIP URIs as they are, applications here."""

from collections.abc import Callable
from functools import partial

from mixminus.app.calls.addresses import (
    Address,
    ApplicationAddress,
    ClientAddress,
    PhoneNumber,
    SipAddress,
    check_destination,
)
from mixminus.app.calls.application_line import ApplicationLine, RunDocument
from mixminus.app.calls.far_ends import UNKNOWN, FarEnd, FarEnds, MediaWishes
from mixminus.app.calls.hops import Hops
from mixminus.app.calls.identity import SipIdentity
from mixminus.app.calls.line import Line
from mixminus.app.calls.outgoing_line import OutgoingLine
from mixminus.app.calls.peer import Peer
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.calls.sip_media import MediaTerms, SipMedia
from mixminus.app.services import Services
from mixminus.app.trunks.attempts import AtOnce, Calling, Destination, Hop, Way
from mixminus.app.trunks.call_guard import CallGuard
from mixminus.app.trunks.phones import ByPreference
from mixminus.app.trunks.trunks import Trunks, usable
from mixminus.base.errors import Refusal
from mixminus.base.settings import Trunk
from mixminus.base.types import RandomBytes
from mixminus.calls.options import DialOptions, Instructions
from mixminus.calls.records import ApplicationRecord, CallRecord
from mixminus.media.opus_library import speakable
from mixminus.sdp.dtls import Fingerprint
from mixminus.sip.carriers.caller_id import presented
from mixminus.sip.contract import Credentials, DialogKey, Invited
from mixminus.sip.messages.passing import only_passed_on
from mixminus.sip.messages.uri import Uri
from mixminus.sip.registrar.registrar import Phone
from mixminus.store.contract import Store


class PhoneLines:
    """Makes lines (see `place_call.Lines`)."""

    def __init__(
        self, services: Services, desk: SipDesk, trunks: Trunks, guard: CallGuard, random_bytes: RandomBytes
    ) -> None:
        self._services = services
        self._trunks = trunks
        self._guard = guard
        self._desk = desk
        self._random_bytes = random_bytes
        self._media_terms = MediaTerms(
            codecs=speakable(services.settings.codecs),
            opus_complexity=services.settings.opus_complexity,
            rtp_timeout_ms=round(services.settings.rtp_timeout_s * 1_000),
            random_bytes=random_bytes,
            certificate=Fingerprint("sha-256", services.media_fingerprint),
            advertised=services.settings.rtp_advertise,
        )
        self._far_ends = FarEnds(services.settings)
        self.hops: Hops
        self.identity: SipIdentity
        self.run_document: RunDocument

    def to(self, address: Address, dial: DialOptions, record: Callable[[], CallRecord]) -> Line:
        """The line to *address*. Raises `Refusal` when there is no way."""
        match address:
            case ApplicationAddress():
                load = partial(application_instructions, self._services.store, address)
                return ApplicationLine(self._services, record, load, self.run_document)
            case PhoneNumber(number):
                return self._to_trunk(number, dial, record)
            case ClientAddress(identity, parameters):
                media, hops = self._far_ends.of_user(identity), self._hops_for(record())
                calling = self._calling(dial, only_passed_on(parameters), media, hops)
                return self._sip(ByPreference(self._desk.phones(identity), calling), Peer(identity))
            case SipAddress():
                return self._to_sip(address, dial, self._hops_for(record()))

    def called(self, invited: Invited) -> str:
        """The number that an incoming call is for."""
        return self._trunks.called(invited)

    def far_end_of(self, invited: Invited) -> FarEnd:
        """Who calls, as far as media has to know."""
        return self._far_ends.with_caller(invited)

    def media_with(self, invited: Invited) -> SipMedia:
        """Media for a call from there. Raises `SdpError` when nothing in its offer suits us."""
        media = self._media(self.far_end_of(invited))
        media.try_out(invited.offer, self._services.settings.rtp.host)
        return media

    def _media(self, far: FarEnd = UNKNOWN) -> SipMedia:
        return SipMedia(self._services.media, self._media_terms, far)

    def _hops_for(self, record: CallRecord) -> int:
        """The Max-Forwards of a call. Raises 32011 when the call that it is made for has come too far."""
        hops = self.hops.for_child_of(record.parent_call_sid)
        if hops <= 0:
            raise Refusal(32011, 400, f"Too many hops (SIP 483): {record.parent_call_sid} came through 70 servers.")
        return hops

    def _to_sip(self, address: SipAddress, dial: DialOptions, hops: int) -> OutgoingLine:
        """Where it is one of our own users, or a phone of theirs, their phones ring."""
        phones = self._phones_at(usable(address.uri))
        peer = self._peer_at(address.uri) if phones is not None else Peer()
        media = self._far_ends.of_user(peer.user) if peer.user is not None else self._far_ends.of_anybody()
        # Whatever CallerId shows, From is what we assert (Participants resource, From).
        asserted = {"P-Asserted-Identity": f"<{self.identity.uri(user_of(dial.from_))}>"}
        media = media.secured if address.is_secure else media
        calling = self._calling(dial, asserted | address.headers, media, hops)
        if phones is not None:
            return self._sip(ByPreference(phones, calling), peer)
        target = address.over_tls if address.is_secure else address.uri
        return self._sip(AtOnce((Destination((Hop(target, target),), calling),)), peer)

    def _to_trunk(self, number: str, dial: DialOptions, record: Callable[[], CallRecord]) -> OutgoingLine:
        check_destination(number, self._services.settings)
        user = user_of(dial.caller_id or dial.from_)
        display = dial.caller_display_name or ""
        own = _own_credentials(dial)
        hops = self._hops_for(record())

        def calling(trunk: Trunk) -> Calling:
            credentials = Credentials(trunk.username, trunk.password) if trunk.username and trunk.password else None
            caller = presented(trunk, user, display, self.identity.host, self.identity.port)
            media = self._far_ends.of_trunk(trunk)
            return Calling(caller.from_uri, caller.display, own or credentials, caller.headers, media, hops)

        async def guard(trunk: Trunk) -> float:
            call = record()
            about = {"CallSid": call.sid, "AccountSid": call.account_sid, "To": number, "From": dial.from_}
            about |= {"CallerId": user, "Trunk": trunk.name, "Direction": call.direction.value}
            if call.parent_call_sid is not None:
                about["ParentCallSid"] = call.parent_call_sid
            return await self._guard.ask(tuple(about.items()))

        way = self._trunks.way_to(number, calling, guard if self._guard.is_set else None)
        return self._sip(way, Peer(over_trunk=True))

    def _phones_at(self, uri: str) -> tuple[Phone, ...] | None:
        """Of an address that is one of our own users, or of one phone of theirs (RFC 5627); None: it is not ours."""
        if (phone := self._desk.phone_at(uri)) is not None:
            return (phone,)
        address = Uri.parse(uri)
        where = address.host.strip("[]"), address.port or address.transport.default_port
        at_home = where == (self.identity.host, self.identity.port)
        if at_home and address.user is not None and address.user in self._services.settings.users:
            return self._desk.phones(address.user)
        return None

    def _peer_at(self, uri: str) -> Peer:
        """Whose address that is."""
        user = Uri.parse(uri).user
        return Peer(user if user in self._services.settings.users else None)

    def _calling(self, dial: DialOptions, headers: dict[str, str], media: MediaWishes, hops: int) -> Calling:
        """What phones are told that are called as they are, over no trunk."""
        user = user_of(dial.caller_id or dial.from_)
        display = dial.caller_display_name or ""
        return Calling(self.identity.uri(user), display, _own_credentials(dial), headers, media, hops)

    def _sip(self, way: Way, peer: Peer) -> OutgoingLine:
        return OutgoingLine(self._desk, self._media(), way, self._new_key, self._far_ends, peer)

    def _new_key(self) -> DialogKey:
        return DialogKey(self._random_bytes(12).hex())


def _own_credentials(dial: DialOptions) -> Credentials | None:
    """Those that came with the request to dial."""
    if dial.sip_auth_username and dial.sip_auth_password:
        return Credentials(dial.sip_auth_username, dial.sip_auth_password)
    return None


async def application_instructions(store: Store, address: ApplicationAddress) -> Instructions | None:
    """What an application's Voice URL is asked, with the pairs of its `app:` address; None: there is none."""
    application = await store.fetch(ApplicationRecord, address.sid)
    if application is None or application.voice.voice_url is None:
        return None
    voice = application.voice
    return Instructions(
        url=voice.voice_url,
        method=voice.voice_method,
        fallback_url=voice.voice_fallback_url,
        fallback_method=voice.voice_fallback_method,
        parameters=address.parameters,
    )


def user_of(from_: str) -> str:
    """The user part of whatever `From` was: a number, a client, a SIP URI."""
    scheme, _, rest = from_.partition(":")
    if scheme in ("sip", "sips") and rest:
        return rest.partition("@")[0] or "anonymous"
    return (rest if scheme == "client" and rest else from_) or "anonymous"
