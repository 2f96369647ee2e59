"""Which way to whom: numbers over trunks, clients at their registrations, SIP URIs as they are, applications here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mixminus.app.addresses import (
    Address,
    ApplicationAddress,
    ClientAddress,
    PhoneNumber,
    SipAddress,
    trunk_for,
)
from mixminus.app.application_line import ApplicationLine, RunDocument
from mixminus.app.line import Line
from mixminus.app.outgoing_line import Calling, Destination, OutgoingLine
from mixminus.app.services import Services
from mixminus.app.sip_desk import SipDesk
from mixminus.app.sip_media import SipMedia
from mixminus.base.errors import Refusal
from mixminus.base.types import RandomBytes
from mixminus.calls.options import DialOptions, Instructions
from mixminus.calls.records import ApplicationRecord, CallRecord
from mixminus.media.opus_library import speakable
from mixminus.sip.contract import Address as SipPlace
from mixminus.sip.contract import Credentials, DialogKey
from mixminus.sip.uri import DEFAULT_PORT, AddressError, Uri
from mixminus.store.contract import Store


@dataclass(frozen=True, slots=True)
class SipIdentity:
    """How we call ourselves in SIP."""

    host: str
    port: int

    def uri(self, user: str) -> str:
        return f"sip:{user}@{self.host}:{self.port}"


class PhoneLines:
    """Makes lines (see `place_call.Lines`)."""

    def __init__(self, services: Services, desk: SipDesk, random_bytes: RandomBytes) -> None:
        self._services = services
        self._desk = desk
        self._random_bytes = random_bytes
        self._codecs = speakable(services.settings.codecs)
        self.identity: SipIdentity
        self.run_document: RunDocument

    def to(self, address: Address, dial: DialOptions, record: Callable[[], CallRecord]) -> Line:
        """The line to *address*. Raises `Refusal` when there is no way."""
        match address:
            case ApplicationAddress():
                load = partial(application_instructions, self._services.store, address)
                return ApplicationLine(self._services, record, load, self.run_document)
            case PhoneNumber(number):
                return self._to_trunk(number, dial)
            case ClientAddress(identity):
                contacts = self._desk.contacts(identity)
                return self._sip([Destination(uri, place) for uri, place in contacts], dial)
            case SipAddress(uri, headers):
                # Whatever CallerId shows, From is what we assert (Participants resource, From).
                asserted = {"P-Asserted-Identity": f"<{self.identity.uri(_user(dial.from_))}>"}
                return self._sip([Destination(uri, place_of(uri))], dial, headers=asserted | headers)

    def media(self) -> SipMedia:
        """Media for one more SIP call."""
        timeout_ms = round(self._services.settings.rtp_timeout_s * 1_000)
        session_id = int.from_bytes(self._random_bytes(6))
        return SipMedia(
            self._services.media,
            session_id=session_id,
            codecs=self._codecs,
            opus_complexity=self._services.settings.opus_complexity,
            rtp_timeout_ms=timeout_ms,
        )

    def _to_trunk(self, number: str, dial: DialOptions) -> OutgoingLine:
        trunk = trunk_for(number, self._services.settings.trunks)
        place = place_of(trunk.uri)
        uri = f"sip:{number}@{place.host}:{place.port};transport={place.transport}"
        credentials = Credentials(trunk.username, trunk.password) if trunk.username and trunk.password else None
        return self._sip([Destination(uri, place)], dial, credentials=credentials, from_user=trunk.from_)

    def _sip(
        self,
        destinations: list[Destination],
        dial: DialOptions,
        *,
        headers: dict[str, str] | None = None,
        credentials: Credentials | None = None,
        from_user: str | None = None,
    ) -> OutgoingLine:
        if dial.sip_auth_username and dial.sip_auth_password:
            credentials = Credentials(dial.sip_auth_username, dial.sip_auth_password)
        user = from_user or _user(dial.caller_id or dial.from_)
        calling = Calling(self.identity.uri(user), dial.caller_display_name or "", credentials, headers or {})
        dialogs = [(DialogKey(self._random_bytes(12).hex()), destination) for destination in destinations]
        return OutgoingLine(self._desk, self.media(), dialogs, calling)


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


def place_of(uri: str) -> SipPlace:
    """Where a SIP URI leads: host, port and transport. Raises 21211/13243 for what is none."""
    try:
        target = Uri.parse(uri)
    except AddressError as error:
        raise Refusal(13243, 400, f"{uri[:100]!r} is not a usable SIP URI: {error}") from error
    return SipPlace(target.transport, target.host, target.port or DEFAULT_PORT)


def _user(from_: str) -> str:
    """The user part of whatever `From` was: a number, a client, a SIP URI."""
    scheme, _, rest = from_.partition(":")
    if scheme in ("sip", "sips") and rest:
        return rest.partition("@")[0] or "anonymous"
    return (rest if scheme == "client" and rest else from_) or "anonymous"
