"""The sound of a recording: WAV as it is, MP3 and mono on request (reference, 8.3)."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from mixminus.api.auth import Who
from mixminus.api.errors import not_ready
from mixminus.api.request import ApiRequest
from mixminus.api.resources.recordings import UNFINISHED, asked_recording
from mixminus.api.routes import ACCOUNT, Handler, Operation
from mixminus.calls.records import RecordingRecord, RecordingStatus

RETRY_AFTER_S: Final = 5
MP3_BITS_PER_SECOND: Final = 32_000
LAYOUTS: Final = {1: "mono", 2: "stereo"}


async def wav(request: ApiRequest) -> Response:
    recording, file = await finished(request)
    channels = wanted_channels(request, recording)
    if channels == recording.channels:
        return FileResponse(file, media_type="audio/x-wav")
    return await transcoded(file, "wav", "pcm_s16le", channels, "audio/x-wav")


async def mp3(request: ApiRequest) -> Response:
    recording, file = await finished(request)
    return await transcoded(file, "mp3", "mp3", wanted_channels(request, recording), "audio/mpeg")


async def finished(request: ApiRequest) -> tuple[RecordingRecord, Path]:
    """The recording in the path and its file. Raises 21501 while it is not finished, 20404 when there is no sound."""
    recording = await asked_recording(request)
    if recording.status in UNFINISHED:
        raise not_ready(f"Recording {recording.sid} is not finished yet", RETRY_AFTER_S)
    file = request.node.recording_file(recording)
    if recording.status is not RecordingStatus.COMPLETED or not await run_sync(file.is_file):
        raise request.missing()
    return recording, file


def wanted_channels(request: ApiRequest, recording: RecordingRecord) -> int:
    """Mono unless two channels are asked for (16113 when there are none)."""
    wanted = request.form.integer("RequestedChannels", 1, 2) or 1
    if wanted > recording.channels:
        raise request.form.refusal("RequestedChannels", "cannot be 2: the recording is mono", 16113)
    return wanted


async def transcoded(file: Path, container: str, codec: str, channels: int, media_type: str) -> Response:
    """The sound of *file* in another form, made in a thread and forgotten when it has been sent."""
    folder = tempfile.TemporaryDirectory(prefix="mixminus-")
    target = Path(folder.name) / f"recording.{container}"
    try:
        await run_sync(transcode, file, target, container, codec, channels)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(target, media_type=media_type, background=BackgroundTask(folder.cleanup))


def transcode(source: Path, target: Path, container: str, codec: str, channels: int) -> None:
    """Decode *source*, mix it to *channels*, encode it to *target*. Blocks."""
    with av.open(str(source)) as decoding, av.open(str(target), "w", format=container) as encoding:
        rate = decoding.streams.audio[0].rate
        stream = encoding.add_stream(codec, rate=rate, layout=LAYOUTS[channels])
        assert isinstance(stream, av.AudioStream)
        if codec == "mp3":
            stream.bit_rate = MP3_BITS_PER_SECOND
        mixer = av.AudioResampler(format=stream.format, layout=LAYOUTS[channels], rate=rate)
        for frame in (*decoding.decode(audio=0), None):
            for mixed in mixer.resample(frame):
                encoding.mux(stream.encode(mixed))
        encoding.mux(stream.encode(None))


def operations(who: Who) -> tuple[Operation, ...]:
    """*who* may listen. `.json` is another resource: these come after it."""
    handlers: dict[str, Callable[..., object]] = {".wav": wav, ".mp3": mp3, "": wav}
    return tuple(_media(suffix, handler, who) for suffix, handler in handlers.items())  # type: ignore[arg-type]


def _media(suffix: str, handler: Handler, who: Who) -> Operation:
    return Operation("GET", f"{ACCOUNT}/Recordings/{{recording}}{suffix}", handler, who)
