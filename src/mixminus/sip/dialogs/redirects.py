"""Where a 3xx may send us (RFC 3261 8.1.3.4), and where not."""

from typing import Final

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.message import Response
from mixminus.sip.messages.uri import AddressError, NameAddr, Uri, target_of
from mixminus.sip.places.networks import literal
from mixminus.sip.settings import SipSettings

MAX_TARGETS: Final = 5
"""INVITEs that one call may become by redirection."""

Target = tuple[str, Address | None]
"""A request-URI and where to send it; None: its host is a name that has to be looked up."""


class Redirects:
    """The targets that are left, best first; none is tried twice.

    The way to the host that redirects is known. Nobody may redirect us to a trunk but the trunk itself, for it would
    carry the call on our account; nor to ourselves.
    """

    def __init__(self, target: str, via: Address) -> None:
        self._tried = {_identity(target)}
        self._waiting: list[Target] = []
        self._host = _host_of(target)
        self._via = via
        self._needs_tls = Uri.parse(target).scheme == "sips"

    def learn(self, response: Response, settings: SipSettings) -> None:
        """Contacts by falling q, before those that an earlier 3xx named."""
        found = [
            target for value in _by_preference(response) if (target := self._usable(value, settings)) is not None
        ]
        self._waiting = found + self._waiting

    def next(self) -> Target | None:
        while self._waiting and len(self._tried) <= MAX_TARGETS:
            uri, via = self._waiting.pop(0)
            if _identity(uri) not in self._tried:
                self._tried.add(_identity(uri))
                self._host = _host_of(uri)
                return uri, via
        return None

    def went_to(self, via: Address) -> None:
        """The target that was named last is called there."""
        self._via = via

    def _usable(self, uri: str, settings: SipSettings) -> Target | None:
        try:
            address = target_of(uri)
        except AddressError:
            return None
        if self._needs_tls and Uri.parse(uri).scheme != "sips":
            return None  # nobody may take the protection away that was asked for (RFC 3261 8.1.3.4)
        if address.host.lower() == self._host or (address.host, address.port) == (self._via.host, self._via.port):
            return uri, self._via
        if not may_lead_to(address, settings):
            return None
        if self._via.transport.is_secure and not address.transport.is_secure:
            return None  # our offer has the keys of the audio in it (RFC 4568 8.3)
        return uri, address if literal(address.host) is not None else None


def may_lead_to(address: Address, settings: SipSettings) -> bool:
    """Whether we go there when somebody says so; the host may still be a name."""
    host = address.host.lower()
    is_trunk = settings.trusts(host) or host in settings.trunk_hosts
    return not is_trunk and not settings.is_ours(host, address.port)


def _by_preference(response: Response) -> list[str]:
    """The URIs of Contact without the headers that some put behind them (19.1.5 calls these dangerous)."""
    found: list[tuple[float, str]] = []
    for value in response.all("Contact"):
        try:
            contact = NameAddr.parse(value)
            uri = Uri.parse(contact.uri.partition("?")[0])
            q = min(1.0, max(0.0, float(contact.parameters.get("q", "1"))))
        except (AddressError, ValueError):
            continue
        found.append((q, uri.text))
    return [uri for _, uri in sorted(found, key=lambda pair: -pair[0])]


def _host_of(uri: str) -> str:
    return Uri.parse(uri).host.strip("[]").lower()


def _identity(uri: str) -> tuple[Uri, Transport]:
    """Parameters but the transport make no other target."""
    parsed = Uri.parse(uri)
    return parsed, parsed.transport
