"""Who is asking: the account with its token, or an API key with its secret (reference, 7.1)."""

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from mixminus.api.errors import unauthorized
from mixminus.api.uris import canonical
from mixminus.app.api_keys import drawn, hashed, is_secret
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.base import sids
from mixminus.base.types import RandomBytes, Sid
from mixminus.calls.records import KeyRecord
from mixminus.calls.refusals import NotPermitted
from mixminus.store.contract import Store


class Who(Enum):
    """Whom an operation is open to."""

    ANYBODY = auto()
    CREDENTIALED = auto()
    """The account and its keys."""
    MODERATORS = auto()
    """These, and the moderators of the conference in the path (see `app.moderators`)."""
    ACCOUNT = auto()
    """The account only: a standard key may not manage `/Accounts` and `/Keys`."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sent a request."""

    sid: Sid
    """The account, a key, or the call of a moderator."""
    moderates: Sid | None = None
    """The one conference that a moderator may know of."""


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of a node."""

    sid: Sid
    auth_token: str = field(repr=False)
    date_created: datetime
    friendly_name: str = "Mixminus"


class Accounts:
    """Recognises whoever asks. Keys are read from *store* each time, so that a deleted one is refused at once."""

    def __init__(self, account: Account, store: Store, random_bytes: RandomBytes) -> None:
        self.account = account
        self._store = store
        self._random_bytes = random_bytes

    def new_secret(self) -> tuple[str, str]:
        """A secret to show once, and the hash to keep."""
        salt = self._random_bytes(16)
        secret = drawn(self.account.auth_token, salt)
        return secret, hashed(secret, salt)

    async def admit(self, authorization: str | None, who: Who, moderators: ModeratorKeys) -> Asker:
        """Who asks, by the `Authorization` header. Raises 20003 unless that is one of *who*."""
        if who is Who.ANYBODY:
            return Asker(self.account.sid)
        user, password = _basic(authorization)
        if user.startswith(sids.API_KEY):
            if (moderator := moderators.find(canonical(user), password)) is not None:
                if who is not Who.MODERATORS:
                    raise NotPermitted("a moderator's key opens its conference and the participants of it alone")
                return Asker(moderator.call_sid, moderator.conference_sid)
            key = await self._store.fetch(KeyRecord, canonical(user))
            admitted = who is not Who.ACCOUNT and key is not None and is_secret(password, key.secret_hash)
        else:
            # Both are compared, always: the time taken tells nothing.
            is_user = hmac.compare_digest(canonical(user).encode(), self.account.sid.encode())
            is_token = hmac.compare_digest(password.encode(), self.account.auth_token.encode())
            admitted = is_user and is_token
        if not admitted:
            raise unauthorized()
        return Asker(canonical(user))


def _basic(authorization: str | None) -> tuple[str, str]:
    """User and password of RFC 7617. Raises 20003."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise unauthorized()
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise unauthorized() from None
    if not colon:
        raise unauthorized()
    return user, password
