"""A PASSporT as an INVITE carries it: a signed statement of who calls whom (RFC 8225), in Identity (RFC 8224 4)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import jwt

from mixminus.base.errors import MixminusError

MAX_TOKEN: Final = 8_192
"""Characters. A PASSporT of SHAKEN has about 600."""
SHAKEN: Final = "shaken"
_IDENTITY: Final = re.compile(r"\s*(?P<token>[A-Za-z0-9_.-]+)\s*(?P<rest>;.*)?")
_INFO: Final = re.compile(r";\s*info\s*=\s*<(?P<info>[^<>]*)>", re.IGNORECASE)
_PPT: Final = re.compile(r";\s*ppt\s*=\s*\"?(?P<ppt>[A-Za-z0-9_-]+)\"?", re.IGNORECASE)


class BadPassport(MixminusError):
    """It does not say what RFC 8588 wants said."""


@dataclass(frozen=True, slots=True)
class Passport:
    """What is claimed; nothing of it is believed before the signature is verified."""

    token: str
    certificate_url: str
    attestation: str
    """`A`: the carrier knows the caller and the number is theirs. `B`: knows the caller. `C`: let the call in."""
    origin: str
    """The caller's number, as it is written there."""
    destinations: tuple[str, ...]
    issued_at: int
    """Seconds since 1970."""
    origin_id: str


def shaken_identity(identities: Iterable[str]) -> str | None:
    """The Identity value with a PASSporT of SHAKEN in full form; None: there is none that we understand.

    Without header and claims (the compact form of RFC 8225 7) it is none: `attest` and `origid` are nowhere else.
    """
    for value in identities:
        found = _IDENTITY.fullmatch(value[: 2 * MAX_TOKEN])
        if found is None or found["token"].startswith(".."):
            continue
        ppt = _PPT.search(found["rest"] or "")
        if (ppt["ppt"].lower() if ppt else _ppt_inside(found["token"])) == SHAKEN:
            return value
    return None


def read_passport(identity: str) -> Passport:
    """Read an Identity value (RFC 8224 6.2, steps 1 and 2). Raises `BadPassport`."""
    found = _IDENTITY.fullmatch(identity[: 2 * MAX_TOKEN])
    info = _INFO.search(found["rest"] or "") if found else None
    if found is None or info is None or len(found["token"]) > MAX_TOKEN:
        raise BadPassport("Identity has no token, or names no certificate")
    token, url = found["token"], info["info"].strip()
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise BadPassport("the token is no JWS") from error
    if (header.get("alg"), header.get("typ"), header.get("ppt")) != ("ES256", "passport", SHAKEN):
        raise BadPassport("the token is no PASSporT of SHAKEN")
    if header.get("x5u") != url:
        raise BadPassport("the token names another certificate than Identity")
    return _of_claims(token, url, claims)


def _of_claims(token: str, url: str, claims: dict[str, object]) -> Passport:
    origin, destination = claims.get("orig"), claims.get("dest")
    attestation, issued_at, origin_id = claims.get("attest"), claims.get("iat"), claims.get("origid")
    if not isinstance(origin, dict) or not isinstance(destination, dict):
        raise BadPassport("orig or dest is missing")
    number, called = origin.get("tn"), destination.get("tn", [])
    if not isinstance(number, str) or not isinstance(called, list) or not all(isinstance(tn, str) for tn in called):
        raise BadPassport("orig or dest is no number")
    if attestation not in ("A", "B", "C") or type(issued_at) is not int or not isinstance(origin_id, str):
        raise BadPassport("attest, iat or origid is missing")
    return Passport(token, url, str(attestation), number, tuple(called), issued_at, origin_id)


def canonical(number: str) -> str:
    """A number as PASSporTs compare it: digits, with the country's code (RFC 8224 8.3).

    Ten digits are a number of the North American plan, where SHAKEN comes from.
    """
    digits = re.sub(r"[^0-9*#]", "", number.partition(";")[0])
    return f"1{digits}" if len(digits) == 10 and not number.lstrip().startswith("+") else digits


def _ppt_inside(token: str) -> str:
    try:
        return str(jwt.get_unverified_header(token[:MAX_TOKEN]).get("ppt", ""))
    except (jwt.PyJWTError, ValueError, RecursionError):
        return ""
