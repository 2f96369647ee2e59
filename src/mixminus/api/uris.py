"""How resources are named: paths and SIDs."""

from mixminus.base.types import Sid

API = "/2010-04-01"


def account_uri(sid: Sid) -> str:
    """What the URIs of an account's resources begin with."""
    return f"{API}/Accounts/{sid}"


def canonical(sid: str) -> Sid:
    """A SID as we write it: clients may use upper-case hex (reference, 7.3)."""
    return Sid(sid[:2] + sid[2:].lower())
