"""`/Calls/{CallSid}/Streams`: unidirectional Media Streams (twiml-and-streams.md 4.1)."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.form import Form
from mixminus.api.request import ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri, canonical
from mixminus.base import sids
from mixminus.base.sids import is_sid
from mixminus.base.stream_formats import ALL_RATES_HZ, RATES_HZ, StreamFormat, stream_format
from mixminus.base.types import FormPairs
from mixminus.calls.commands import StartStream, StopStream
from mixminus.calls.streams import StreamRecord, StreamWish

TRACKS: Final = ("inbound_track", "outbound_track", "both_tracks", "participant_tracks")

MOST_PARAMETERS: Final = 99
MOST_CHARACTERS: Final = 500
"""Of a parameter's name and value together."""


def stream_resource(stream: StreamRecord) -> dict[str, Any]:
    return {
        "sid": stream.sid,
        "account_sid": stream.account_sid,
        "call_sid": stream.call_sid,
        "name": stream.name,
        "status": stream.status,
        "date_updated": words.date(stream.date_updated),
        "uri": f"{account_uri(stream.account_sid)}/Calls/{stream.call_sid}/Streams/{stream.sid}.json",
    }


async def start_stream(request: ApiRequest) -> Response:
    call = await asked_call(request)
    stream = await request.node.start_stream(StartStream(call.sid, stream_wish(request.form)))
    return JSONResponse(stream_resource(stream))


async def stop_stream(request: ApiRequest) -> Response:
    call = await asked_call(request)
    if request.form.choice("Status", ("stopped",)) is None:
        raise request.form.refusal("Status", "is required: stopped")
    said = request.text("stream")
    name = canonical(said) if is_sid(sids.STREAM, said) else said
    return JSONResponse(stream_resource(await request.node.stop_stream(StopStream(call.sid, name))))


def stream_wish(form: Form) -> StreamWish:
    url = form.word("Url")
    if url is None:
        raise form.refusal("Url", "is required: where the WebSocket is, wss://…")
    return StreamWish(
        url=url,
        track=form.choice("Track", TRACKS) or TRACKS[0],
        name=form.word("Name"),
        parameters=_parameters(form),
        webhook=form.webhook("StatusCallback", "StatusCallbackMethod", url_code=form.code, method_code=form.code),
        audio=_audio(form),
    )


def _audio(form: Form) -> StreamFormat:
    """`AudioFormat` and `SampleRate`: ours, as `<Stream>` has them."""
    rate = form.choice("SampleRate", tuple(map(str, ALL_RATES_HZ)))
    try:
        return stream_format(form.choice("AudioFormat", tuple(RATES_HZ)), int(rate) if rate else None)
    except ValueError as error:
        raise form.refusal("SampleRate", f"does not fit: {error}") from error


def _parameters(form: Form) -> FormPairs:
    """`Parameter1.Name` and `Parameter1.Value` to `Parameter99.…`; one without a name is left out."""
    found: list[tuple[str, str]] = []
    for number in range(1, MOST_PARAMETERS + 1):
        name = form.word(f"Parameter{number}.Name")
        value = form.text(f"Parameter{number}.Value") or ""
        if name is None:
            continue
        if len(name) + len(value) > MOST_CHARACTERS:
            raise form.refusal(f"Parameter{number}", f"has more than {MOST_CHARACTERS} characters")
        found.append((name, value))
    return tuple(found)


_STREAMS = f"{ACCOUNT}/Calls/{{call}}/Streams"

OPERATIONS = (
    Operation("POST", f"{_STREAMS}.json", start_stream),
    Operation("POST", f"{_STREAMS}/{{stream}}.json", stop_stream),
)
