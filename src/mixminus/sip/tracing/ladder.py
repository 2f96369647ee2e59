"""Messages as a ladder: who is on it, and what went from whom to whom. Drawn as text here, as SVG in `picture.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address
from mixminus.sip.messages.uri import bracketed
from mixminus.sip.tracing.trace import Traced, Way

US: Final = "mixminus"

COLUMN: Final = 34
"""Characters from one post of the ladder to the next."""
TIME: Final = 10


@dataclass(frozen=True, slots=True)
class Rung:
    """One message. `post` is its far end's place, from 1; we are at 0."""

    number: int
    after_s: float
    """Since the first message."""
    way: Way
    post: int
    caption: str
    is_repeated: bool
    """The same message went the same way before: somebody heard no answer."""


@dataclass(frozen=True, slots=True)
class Ladder:
    posts: tuple[str, ...]
    """Who is on it; we come first."""
    rungs: tuple[Rung, ...]


def ladder(messages: Sequence[Traced]) -> Ladder:
    """The ladder of *messages*, which are in order."""
    posts: dict[Address, int] = {}
    seen: set[tuple[Way, Address, bytes]] = set()
    rungs: list[Rung] = []
    for message in messages:
        post = posts.setdefault(message.far, len(posts) + 1)
        key = (message.way, message.far, message.data)
        after_s = message.at - messages[0].at
        rungs.append(Rung(message.number, after_s, message.way, post, _caption(message), key in seen))
        seen.add(key)
    return Ladder((US, *map(_name, posts)), tuple(rungs))


def drawn(shown: Ladder) -> str:
    """As text, a line a message: the time in seconds, then an arrow between the posts."""
    lines = [_heads(shown), _between(shown)]
    lines += (f"{rung.after_s:>{TIME - 2}.3f}  {_arrow(shown, rung)}" for rung in shown.rungs)
    return "\n".join((*lines, _between(shown), ""))


# --- inside -------------------------------------------------------------------------------------------------------


def _name(address: Address) -> str:
    return f"{address.transport} {bracketed(address.host)}:{address.port}"


def _caption(message: Traced) -> str:
    """`INVITE`, `200 OK (INVITE)`, with `SDP` behind what carries a description."""
    words = message.start_line.split(" ", 2)
    if words[0] == "SIP/2.0" and len(words) > 1:
        reason = f" {words[2]}" if len(words) > 2 else ""
        caption = f"{words[1]}{reason} ({_method_of(message)})"
    elif len(words) == 3 and words[2].startswith("SIP/"):
        caption = words[0]
    else:
        return "not SIP"
    return f"{caption} SDP" if b"\r\n\r\nv=0" in message.data else caption


def _method_of(message: Traced) -> str:
    """What an answer answers."""
    for line in message.data.split(b"\r\n"):
        if line[:5].lower() == b"cseq:":
            return line.split()[-1].decode("utf-8", "replace")
    return "?"


def _heads(shown: Ladder) -> str:
    """Each name over its post; ours begins at it, since nothing stands to the left."""
    line = ""
    for place, name in enumerate(shown.posts):
        at = TIME + place * COLUMN - (len(name) // 2 if place else 0)
        line = f"{line:<{at}}{name}"
    return line


def _between(shown: Ladder) -> str:
    return " " * TIME + (" " * (COLUMN - 1)).join("│" * len(shown.posts))


def _arrow(shown: Ladder, rung: Rung) -> str:
    """From our post to the far one, over those between, or back; the caption stands before the far post."""
    width = rung.post * COLUMN - 1
    caption = rung.caption + (" again" if rung.is_repeated else "")
    space = width - 4
    caption = caption if len(caption) <= space else caption[: space - 1] + "…"
    line = f" {caption} ".center(width - 1, "─")
    line = f"{line}▶" if rung.way is Way.OUT else f"◀{line}"
    behind = "".join(" " * (COLUMN - 1) + "│" for _ in shown.posts[rung.post + 1 :])
    return f"│{line}│{behind}"
