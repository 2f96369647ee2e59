"""Addresses that lead to one phone of a user, wherever it is: public and temporary GRUUs (RFC 5627)."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from mixminus.sip.messages.uri import Uri, at_host_of

MAX_TEMPORARY: Final = 32
"""Of one phone. It gets one with each REGISTER; whoever was told one that old calls it no more."""
MARK: Final = "gr"
URN_SAFE: Final = ":-_.!~*'()"

Instance = tuple[str, str]
"""A phone by the name that it keeps wherever it is (RFC 5626 4.1): its user, and its instance among those."""


class Gruus:
    """Public ones say which phone they are for; temporary ones are drawn, so that nobody learns whose they are."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._phones: dict[str, Instance] = {}
        self._domains: dict[Instance, str] = {}
        """The host in the public one of each phone that was told any."""
        self._drawn: OrderedDict[Instance, deque[str]] = OrderedDict()

    def public(self, aor: str, phone: Instance) -> str:
        """5627 3.1.1: the address of record, and which phone."""
        user, instance = phone
        self._domains[phone] = Uri.parse(aor).host
        return f"{at_host_of(aor, user)};{MARK}={quote(instance, safe=URN_SAFE)}"

    def draw(self, aor: str, phone: Instance) -> str:
        """A new temporary one; those before stay good (3.1.2)."""
        name = f"tgruu.{self._token()}{self._token()}"
        drawn = self._drawn.setdefault(phone, deque())
        drawn.append(name)
        self._phones[name] = phone
        if len(drawn) > MAX_TEMPORARY:
            del self._phones[drawn.popleft()]
        return f"{at_host_of(aor, name)};{MARK}"

    def restarted(self, phone: Instance) -> None:
        """Its Call-ID is another one: its temporary ones lead nowhere any more (5627 5.1)."""
        for name in self._drawn.pop(phone, ()):
            del self._phones[name]

    def gone(self, phone: Instance) -> None:
        self.restarted(phone)
        self._domains.pop(phone, None)

    def phone_of(self, uri: Uri) -> Instance | None:
        """Whose GRUU that is; None: it is none of ours."""
        instance = uri.parameters.get(MARK)
        if instance is None or uri.user is None:
            return None
        if not instance:
            return self._phones.get(uri.user)
        phone = (uri.user, instance)
        return phone if self._domains.get(phone) == uri.host else None
