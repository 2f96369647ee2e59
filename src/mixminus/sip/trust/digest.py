"""Digest authentication, both ways (RFC 7616, RFC 8760): SHA-256 first, MD5 for those who know nothing else."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mixminus.sip.contract import Credentials
from mixminus.sip.messages.uri import AddressError, Uri, split_outside_quotes

NONCE_LIFETIME_S: Final = 300.0
"""Long enough for a phone that asks its user for a password, short enough to make a stolen one useless."""
MAX_NONCES: Final = 10_000
"""How many nonces that somebody authenticated with are remembered, to catch replays."""

HASHES: Final[Mapping[str, Callable[[bytes], "hashlib._Hash"]]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


def digest_response(
    algorithm: str,
    *,
    username: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    nonce: str,
    nc: str = "",
    cnonce: str = "",
    qop: str = "",
) -> str:
    """The `response` value of RFC 7616 3.4.1; without *qop*, that of RFC 2069. KeyError: an unknown algorithm."""
    name = algorithm.upper()
    session = name.endswith("-SESS")
    hash_of = HASHES[name.removesuffix("-SESS")]

    def digest(text: str) -> str:
        return hash_of(text.encode()).hexdigest()

    secret = digest(f"{username}:{realm}:{password}")
    if session:
        secret = digest(f"{secret}:{nonce}:{cnonce}")
    request = digest(f"{method}:{uri}")
    if not qop:
        return digest(f"{secret}:{nonce}:{request}")
    return digest(f"{secret}:{nonce}:{nc}:{cnonce}:{qop}:{request}")


def parse_digest(header: str) -> dict[str, str] | None:
    """The parameters of a challenge or of credentials, names in lower case; None if the scheme is another one."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    for item in split_outside_quotes(rest, ","):
        name, _, value = item.partition("=")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        found.setdefault(name.strip().lower(), value)
    return found


def algorithm_of(header: str) -> str:
    """The algorithm that credentials were made with, in upper case; MD5 where none is named (RFC 7616 3.4)."""
    return (parse_digest(header) or {}).get("algorithm", "MD5").upper()


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- we answer ---------------------------------------------------------------------------------------------------


def answer_challenge(
    challenges: list[str], credentials: Credentials, method: str, uri: str, cnonce: str, count: int = 1
) -> str | None:
    """The credentials for the first challenge that we can meet (RFC 8760 2.4: the server's order is its preference).

    None: there is none. *count* says how often the nonce has been used, this time included.
    """
    for header in challenges:
        challenge = parse_digest(header)
        if challenge is None or not challenge.get("nonce"):
            continue
        algorithm = challenge.get("algorithm", "MD5")
        offered = [item.strip().lower() for item in challenge.get("qop", "").split(",") if item.strip()]
        if algorithm.upper().removesuffix("-SESS") not in HASHES or (offered and "auth" not in offered):
            continue
        qop, nc = "auth" if offered else "", f"{count:08x}"
        return _credentials(challenge, algorithm, qop, credentials, method, uri, cnonce, nc)
    return None


def is_stale(challenges: list[str]) -> bool:
    """Whether the server liked the password but not the nonce: worth another try."""
    return any((parse_digest(header) or {}).get("stale", "").lower() == "true" for header in challenges)


def _credentials(
    challenge: Mapping[str, str],
    algorithm: str,
    qop: str,
    credentials: Credentials,
    method: str,
    uri: str,
    cnonce: str,
    nc: str,
) -> str:
    realm, nonce = challenge.get("realm", ""), challenge["nonce"]
    response = digest_response(
        algorithm,
        username=credentials.username,
        realm=realm,
        password=credentials.password,
        method=method,
        uri=uri,
        nonce=nonce,
        nc=nc,
        cnonce=cnonce,
        qop=qop,
    )
    pieces = [
        f"username={quoted(credentials.username)}",
        f"realm={quoted(realm)}",
        f"nonce={quoted(nonce)}",
        f"uri={quoted(uri)}",
        f'response="{response}"',
    ]
    if "algorithm" in challenge:
        pieces.append(f"algorithm={algorithm}")
    if qop or algorithm.upper().endswith("-SESS"):
        pieces.append(f'cnonce="{cnonce}"')
    if qop:
        pieces.append(f"qop={qop}, nc={nc}")
    if "opaque" in challenge:
        pieces.append(f"opaque={quoted(challenge['opaque'])}")
    return "Digest " + ", ".join(pieces)


