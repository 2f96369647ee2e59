"""An INVITE from outside a dialog: whether it can be a call at all, and what its owner is told (RFC 3261 13.3.1)."""

from dataclasses import dataclass, replace

from mixminus.sip.contract import Address, DialogKey, Invited
from mixminus.sip.dialogs.incoming import IncomingCall
from mixminus.sip.endpoint import ACCEPT, Endpoint
from mixminus.sip.messages.identity import asserted, forwarded_from, verstat
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.passing import received
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.messages.routing import destination
from mixminus.sip.messages.session_expires import MIN_SE_S, IntervalTooBrief, agreed_by_server
from mixminus.sip.messages.uri import called_number
from mixminus.sip.trust.refusing import Refusing


@dataclass(frozen=True, slots=True)
class Inviting:
    """Serves INVITE (see `outside.Service`)."""

    endpoint: Endpoint
    refusing: Refusing

    def __call__(self, request: Request, source: Address, user: str | None, now: float) -> None:
        if (fault := _fault(request)) is not None:
            status, headers = fault
            self.refusing.refuse(request, source, status, now, headers)
            return
        try:
            agreed_by_server(request, self.endpoint.settings.session_expires_s)
        except IntervalTooBrief:
            self.refusing.answer(request, source, 422, (("Min-SE", str(MIN_SE_S)),))
            return
        try:
            replaces = Replaces.of(request)
            replaced = self.endpoint.calls.replaced(replaces) if replaces is not None else None
        except CannotReplace as error:
            self.refusing.answer(request, source, error.status)
            return
        key = DialogKey(self.endpoint.token())
        IncomingCall(self.endpoint, key, self.endpoint.layer.open_server(request, source, now), now)
        self.endpoint.emit(replace(_told(key, request, source, user), replaces=replaced))


def _fault(request: Request) -> tuple[int, HeaderLines] | None:
    if request.body and request.word("Content-Type") not in ("", "application/sdp"):
        return 415, (ACCEPT,)
    if not request.accepts("application/sdp"):
        return 406, (ACCEPT,)
    if request.contact is None and not request.via.is_of_rfc_2543:
        return 400, ()
    return None


def _told(key: DialogKey, request: Request, source: Address, user: str | None) -> Invited:
    return Invited(
        dialog=key,
        called=called_number(destination(request)),
        request_uri=destination(request),
        from_uri=request.from_.uri,
        from_display=request.from_.display,
        to_uri=request.to.uri,
        call_id=request.call_id,
        source=source,
        user=user,
        offer=request.sdp,
        headers=received(request.headers),
        asserted_uri=asserted(request) if user is None else None,
        forwarded_from=forwarded_from(request) if user is None else None,
        identities=tuple(request.all("Identity")) if user is None else (),
        verstat=verstat(request) if user is None else None,
        hops_left=int((request.get("Max-Forwards") or "70")[:4]),
    )
