"""URLs that are told about events: three attributes each, with one prefix."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CallbackTo
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.values import METHOD, URL, some_of

CALL_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
CONFERENCE_EVENTS: Final = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
RECORDING_EVENTS: Final = ("in-progress", "completed", "absent")


@dataclass(frozen=True, slots=True)
class CallbackRows:
    """`statusCallback`, `statusCallbackMethod`, `statusCallbackEvent`, or the same with another first word."""

    url: Attribute[str | None]
    method: Attribute[str]
    events: Attribute[tuple[str, ...]]
    url_code: int

    @classmethod
    def of(
        cls, prefix: str, events: Iterable[str], *, url: int = 11100, method: int = SCHEMA, event: int = SCHEMA
    ) -> "CallbackRows":
        """The numbers are the codes of the warnings for each."""
        return cls(
            Attribute(prefix, URL, None, url),
            Attribute(f"{prefix}Method", METHOD, "POST", method),
            Attribute(f"{prefix}Event", some_of(*events), (), event),
            url,
        )

    @property
    def table(self) -> Table:
        return (self.url, self.method, self.events)

    def read(self, read: Reader) -> CallbackTo | None:
        """As written; None if there is no URL. The URL is resolved later, with `resolved`."""
        url, method, events = read(self.url), read(self.method), read.listed(self.events)
        return CallbackTo(url, method, events) if url else None


CALL: Final = CallbackRows.of("statusCallback", CALL_EVENTS)
CONFERENCE: Final = CallbackRows.of("statusCallback", CONFERENCE_EVENTS, method=16002, event=16002)
STREAM: Final = CallbackRows.of("statusCallback", ())
"""All its events are told, so there is no `statusCallbackEvent`."""
RECORDING: Final = CallbackRows.of("recordingStatusCallback", RECORDING_EVENTS, url=13256, event=13621)


def resolved(callback: CallbackTo | None, rows: CallbackRows, context: Context, warn: WarnOf) -> CallbackTo | None:
    """With an absolute URL. A bad one is reported, and nobody is told; calls do not fail for their callbacks."""
    if callback is None:
        return None
    try:
        return CallbackTo(context.url(callback.url), callback.method, callback.events)
    except TwimlError as error:
        warn(rows.url_code, f"{rows.url.name}: {error.message}")
        return None
