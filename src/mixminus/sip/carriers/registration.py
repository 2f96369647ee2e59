"""A registration of ours at a carrier: what to send when, by what it answers (RFC 3261 10.2).

It holds no socket and no timer: `request` is sent when `due`, and `replied` is told what it met.
"""

import re
from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address, Credentials, DialogKey, Question, Replied
from mixminus.sip.messages.routing import is_route
from mixminus.sip.messages.uri import AddressError, NameAddr, Uri, split_outside_quotes

FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 600.0
REFUSED_RETRY_S: Final = 300.0
"""After a refusal that the same request would meet again: carriers ban those who insist."""
LONGEST_INTERVAL_S: Final = 86_400
REFRESH_MARGIN_S: Final = 300.0
"""A registration is renewed after three quarters of its life, but not earlier than this before its end."""
PASSING: Final = frozenset({408, 480, 500, 502, 503, 504})
"""Failures that may be over soon."""
MAX_SERVICE_ROUTE: Final = 8
"""Proxies that a carrier may have between us and it."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who is asked to register us."""

    uri: str
    """A domain, and nobody there (10.2)."""
    silence_s: float
    routes: tuple[str, ...] = ()
    """Values of Route."""


class Registration:
    """One address of record at one carrier, which every request names: its gateways may take turns."""

    def __init__(self, aor: str, contact: str, credentials: Credentials, expires_s: int, call_id: str) -> None:
        self.aor = aor
        self.contact = contact
        self.due = 0.0
        """When the next REGISTER is to be sent."""
        self.expires_at = 0.0
        """The carrier forgets us then; 0: it does not know us."""
        self.last_status = 0
        """What the last REGISTER met; 0: there was none."""
        self.service_route: tuple[str, ...] = ()
        """The proxies that calls are to go through, as the carrier says (RFC 3608)."""
        self._credentials = credentials
        self._wanted_s = expires_s
        self._call_id = call_id
        self._cseq = 1
        self._failures = 0

    def is_live(self, now: float) -> bool:
        return now < self.expires_at

    def request(self, key: DialogKey, at: Carrier, via: Address) -> Question:
        """The REGISTER that is due: a new one, or one that renews."""
        return self._question(key, at, via, self._wanted_s)

    def farewell(self, key: DialogKey, at: Carrier, via: Address) -> Question:
        """Take our Contact away, and nobody else's (10.2.2)."""
        return self._question(key, at, via, 0)

    def replied(self, reply: Replied, now: float) -> None:
        """Plan the next one."""
        self.last_status = reply.status
        if 200 <= reply.status < 300:
            granted_s = self._granted_s(reply)
            self.service_route = _service_route(reply)
            self._failures = 0
            self.expires_at = now + granted_s
            self.due = now + max(0.75 * granted_s, granted_s - REFRESH_MARGIN_S, 1.0)
            return
        shortest_s = _number(reply, "Min-Expires")
        if reply.status == 423 and shortest_s is not None and self._wanted_s < shortest_s <= LONGEST_INTERVAL_S:
            self._wanted_s = shortest_s  # 10.2.8
            self.due = now
            return
        self._failures += 1
        wait_s = FIRST_RETRY_S * 2.0 ** min(self._failures - 1, 10) if reply.status in PASSING else REFUSED_RETRY_S
        asked_s = _number(reply, "Retry-After") or 0
        self.due = now + min(max(wait_s, asked_s), LONGEST_RETRY_S)

    def _granted_s(self, reply: Replied) -> int:
        """How long our Contact is kept, which is the carrier's to say (10.2.4)."""
        ours = Uri.parse(self.contact)
        contacts = [value for name, value in reply.headers if name == "Contact"]
        for text in (item for line in contacts for item in split_outside_quotes(line, ",")):
            try:
                binding = NameAddr.parse(text)
                same = Uri.parse(binding.uri) == ours
            except AddressError:
                continue
            if same and re.fullmatch(r"[0-9]{1,9}", binding.parameters.get("expires", "")):
                return min(int(binding.parameters["expires"]), LONGEST_INTERVAL_S)
        expires_s = _number(reply, "Expires")
        return min(self._wanted_s if expires_s is None else expires_s, LONGEST_INTERVAL_S)

    def _question(self, key: DialogKey, at: Carrier, via: Address, expires_s: int) -> Question:
        cseq, self._cseq = self._cseq, self._cseq + 4  # room for the retries with credentials
        return Question(
            key=key,
            method="REGISTER",
            target=at.uri,
            via=via,
            from_uri=self.aor,
            to_uri=self.aor,
            call_id=self._call_id,
            cseq=cseq,
            headers=(("Contact", f"<{self.contact}>"), ("Expires", str(expires_s)), ("Supported", "path")),
            credentials=self._credentials,
            silence_s=at.silence_s,
            routes=at.routes,
        )


def _service_route(reply: Replied) -> tuple[str, ...]:
    """Those that can be gone; none, if one cannot (RFC 3608 6.1)."""
    lines = [value for name, value in reply.headers if name == "Service-Route"]
    routes = tuple(route for line in lines for route in split_outside_quotes(line, ","))
    return routes if len(routes) <= MAX_SERVICE_ROUTE and all(is_route(route) for route in routes) else ()


def _number(reply: Replied, header: str) -> int | None:
    for name, value in reply.headers:
        if name == header and (digits := re.match(r"\s*([0-9]{1,9})", value)):
            return int(digits[1])
    return None
