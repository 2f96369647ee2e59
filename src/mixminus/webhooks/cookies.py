"""The cookies of one call: kept from its first request to its last, given back to the host that set them."""

from collections import OrderedDict
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from mixminus.webhooks.contract import HttpAnswer

MAX_COOKIES: Final = 50
"""Per call, the oldest going first (RFC 6265, section 6.1, asks for 50 per host)."""

MAX_COOKIE_CHARACTERS: Final = 4096
"""Name and value; RFC 6265, section 6.1."""


@dataclass(frozen=True, slots=True)
class _Cookie:
    value: str
    secure: bool


class CookieJar:
    """Host-only cookies with path and Secure. Expiry dates do not matter: the call ends first; Max-Age=0 deletes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], _Cookie] = OrderedDict()
        """By host, path and name."""

    def keep(self, answer: HttpAnswer) -> None:
        """Note what an answer sets."""
        parts = urlsplit(answer.url)
        for name, header in answer.headers:
            if name == "set-cookie":
                self._keep(parts.hostname or "", header)

    def header(self, url: str) -> str | None:
        """The Cookie header of a request; None without cookies."""
        parts = urlsplit(url)
        https = parts.scheme == "https"
        pairs = (
            f"{name}={cookie.value}"
            for (host, path, name), cookie in self._kept.items()
            if host == parts.hostname and _covers(path, parts.path or "/") and (https or not cookie.secure)
        )
        return "; ".join(pairs) or None

    def _keep(self, host: str, header: str) -> None:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(header)
        except CookieError:
            return
        for name, morsel in cookies.items():
            path = morsel["path"] if morsel["path"].startswith("/") else "/"
            self._kept.pop((host, path, name), None)
            if morsel["max-age"] != "0" and len(name) + len(morsel.coded_value) <= MAX_COOKIE_CHARACTERS:
                self._kept[(host, path, name)] = _Cookie(morsel.coded_value, bool(morsel["secure"]))
            while len(self._kept) > MAX_COOKIES:
                self._kept.popitem(last=False)


def _covers(cookie_path: str, path: str) -> bool:
    """RFC 6265, section 5.1.4."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")
