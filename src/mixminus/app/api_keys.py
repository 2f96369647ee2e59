"""The secrets of API keys: a hash is kept, which tells whether a secret is right and not what it is.

A secret is drawn from the account's auth token and the random salt of its hash. So the node can find it again, which
it must to check what was signed with it (`access_tokens`), and whoever reads the database alone cannot.
"""

import base64
import hashlib
import hmac

from mixminus.calls.records import KeyRecord


def hashed(secret: str, salt: bytes) -> str:
    """What is kept of a secret. Secrets are 32 random bytes, so that one round of HMAC is as safe as a slow hash."""
    digest = hmac.new(salt, secret.encode(), hashlib.sha256).hexdigest()
    return f"hmac-sha256${salt.hex()}${digest}"


def is_secret(secret: str, secret_hash: str) -> bool:
    return hmac.compare_digest(hashed(secret, _salt(secret_hash)), secret_hash)


def drawn(auth_token: str, salt: bytes) -> str:
    """The secret of a new key; *salt* is 16 random bytes that no other key has."""
    digest = hmac.new(auth_token.encode(), b"secret of an API key:" + salt, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def secret_of(key: KeyRecord, auth_token: str) -> str | None:
    """The secret again; None for a key that was made otherwise, or with another auth token."""
    secret = drawn(auth_token, _salt(key.secret_hash))
    return secret if is_secret(secret, key.secret_hash) else None


def _salt(secret_hash: str) -> bytes:
    return bytes.fromhex(secret_hash.split("$")[1])
