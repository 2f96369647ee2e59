"""What a REGISTER asks for: its Contacts, its Path, and which extensions (RFC 3261 10.3, RFC 3327, 5626, 5627)."""

import re
from dataclasses import dataclass
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.sip.messages.message import Request, decimal
from mixminus.sip.messages.routing import is_route
from mixminus.sip.messages.uri import AddressError, NameAddr, Uri

DEFAULT_EXPIRES_S: Final = 3600
MIN_EXPIRES_S: Final = 60
"""RFC 3261 10.3 step 7 allows up to an hour; a minute keeps NAT bindings of phones that ask for it open."""
MAX_EXPIRES_S: Final = 7200
MAX_PATH: Final = 8
"""Proxies between us and a phone."""
INSTANCE: Final = re.compile(r"[!#-;=?-~]{1,200}")
"""What is between the brackets of `+sip.instance`: a UUID URN has 45 characters; neither quotes nor brackets."""
MAX_REG_ID: Final = 2**31 - 1
"""RFC 5626 4.2."""


class RegisterRefused(MixminusError):
    """A REGISTER that must be answered with `status`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Contact:
    """One Contact as it was asked for."""

    uri: str
    expires_s: int
    q: float = 1.0
    instance: str | None = None
    """Which phone it is, whatever its address: a URN, without brackets (RFC 5626 4.1)."""
    reg_id: int | None = None
    """Which flow of that phone (RFC 5626 4.2); None: the phone has one, and does not call it so."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A REGISTER, read and found sound."""

    contacts: tuple[Contact, ...]
    removes_all: bool
    path: tuple[str, ...]
    wants_gruu: bool

    @property
    def is_outbound(self) -> bool:
        return any(contact.reg_id is not None for contact in self.contacts)


def read(request: Request) -> Asked:
    """Raises `RegisterRefused`."""
    values = request.all("Contact")
    supported = request.options("Supported") | request.options("Require")
    path = tuple(request.all("Path"))
    if len(path) > MAX_PATH or not all(is_route(value) for value in path):
        raise RegisterRefused(400, "the Path cannot be gone")
    if "*" in values:
        if len(values) > 1 or request.get("Expires") != "0":
            raise RegisterRefused(400, "`*` stands alone and expires at once")
        return Asked((), True, path, False)
    contacts = tuple(_contact(value, request, takes_flows="outbound" in supported) for value in values)
    asked = Asked(contacts, False, path, "gruu" in supported)
    if asked.is_outbound:
        if len(contacts) > 1:
            raise RegisterRefused(400, "a flow is registered alone")  # RFC 5626 4.2.1
        if len(request.all("Via")) > 1 and not _keeps_flows(path):
            raise RegisterRefused(439, "the first hop does not support outbound")
    return asked


def _keeps_flows(path: tuple[str, ...]) -> bool:
    """Whether the proxy nearest to the phone, the last of the Path, says `ob` (RFC 5626 5.1, 6)."""
    return bool(path) and "ob" in Uri.parse(NameAddr.parse(path[-1]).uri).parameters


def _contact(value: str, request: Request, *, takes_flows: bool) -> Contact:
    try:
        address = NameAddr.parse(value)
        Uri.parse(address.uri)
    except AddressError as error:
        raise RegisterRefused(400, "a Contact is not valid") from error
    wanted = address.parameters.get("expires") or request.get("Expires") or ""
    # A malformed value counts as the default (20.19, 10.2.1.1).
    expires_s = min(int(wanted), MAX_EXPIRES_S) if decimal(wanted, 2**32 - 1) else DEFAULT_EXPIRES_S
    if 0 < expires_s < MIN_EXPIRES_S:
        raise RegisterRefused(423, "interval too brief")
    instance = address.parameters.get("+sip.instance", "").strip('"').removeprefix("<").removesuffix(">")
    if instance and not INSTANCE.fullmatch(instance):
        raise RegisterRefused(400, "a phone is not called like that")
    flow = address.parameters.get("reg-id", "")
    is_flow = takes_flows and bool(instance) and decimal(flow, MAX_REG_ID) and int(flow) > 0
    return Contact(address.uri, expires_s, preference(address), instance or None, int(flow) if is_flow else None)


def preference(address: NameAddr) -> float:
    """Its `q`, 1 unless it says otherwise."""
    try:
        return min(1.0, max(0.0, float(address.parameters.get("q", "1"))))
    except ValueError:
        return 1.0
