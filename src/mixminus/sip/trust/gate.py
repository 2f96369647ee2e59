"""Who may come in (CONTRACT.md, "Numbers and addresses"), and how strangers are slowed down."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mixminus.base.types import RandomBytes
from mixminus.sip.contract import Address
from mixminus.sip.messages.message import Request
from mixminus.sip.places.networks import is_loopback
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.bans import Bans, Offence
from mixminus.sip.trust.digest import Authenticated, Challenger, Verdict, algorithm_of
from mixminus.sip.trust.limits import Limiter, Pace, Rate, Rates, host_key, kind_of, user_key

CHALLENGE_COST: Final = 0.1
"""A challenge is the normal start of a registration: two hundred phones behind one NAT may start together."""
MALFORMED_COST: Final = 0.2
"""Some phones keep their NAT open with bytes that are no SIP."""
SCANNERS: Final = re.compile(
    r"friendly-scanner|sipvicious|sundayddr|sip-?scan|sipcli|vaxsip|iwar|pplsip|siparmyknife|smap|nmap|masscan|zgrab"
    r"|cseq/|sipptk|gulp|test[ _-]?agent$|eyebeam release 3004t",
    re.IGNORECASE,
)
"""What programs that look for open servers call themselves, when they say it."""


@dataclass(frozen=True, slots=True)
class Admitted:
    user: str | None
    """Who authenticated; None for trunks and loopback."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """To be answered with 401 and these values of WWW-Authenticate."""

    challenges: tuple[str, ...]


class Forbidden:
    """To be answered with 403."""


BEARER: Final = "bearer "

ReadToken = Callable[[str, str], str | None]
"""Token and method to the user whose request it is; None when the token does not allow it."""


def _no_token(token: str, method: str) -> str | None:
    return None


class Gate:
    """Decides about requests that belong to no dialog yet."""

    def __init__(self, realm: str, random_bytes: RandomBytes) -> None:
        self._challenger = Challenger(realm, random_bytes(32))
        self._random_bytes = random_bytes
        self.bans = Bans()
        self.limiter = Limiter()
        self.read_token: ReadToken = _no_token

    def caller(
        self, request: Request, source: Address, settings: SipSettings, now: float
    ) -> Admitted | Challenged | Forbidden:
        """May this host call in?"""
        if self._is_at_home(source, settings):
            return Admitted(None)
        return self.user(request, source, settings, now)

    def user(
        self, request: Request, source: Address, settings: SipSettings, now: float
    ) -> Admitted | Challenged | Forbidden:
        """Is it one of our users?"""
        if not settings.users:
            return self._forbid(source, Offence.REFUSED, settings, now)
        given = request.get("Authorization")
        if given is not None and given.lower().startswith(BEARER):  # RFC 8898
            bearer = self.read_token(given[len(BEARER) :].strip(), request.method)
            if bearer in settings.users:
                return Admitted(bearer)
            return self._forbid(source, Offence.PASSWORDS, settings, now)
        if given is None or not given.lower().startswith("digest "):  # a scheme that we do not know proves nothing
            return self._challenge(source, settings, now, stale=False)
        if algorithm_of(given) not in settings.digest_algorithms:
            return self._forbid(source, Offence.REFUSED, settings, now)
        match self._challenger.check(given, settings.users, request.method, request.uri, now):
            case Authenticated(user):
                return Admitted(user)
            case Verdict.STALE:
                return self._challenge(source, settings, now, stale=True)
        return self._forbid(source, Offence.PASSWORDS, settings, now)

    # --- who is not listened to ------------------------------------------------------------------------------

    def ignores(self, source: Address, settings: SipSettings, now: float) -> bool:
        """Whether a host was refused so often that it gets no answer for a while. Trunks and open loopback never."""
        if self._is_at_home(source, settings) or not self.bans.is_banned(source.host, now):
            return False
        self.bans.ignored(source.host)
        return True

    def recognises_scanner(self, request: Request, source: Address, settings: SipSettings, now: float) -> bool:
        """Whether it calls itself by the name of a scanner; it is banned then."""
        name = request.get("User-Agent") or ""
        if self._is_at_home(source, settings) or not SCANNERS.search(name[:200]):
            return False
        self._blame(source, Offence.SCANNER, settings, now)
        return True

    def blame(self, source: Address, settings: SipSettings, now: float, cost: float = 1.0) -> None:
        """Note a refusal."""
        self._blame(source, Offence.REFUSED, settings, now, cost)

    # --- how much --------------------------------------------------------------------------------------------

    def pace_of_host(self, request: Request, source: Address, settings: SipSettings, now: float) -> Pace:
        """Whether a host asks too much: a stranger by the node's rates, a trunk by its own."""
        if not self._is_at_home(source, settings):
            return self._take(host_key(source.host), request.method, settings.host_rates, now)
        if request.method == "INVITE" and (trunk := settings.trunk_of(source.host)) is not None:
            return self.limiter.take(f"trunk {trunk.name}", "INVITE", Rate(trunk.invites_per_s), now)
        return Pace.FINE

    def pace_of_user(self, method: str, user: str, settings: SipSettings, now: float) -> Pace:
        """Whether a user asks too much, wherever from."""
        return self._take(user_key(user), method, settings.user_rates, now)

    def _take(self, who: str, method: str, rates: Rates, now: float) -> Pace:
        return self.limiter.take(who, kind_of(method), rates.of(method), now)

    # --- inside ----------------------------------------------------------------------------------------------

    def _is_at_home(self, source: Address, settings: SipSettings) -> bool:
        # A WebSocket from this machine may be a browser from anywhere, behind a proxy of ours.
        from_here = is_loopback(source.host) and not source.transport.is_websocket
        return settings.trusts(source.host) or (settings.open_to_loopback and from_here)

    def _blame(self, source: Address, offence: Offence, settings: SipSettings, now: float, cost: float = 1.0) -> None:
        """Whoever comes by a WebSocket from this machine came through a proxy of ours: a ban would hit all others."""
        is_behind_a_proxy = source.transport.is_websocket and is_loopback(source.host)
        if not is_behind_a_proxy and not self._is_at_home(source, settings):
            self.bans.blame(source.host, offence, settings.ban_s, now, cost)

    def _challenge(self, source: Address, settings: SipSettings, now: float, *, stale: bool) -> Challenged:
        self._blame(source, Offence.REFUSED, settings, now, CHALLENGE_COST)
        salt = self._random_bytes(8)
        return Challenged(self._challenger.challenges(salt, now, settings.digest_algorithms, stale=stale))

    def _forbid(self, source: Address, offence: Offence, settings: SipSettings, now: float) -> Forbidden:
        self._blame(source, offence, settings, now)
        return Forbidden()
