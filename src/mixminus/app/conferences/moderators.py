"""The keys of moderators: each for one stream of one call in one conference, kept as hashes and in memory alone."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from mixminus.base.sids import API_KEY, Sids
from mixminus.base.types import RandomBytes, Sid

SECRET_BYTES = 32
"""Random: nobody guesses it, so that one round of a hash is as safe as a slow one."""


@dataclass(frozen=True, slots=True)
class ModeratorKey:
    """What is told once, to the moderator's own stream."""

    sid: Sid
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moderator:
    """Whom a key stands for, and what it opens."""

    call_sid: Sid
    conference_sid: Sid


@dataclass(frozen=True, slots=True)
class _Kept:
    moderator: Moderator
    digest: bytes


class ModeratorKeys:
    """All that are valid now. Whoever had one made revokes it: with the role, the leg, or the stream."""

    def __init__(self, sids: Sids, random_bytes: RandomBytes) -> None:
        self._sids = sids
        self._random_bytes = random_bytes
        self._kept: dict[Sid, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def issue(self, call_sid: Sid, conference_sid: Sid) -> ModeratorKey:
        """A new key."""
        secret = base64.urlsafe_b64encode(self._random_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        key = ModeratorKey(self._sids.new(API_KEY), secret)
        self._kept[key.sid] = _Kept(Moderator(call_sid, conference_sid), _digest(secret))
        return key

    def revoke(self, key_sid: Sid) -> None:
        """From now on it opens nothing; harmless when it was revoked already."""
        self._kept.pop(key_sid, None)

    def find(self, key_sid: str, secret: str) -> Moderator | None:
        """Who that is; None: no moderator, or not the right secret."""
        kept = self._kept.get(Sid(key_sid))
        if kept is None or not hmac.compare_digest(_digest(secret), kept.digest):
            return None
        return kept.moderator


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
