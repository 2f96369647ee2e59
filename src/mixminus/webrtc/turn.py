"""Credentials for a TURN server that shares a secret with us, such as coturn with `use-auth-secret`.

As in draft-uberti-behave-turn-rest-00: a name that says until when it is good, and a password that proves that we
gave it out. The server looks nothing up, and nobody learns the secret.
"""

import base64
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TurnCredential:
    """Good for all TURN servers that know the secret."""

    username: str
    password: str = field(repr=False)


def turn_credential(secret: str, name: str, until_unix_s: int) -> TurnCredential:
    """For *name*, until that moment (section 2.2 of the draft)."""
    username = f"{until_unix_s}:{name}"
    digest = hmac.digest(secret.encode(), username.encode(), "sha1")
    return TurnCredential(username, base64.b64encode(digest).decode())