# --- we challenge ------------------------------------------------------------------------------------------------


class Verdict(Enum):
    STALE = auto()
    """The password is right, the nonce is old, foreign or used: challenge again with `stale=true`."""
    WRONG = auto()


@dataclass(frozen=True, slots=True)
class Authenticated:
    user: str


class Challenger:
    """Checks who somebody is. It remembers nothing about strangers: a nonce proves itself (it is signed).

    Of a nonce that somebody authenticated with, the highest `nc` is kept, so that nothing can be replayed.
    """

    def __init__(self, realm: str, secret: bytes) -> None:
        self._realm = realm
        self._secret = secret
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._valid_from_ms = 0

    def challenges(
        self, salt: bytes, now: float, algorithms: tuple[str, ...], *, stale: bool = False
    ) -> tuple[str, ...]:
        """One value of WWW-Authenticate for each algorithm; *salt* makes the nonce unique."""
        nonce = self._sign(f"{int(now * 1000):x}.{salt.hex()}")
        suffix = ", stale=true" if stale else ""
        return tuple(
            f'Digest realm={quoted(self._realm)}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{suffix}'
            for algorithm in algorithms
        )

    def check(
        self, header: str, users: Mapping[str, str], method: str, request_uri: str, now: float
    ) -> Authenticated | Verdict:
        """Judge an Authorization value."""
        given = parse_digest(header)
        if given is None or given.get("realm") != self._realm or given.get("qop", "").lower() != "auth":
            return Verdict.WRONG
        user = given.get("username", "")
        if not self._proves(given, users.get(user), method) or not _same_resource(given.get("uri", ""), request_uri):
            return Verdict.WRONG
        nonce = given.get("nonce", "")
        return Authenticated(user) if self._is_fresh(nonce, given["nc"], now) else Verdict.STALE

    def _proves(self, given: Mapping[str, str], password: str | None, method: str) -> bool:
        nc = given.get("nc", "")
        try:
            int(nc, 16)
            expected = digest_response(
                given.get("algorithm", "MD5"),
                username=given.get("username", ""),
                realm=self._realm,
                password=password or "",
                method=method,
                uri=given.get("uri", ""),
                nonce=given.get("nonce", ""),
                nc=nc,
                cnonce=given.get("cnonce", ""),
                qop=given.get("qop", ""),
            )
        except (KeyError, ValueError):
            return False
        same = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
        return same and password is not None

    def _is_fresh(self, nonce: str, nc: str, now: float) -> bool:
        body, _, _ = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(body).encode(), nonce.encode()):
            return False
        issued_ms = int(body.partition(".")[0], 16)
        if now * 1000 - issued_ms > NONCE_LIFETIME_S * 1000 or issued_ms < self._valid_from_ms:
            return False
        count = int(nc, 16)
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        if len(self._counts) > MAX_NONCES:
            # What is forgotten could be replayed: nothing as old as it is valid any more.
            forgotten, _ = self._counts.popitem(last=False)
            self._valid_from_ms = max(self._valid_from_ms, int(forgotten.partition(".")[0], 16) + 1)
        return True

    def _sign(self, body: str) -> str:
        return f"{body}.{hmac.new(self._secret, body.encode(), hashlib.sha256).hexdigest()[:32]}"


def _same_resource(digest_uri: str, request_uri: str) -> bool:
    """RFC 7616 3.4.6. Phones differ in parameters between the two, so user and host decide."""
    if digest_uri == request_uri:
        return True
    try:
        digest, request = Uri.parse(digest_uri), Uri.parse(request_uri)
    except AddressError:
        return False
    return (digest.user, digest.host) == (request.user, request.host)
