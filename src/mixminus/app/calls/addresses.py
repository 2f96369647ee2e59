"""What a `To` may be: a number, a client, a SIP URI, a TwiML application (CONTRACT.md, "Numbers and addresses")."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from mixminus.base.errors import Refusal
from mixminus.base.settings import Settings, Trunk
from mixminus.base.sids import APPLICATION, is_sid
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.destinations import permitted
from mixminus.sip.messages.passing import BadHeader, LongHeaders, passed_on

_NUMBER: Final = re.compile(r"\+?[0-9]{2,15}")
_SEPARATORS: Final = str.maketrans("", "", " -().")
_WILD_APPLICATION: Final = "TW"
"""A prefix met in the wild for application SIDs; never emitted (twilio-conference-api.md 2.4)."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    number: str


@dataclass(frozen=True, slots=True)
class ClientAddress:
    identity: str
    parameters: FormPairs = ()


@dataclass(frozen=True, slots=True)
class SipAddress:
    """`uri` without the query, whose pairs are headers."""

    uri: str
    headers: dict[str, str] = field(default_factory=dict)
    is_secure: bool = False
    """It said `;secure=true`: over TLS, and with SRTP (Twilio, "Secure Media")."""

    @property
    def over_tls(self) -> str:
        """The address with that transport, whatever it says."""
        where, parameters = _parts(self.uri)
        return ";".join([where, *_without("transport", parameters), "transport=tls"])


@dataclass(frozen=True, slots=True)
class ApplicationAddress:
    sid: Sid
    parameters: FormPairs = ()


Address = PhoneNumber | ClientAddress | SipAddress | ApplicationAddress


class BadAddress(Refusal):
    """21211: nobody can be called by that."""

    def __init__(self, to: str) -> None:
        super().__init__(
            21211,
            400,
            f"The 'To' address {to[:100]!r} is not a phone number (+15550001111), client:NAME, sip:USER@HOST "
            "or app:AP… address.",
        )


class NotPermitted(Refusal):
    """21215: the settings forbid to call that number."""

    def __init__(self, number: str, rules: str) -> None:
        super().__init__(21215, 400, f"Calls to {number} are not permitted by {rules} in mixminus.toml.")


def parse_address(to: str) -> Address:
    """Understand a `To`. Raises `BadAddress`, 13252 and 21227 (headers that may not be passed, or too many)."""
    scheme, _, rest = to.partition(":")
    match scheme.lower() if rest else "":
        case "sip" | "sips":
            return _sip(to)
        case "client":
            identity, _, query = rest.partition("?")
            return ClientAddress(identity, _pairs(query)) if identity else _bad(to)
        case "app":
            return _application(rest) or _bad(to)
    if application := _application(to):
        return application
    number = to.translate(_SEPARATORS)
    return PhoneNumber(number) if _NUMBER.fullmatch(number) else _bad(to)


def trunks_for(number: str, trunks: tuple[Trunk, ...]) -> tuple[Trunk, ...]:
    """The trunks whose prefix matches longest, in the order of the settings. Raises 21214 when none does, and
    `NotPermitted` when none of them is for that number.
    """
    lengths = {
        trunk.name: max((len(prefix) for prefix in trunk.prefixes if number.startswith(prefix)), default=-1)
        for trunk in trunks
    }
    longest = max(lengths.values(), default=-1)
    if longest < 0:
        raise Refusal(
            21214,
            400,
            f"No trunk leads to {number}: add [trunks.NAME] with a matching prefix to mixminus.toml, "
            "or dial a sip: or client: address.",
        )
    leading = [trunk for trunk in trunks if lengths[trunk.name] == longest]
    usable = tuple(trunk for trunk in leading if permitted(number, trunk.allow, trunk.deny))
    if not usable:
        raise NotPermitted(number, f"allow and deny of trunk {leading[0].name}")
    return usable


def check_destination(number: str, settings: Settings) -> None:
    """Raises `NotPermitted` for a number that the node may not call."""
    if not permitted(number, settings.allow_destinations, settings.deny_destinations):
        raise NotPermitted(number, "allow_destinations and deny_destinations")


def _sip(to: str) -> SipAddress:
    uri, _, query = to.partition("?")
    user_and_host = uri.partition(":")[2]
    if not user_and_host.rpartition("@")[2].strip("<>; "):
        raise BadAddress(to)
    where, parameters = _parts(uri)
    is_secure = any(parameter.lower() == "secure=true" for parameter in parameters)
    try:
        headers = passed_on(_pairs(query))
    except LongHeaders as error:
        raise Refusal(21227, 400, f"The 'To' address: {error}.") from error
    except BadHeader as error:
        raise Refusal(13252, 400, f"The 'To' address: {error}.") from error
    return SipAddress(";".join([where, *_without("secure", parameters)]), headers, is_secure)


def _parts(uri: str) -> tuple[str, list[str]]:
    """A SIP URI up to its port, and its parameters. There may be semicolons in a user (RFC 3261 25.1)."""
    user, at, rest = uri.rpartition("@")
    host, *parameters = rest.split(";")
    return f"{user}{at}{host}", parameters


def _without(name: str, parameters: list[str]) -> list[str]:
    return [parameter for parameter in parameters if parameter.partition("=")[0].lower() != name]


def _application(text: str) -> ApplicationAddress | None:
    sid, _, query = text.partition("?")
    if is_sid(_WILD_APPLICATION, sid):
        sid = APPLICATION + sid[2:]
    return ApplicationAddress(Sid(sid), _pairs(query)) if is_sid(APPLICATION, sid) else None


def _pairs(query: str) -> FormPairs:
    return tuple(parse_qsl(query, keep_blank_values=True))


def _bad(to: str) -> Address:
    raise BadAddress(to)
