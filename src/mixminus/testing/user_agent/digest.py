"""Digest authentication as a client: RFC 8760 (SHA-256, MD5) over RFC 7616, for SIP (RFC 3261 section 22)."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

HASHES: Final = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_FIELD: Final = re.compile(r'([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str


def choose_challenge(challenges: Iterable[str], algorithms: Iterable[str]) -> Mapping[str, str] | None:
    """The first challenge we know: the server lists its favourite first (RFC 8760 2.3). None: we know none."""
    known = {algorithm.upper() for algorithm in algorithms}
    for challenge in challenges:
        scheme, _, rest = challenge.strip().partition(" ")
        fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(rest)}
        if scheme.lower() == "digest" and fields.get("algorithm", "MD5").upper() in known:
            return fields
    return None


def authorization(
    challenge: Mapping[str, str], credentials: Credentials, method: str, uri: str, *, cnonce: str, count: int
) -> str:
    """The value of the Authorization header that answers *challenge*; *count* is how often its nonce was used."""
    algorithm = challenge.get("algorithm", "MD5")
    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")

    def digest(*parts: str) -> str:
        return HASHES[algorithm.upper()](":".join(parts).encode()).hexdigest()

    secret = digest(credentials.username, realm, credentials.password)
    purpose = digest(method, uri)
    fields = [
        f'username="{credentials.username}"',
        f'realm="{realm}"',
        f'nonce="{nonce}"',
        f'uri="{uri}"',
        f"algorithm={algorithm}",
    ]
    if "auth" in [option.strip() for option in challenge.get("qop", "").split(",")]:
        nc = f"{count:08x}"
        fields.append(f'response="{digest(secret, nonce, nc, cnonce, "auth", purpose)}"')
        fields.append(f'qop=auth, nc={nc}, cnonce="{cnonce}"')
    else:
        fields.append(f'response="{digest(secret, nonce, purpose)}"')
    if "opaque" in challenge:
        fields.append(f'opaque="{challenge["opaque"]}"')
    return "Digest " + ", ".join(fields)
