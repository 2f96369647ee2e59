"""Who is at the far end of a SIP call, as far as we know, and what somebody like that may do to calls."""

from dataclasses import dataclass
from enum import StrEnum


class Transfers(StrEnum):
    """Who may send calls elsewhere (setting `transfers`); each includes those before it."""

    NEVER = "never"
    USERS = "users"
    TRUNKS = "trunks"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Peer:
    """`user` authenticated, or is one whose registered phone we called."""

    user: str | None = None
    over_trunk: bool = False

    def may_transfer(self, allowed: Transfers) -> bool:
        """Whether it may have us call somebody else."""
        match allowed:
            case Transfers.NEVER:
                return False
            case Transfers.USERS:
                return self.user is not None
            case Transfers.TRUNKS:
                return self.user is not None or self.over_trunk
            case Transfers.EVERYBODY:
                return True

    def may_replace(self, other: "Peer", allowed: Transfers) -> bool:
        """Whether a call of *other*'s is its to dispose of (RFC 3891 3): the same user's, or one of the trunks'."""
        if not self.may_transfer(allowed):
            return False
        same_user = self.user is not None and self.user == other.user
        return same_user or (self.over_trunk and other.over_trunk) or allowed is Transfers.EVERYBODY
