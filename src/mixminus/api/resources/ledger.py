"""`/mixminus/v1/Conferences/{Sid}/Ledger`: who heard what, and whether it still says what was written."""

from itertools import islice
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.conferences import asked_conference
from mixminus.api.routes import Operation
from mixminus.api.uris import canonical
from mixminus.base.types import Sid
from mixminus.calls.records import LedgerEntry
from mixminus.insights.hearing import HeardSpan, Stretch, heard, holds, waits, whispers
from mixminus.insights.ledger import TICK_MS, Ledger, read
from mixminus.store.contract import Is, Where

MOST_SPANS: Final = 1_000
_NUMBERS = 2**31 - 2


async def ledger_of(request: ApiRequest, conference: Sid) -> Ledger | None:
    """As it is in the store now; None before anybody was in the room."""
    mine = Where("conference_sid", Is.EQUAL, conference)
    return read(conference, await request.node.store.query(LedgerEntry, mine))


def ledger_resource(ledger: Ledger) -> dict[str, Any]:
    """Without its spans. `intact` is false when the chain does not hold; `fault` says where."""
    head = ledger.head
    return {
        "conference_sid": ledger.conference_sid,
        "begins_at": head.begins_at.isoformat().replace("+00:00", "Z"),
        "tick_ms": TICK_MS,
        "first_tick": head.first_tick,
        "reached_tick": head.reached_tick,
        "ended": head.ended,
        "entries": head.runs,
        "hash": head.last_hash,
        "intact": ledger.fault is None,
        "fault": ledger.fault,
    }


def span_resource(ledger: Ledger, span: HeardSpan) -> dict[str, Any]:
    return {
        "call_sid": span.call_sid,
        **_times(ledger, span.from_tick, span.to_tick),
        "from_tick": span.from_tick,
        "to_tick": span.to_tick,
        "ear": span.ear,
        "hears": list(span.hears),
        "sounds": [{"kind": sound.kind, "what": sound.what} for sound in span.sounds],
    }


def stretches_resource(ledger: Ledger | None, call_sid: Sid) -> dict[str, Any]:
    """What the ledger adds to a participant's history."""
    if ledger is None:
        return {"waits": [], "holds": [], "whispers": []}

    def show(stretch: Stretch) -> dict[str, Any]:
        times = _times(ledger, stretch.from_tick, stretch.to_tick)
        return times if stretch.other is None else times | {"to_call_sid": stretch.other}

    found = {"waits": waits, "holds": holds, "whispers": whispers}
    return {name: [show(stretch) for stretch in find(ledger, call_sid)] for name, find in found.items()}


async def show_ledger(request: ApiRequest) -> Response:
    """Listener by listener; `CallSid` asks for one, `After` continues behind so many spans."""
    form = request.form
    ledger = request.found(await ledger_of(request, (await asked_conference(request)).sid))
    if form.truth("verify", default=False):
        return JSONResponse(ledger_resource(ledger))
    after = form.integer("After", 0, _NUMBERS) or 0
    size = form.integer("PageSize", 1, MOST_SPANS) or MOST_SPANS
    only = form.word("CallSid")
    spans = heard(ledger, None if only is None else (canonical(only),))
    page = list(islice(spans, after, after + size + 1))
    more = f"{request.path}?After={after + size}&PageSize={size}" if len(page) > size else None
    if more is not None and only is not None:
        more += f"&CallSid={canonical(only)}"
    shown = [span_resource(ledger, span) for span in page[:size]]
    return JSONResponse(ledger_resource(ledger) | {"spans": shown, "next_page_uri": more})


def _times(ledger: Ledger, from_tick: int, to_tick: int) -> dict[str, Any]:
    return {"from_ms": ledger.ms(from_tick), "to_ms": ledger.ms(to_tick)}


OPERATIONS = (Operation("GET", f"{EXTRAS}/Conferences/{{conference}}/Ledger", show_ledger),)
