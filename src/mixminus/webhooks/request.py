"""What the application wants to be asked, to one signed HTTP request."""

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from mixminus import __version__
from mixminus.base.types import FormPairs
from mixminus.webhooks.contract import HttpFailure, HttpRequest, Limits, WebhookCall
from mixminus.webhooks.policy import shown
from mixminus.webhooks.signing import signature

USER_AGENT: Final = f"Mixminus/{__version__}"

BAD_URL: Final = 11100

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL as it goes over the wire (ASCII, no user, no fragment), and the user that it named."""

    url: str
    authorization: str | None


def address(url: str) -> Address:
    """Take a configured URL apart. Raises `HttpFailure` 11100 if it is none that could be requested."""
    try:
        parts = urlsplit(url.strip())
        host, port = _host(parts.hostname), parts.port
    except ValueError:  # UnicodeError, from IDNA, is one
        raise _bad(url) from None
    if parts.scheme not in ("http", "https") or not host or port == 0 or "\\" in parts.netloc:
        raise _bad(url)
    place = host if port is None else f"{host}:{port}"
    wire = urlunsplit((parts.scheme, place, _ascii(parts.path) or "/", _ascii(parts.query), ""))
    return Address(wire, _basic(parts.username, parts.password))


def build(call: WebhookCall, auth_token: str, token: str, limits: Limits, headers: Headers = ()) -> HttpRequest:
    """The request: parameters in the body of a POST, in the query of a GET.

    *token* is the same for all tries of one request. Raises `HttpFailure` 11100.
    """
    target = address(call.url)
    parameters = _encodable(call.parameters)
    common: Headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("I-Twilio-Idempotency-Token", token), *headers)
    if target.authorization is not None:
        common += (("Authorization", target.authorization),)
    if call.method.upper() == "GET":
        url = target.url
        if parameters:
            url += ("&" if "?" in url else "?") + urlencode(parameters)
        signed = (("X-Twilio-Signature", signature(auth_token, url)), *common)
        return HttpRequest("GET", url, signed, limits=limits)
    signed = (
        ("X-Twilio-Signature", signature(auth_token, target.url, parameters)),
        ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
        *common,
    )
    return HttpRequest("POST", target.url, signed, urlencode(parameters).encode(), limits)


def _host(hostname: str | None) -> str:
    """The host as DNS and the Host header want it: IDNA for names, brackets for IPv6."""
    if hostname is None:
        return ""
    if ":" in hostname:
        return f"[{hostname}]"
    host = hostname if hostname.isascii() else hostname.encode("idna").decode()
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise ValueError(hostname)
    return host


def _ascii(text: str) -> str:
    """Percent-encode what may not stand in a URL, and nothing that may: a query is sent as it was configured."""
    return quote(text, safe="%/:?#[]@!$&'()*+,;=~-._", encoding="utf-8", errors="replace")


def _basic(username: str | None, password: str | None) -> str | None:
    if username is None:
        return None
    credentials = f"{unquote(username)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(credentials.encode("utf-8", "replace")).decode()


def _encodable(parameters: FormPairs) -> FormPairs:
    """Half a surrogate pair (from a phone's display name, say) cannot be sent; signature and body must agree."""
    return tuple((_utf8(name), _utf8(value)) for name, value in parameters)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bad(url: str) -> HttpFailure:
    return HttpFailure(BAD_URL, "url", f'"{shown(url)}" is not a URL that can be requested; it must be http or https')
