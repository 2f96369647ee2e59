"""The account of a node: given by the environment, or made at the first start and kept."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mixminus.base.errors import MixminusError
from mixminus.base.sids import ACCOUNT, Sids, is_sid
from mixminus.base.types import RandomBytes, Sid

SID_VARIABLE = "MIXMINUS_ACCOUNT_SID"
TOKEN_VARIABLE = "MIXMINUS_AUTH_TOKEN"

FILE_NAME = "credentials.json"


class BadCredentials(MixminusError):
    """What was given cannot be an account."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Account SID and auth token."""

    account_sid: Sid
    auth_token: str = field(repr=False)
    made_at: datetime


def credentials(data: Path, environment: Mapping[str, str], random_bytes: RandomBytes, at: datetime) -> Credentials:
    """Those of the environment, else those of the data directory, else new ones, kept readable by the owner only.

    Raises `BadCredentials` for half a pair, a malformed SID, or an unreadable file.
    """
    sid, token = environment.get(SID_VARIABLE), environment.get(TOKEN_VARIABLE)
    if sid or token:
        return _given(sid, token, at)
    path = data / FILE_NAME
    if path.exists():
        return _kept(path)
    made = Credentials(Sids(random_bytes).new(ACCOUNT), random_bytes(16).hex(), at)
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(
            {"account_sid": made.account_sid, "auth_token": made.auth_token, "made_at": at.isoformat()},
            file,
            indent=1,
        )
    return made


def _given(sid: str | None, token: str | None, at: datetime) -> Credentials:
    if not sid or not token:
        raise BadCredentials(f"Set both {SID_VARIABLE} and {TOKEN_VARIABLE}, or neither.")
    if not is_sid(ACCOUNT, sid):
        raise BadCredentials(f"{SID_VARIABLE} must be AC and 32 hex digits.")
    return Credentials(Sid(sid), token, at)


def _kept(path: Path) -> Credentials:
    try:
        kept = json.loads(path.read_text())
        return Credentials(Sid(kept["account_sid"]), kept["auth_token"], datetime.fromisoformat(kept["made_at"]))
    except (OSError, ValueError, KeyError) as error:
        raise BadCredentials(
            f"{path} cannot be read ({error}). Restore it, or remove it to make new ones."
        ) from error
