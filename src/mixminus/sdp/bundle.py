"""Streams that share one transport: `mid` and `group:BUNDLE` (RFC 5888, RFC 9143).

We take one audio stream, so a group of ours has one member; what is read here is where that stream's packets go.
"""

import re
from dataclasses import replace
from typing import Final

from mixminus.sdp.description import Attributes, Description, Stream

_MID: Final = re.compile(r"[!#$%&'*+.^_`{|}~A-Za-z0-9-]{1,64}")

_OF_THE_TRANSPORT: Final = frozenset(
    {"candidate", "end-of-candidates", "ice-ufrag", "ice-pwd", "fingerprint", "setup", "crypto", "rtcp", "rtcp-mux"}
)
"""Attributes that one member says for the others (RFC 8859: TRANSPORT, IDENTICAL)."""


def mid_of(stream: Stream) -> str | None:
    """A stream's name, if it has one."""
    mid = stream.value("mid") or ""
    return mid if _MID.fullmatch(mid) else None


def group_of(description: Description, mid: str | None) -> tuple[str, ...]:
    """The members of the BUNDLE group that *mid* is in, first the one that speaks for all; empty: it is in none."""
    for name, value in description.attributes:
        semantics, *members = value.split() if name == "group" else [""]
        if semantics.upper() == "BUNDLE" and mid in members:
            return tuple(members)
    return ()


def bundled(mid: str) -> Attributes:
    """Session attributes of a description in which that stream alone is bundled (RFC 9143 7.3.3)."""
    return (("group", f"BUNDLE {mid}"),)


def unbundled(description: Description) -> tuple[Stream, ...]:
    """The streams, each with its own transport: a `bundle-only` one borrows that of its group (RFC 9143 6, 7.1.3)."""
    named = {mid: stream for stream in description.streams if (mid := mid_of(stream)) is not None}
    return tuple(_with_transport(description, stream, named) for stream in description.streams)


def _with_transport(description: Description, stream: Stream, named: dict[str, Stream]) -> Stream:
    if stream.port != 0 or stream.value("bundle-only") is None:
        return stream
    members = group_of(description, mid_of(stream))
    tagged = named.get(members[0]) if members else None
    if tagged is None or tagged.port == 0:
        return stream
    own = tuple(pair for pair in stream.attributes if pair[0] not in _OF_THE_TRANSPORT)
    borrowed = tuple(pair for pair in tagged.attributes if pair[0] in _OF_THE_TRANSPORT)
    return replace(stream, port=tagged.port, host=tagged.host, attributes=(*own, *borrowed))
