"""Access Tokens: what an application gives a client to hold instead of a password (twiml-and-streams.md 9.3).

A JSON Web Token with voice grants, signed with the secret of an API key. Official SDKs make them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from mixminus.app.api_keys import secret_of
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.records import KeyRecord
from mixminus.store.contract import Store

ALGORITHM: Final = "HS256"
CONTENT_TYPE: Final = "twilio-fpa"
MOST_CHARACTERS: Final = 8_192
LONGEST_LIFE_S: Final = 86_400
LEEWAY_S: Final = 60
"""Clocks differ: so much too early, and so much longer than a day."""

INCOMING: Final = frozenset({"REGISTER", "SUBSCRIBE"})
"""What somebody asks who wants to be called; everything else calls."""

_CLAIMS: Final = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
_SIGNATURE_ALONE: Final[Any] = {f"verify_{claim}": False for claim in _CLAIMS}
"""Times are checked against the clock that we are given."""


class BadToken(Refusal):
    """20101."""

    def __init__(self, why: str) -> None:
        super().__init__(20101, 401, f"Invalid Access Token: {why}")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says, once its signature was found right."""

    key_sid: Sid
    identity: str
    expires_at: datetime
    may_register: bool
    """`voice.incoming.allow`: be called as `client:IDENTITY`."""
    may_call: bool
    """`voice.outgoing`: call somebody."""
    application_sid: str | None = None
    """Of `voice.outgoing`."""


class AccessTokens:
    """Reads tokens that were signed with the account's API keys. It knows their secrets while the node runs."""

    def __init__(self, account_sid: Sid, auth_token: str, clock: Clock) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._clock = clock
        self._secrets: dict[str, str] = {}

    async def load(self, store: Store) -> None:
        """Learn the keys that there are."""
        for key in await store.query(KeyRecord):
            self.learn(key)

    def learn(self, key: KeyRecord) -> None:
        """A key was made."""
        if (secret := secret_of(key, self._auth_token)) is not None:
            self._secrets[key.sid] = secret

    def forget(self, key_sid: str) -> None:
        """A key was deleted: tokens that it signed are nothing any more."""
        self._secrets.pop(key_sid, None)

    def read(self, token: str) -> AccessToken:
        """Raises `BadToken`."""
        if len(token) > MOST_CHARACTERS:
            raise BadToken(f"it has more than {MOST_CHARACTERS} characters")
        claims = self._signed(token)
        if claims.get("sub") != self._account_sid:
            raise BadToken("sub is not this account")
        expires_at = self._expiry(claims)
        grants = _mapping(claims, "grants")
        identity = grants.get("identity")
        if not isinstance(identity, str) or not identity:
            raise BadToken("it has no identity")
        voice = _mapping(grants, "voice")
        application_sid = _mapping(voice, "outgoing").get("application_sid")
        return AccessToken(
            Sid(claims["iss"]),
            identity,
            expires_at,
            may_register=_mapping(voice, "incoming").get("allow") is True,
            may_call=isinstance(voice.get("outgoing"), dict),
            application_sid=application_sid if isinstance(application_sid, str) else None,
        )

    def user_of(self, token: str, method: str) -> str | None:
        """Whose SIP request of that *method* it is; None when the token does not allow it."""
        try:
            read = self.read(token)
        except BadToken:
            return None
        allowed = read.may_register if method in INCOMING else read.may_call
        return read.identity if allowed else None

    def _signed(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            secret = self._secrets.get(issuer) if isinstance(issuer, str) else None
            if secret is None:
                raise BadToken("iss is no API key that this node knows the secret of")
            claims: Mapping[str, Any] = jwt.decode(token, secret, [ALGORITHM], options=_SIGNATURE_ALONE)
        except jwt.InvalidSignatureError:
            raise BadToken("the signature is not that of the key's secret") from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadToken(f"it is no JSON Web Token signed with {ALGORITHM}") from None
        if str(header.get("cty", "")).partition(";")[0] != CONTENT_TYPE:
            raise BadToken(f"cty is not {CONTENT_TYPE}")
        return claims

    def _expiry(self, claims: Mapping[str, Any]) -> datetime:
        now, expires = self._clock.utc().timestamp(), claims.get("exp")
        if type(expires) is not int:
            raise BadToken("it has no expiry")
        if expires <= now:
            raise BadToken("it has expired; the application has to make a new one")
        if expires > now + LONGEST_LIFE_S + LEEWAY_S:
            raise BadToken("it expires in more than 24 hours")
        begins = claims.get("nbf", 0)
        if type(begins) is not int or begins > now + LEEWAY_S:
            raise BadToken("it is not valid yet")
        return datetime.fromtimestamp(expires, UTC)


def _mapping(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What a claim holds; nothing when it is not there, or is something else."""
    said = claims.get(name)
    return said if isinstance(said, dict) else {}
