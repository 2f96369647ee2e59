"""Secrets in messages, blotted out before anything is kept: credentials, media keys, keys that were pressed.

What is blotted out keeps its length, so that a message is still the message that its `Content-Length` speaks of.
Every pattern looks at each octet once: strangers choose what is read here.
"""

import re
from typing import Final

_SIGNS: Final = (b"authorization", b"inline:", b"a=ice-pwd", b"a=key-mgmt", b"\nk=", b"application/dtmf")
"""Most messages hold none of these, and need no patterns."""

_SECRETS: Final = (
    # A digest answer can be attacked at leisure (RFC 7616 5.4); behind other schemes all is secret.
    re.compile(rb'(?im)^(?:Proxy-)?Authorization[ \t]*:.*?\bresponse[ \t]*=[ \t]*"?(?P<secret>[^",\r\n]+)'),
    re.compile(rb"(?im)^(?:Proxy-)?Authorization[ \t]*:[ \t]*(?!Digest\b)[^\s]+[ \t]+(?P<secret>[^\r\n]+)"),
    re.compile(rb"(?i)\binline:(?P<secret>[^|;\s]+)"),  # a=crypto (RFC 4568 6.1)
    re.compile(rb"(?im)^a=ice-pwd:(?P<secret>[^\r\n]+)"),  # RFC 8839 5.4
    re.compile(rb"(?im)^a=key-mgmt:[^ \r\n]+ (?P<secret>[^\r\n]+)"),  # RFC 4567 3.1
    re.compile(rb"(?im)^k=(?P<secret>[^\r\n]+)"),  # RFC 4566 5.12
)
_PASSWORD: Final = re.compile(rb"[sS][iI][pP][sS]?:[^@:;>\s]{1,64}:(?P<secret>[^@\s>]{1,64})@")
"""In an address (RFC 3261 19.1.1)."""

_KEYS_FOLLOW: Final = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:[ \t]*application/dtmf")
_KEY: Final = re.compile(rb"(?:^|(?<=[=\s]))(?P<secret>[0-9A-D*#])(?=\s|$)")
"""A key by itself or behind `Signal=`: PINs and card numbers are keyed in."""


def redacted(message: bytes) -> bytes:
    """*message* without its secrets; the same object when there are none."""
    lower = message.lower()
    if any(sign in lower for sign in _SIGNS):
        for secret in _SECRETS:
            message = secret.sub(_blotted, message)
        message = _without_keys(message)
    return _PASSWORD.sub(_blotted, message)


def _without_keys(message: bytes) -> bytes:
    header, blank, body = message.partition(b"\r\n\r\n")
    if _KEYS_FOLLOW.search(header) is None:
        return message
    return header + blank + _KEY.sub(_blotted, body)


def _blotted(found: re.Match[bytes]) -> bytes:
    whole, (begin, end) = found.group(), found.span("secret")
    begin, end = begin - found.start(), end - found.start()
    return whole[:begin] + b"x" * (end - begin) + whole[end:]
