"""Files in, 8 kHz mono out: what is audio is heard, what is not is refused and harms nobody."""

import io
import os
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixminus.prompts.io.decode import Decoder
from mixminus.prompts.prompt import NOT_AUDIO, TOO_LARGE, PromptError

Samples = npt.NDArray[np.int16]


def tone(hz: float, seconds: float, rate_hz: int = 8000, amplitude: int = 8000) -> Samples:
    """A sine."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    samples: Samples = np.rint(amplitude * np.sin(2 * np.pi * hz * t)).astype(np.int16)
    return samples


def wav(samples: Samples, rate_hz: int = 8000, channels: int = 1) -> bytes:
    """A WAV file by the standard library; channels are copies."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return out.getvalue()


def encoded(samples: Samples, container: str, codec: str, rate_hz: int) -> bytes:
    """A file by FFmpeg's muxer and encoder of those names. *samples* are at *rate_hz*."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout="mono")
        assert isinstance(stream, AudioStream)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        fitting = AudioResampler(stream.format, "mono", rate_hz, frame_size=stream.frame_size or 1024)
        for piece in (*fitting.resample(frame), *fitting.resample(None)):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return out.getvalue()


def strongest_hz(samples: Samples) -> float:
    """The frequency with the most energy."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 8000 / len(samples))


FORMATS: dict[str, tuple[str | None, Callable[[], bytes]]] = {
    "wav 8 kHz": (None, lambda: wav(tone(1000, 1.0))),
    "wav 44.1 kHz stereo": (None, lambda: wav(tone(1000, 1.0, 44_100), 44_100, channels=2)),
    "wav mu-law": (None, lambda: encoded(tone(1000, 1.0), "wav", "pcm_mulaw", 8000)),
    "wav 24 bit": (None, lambda: encoded(tone(1000, 1.0, 48_000), "wav", "pcm_s24le", 48_000)),
    "mp3": (None, lambda: encoded(tone(1000, 1.0, 44_100), "mp3", "libmp3lame", 44_100)),
    "aiff": (None, lambda: encoded(tone(1000, 1.0, 22_050), "aiff", "pcm_s16be", 22_050)),
    "au": ("mulaw", lambda: encoded(tone(1000, 1.0), "au", "pcm_mulaw", 8000)),
    "raw mu-law": ("mulaw", lambda: encoded(tone(1000, 1.0), "mulaw", "pcm_mulaw", 8000)),
    "raw A-law": ("alaw", lambda: encoded(tone(1000, 1.0), "alaw", "pcm_alaw", 8000)),
    "ogg opus": (None, lambda: encoded(tone(1000, 1.0, 48_000), "ogg", "libopus", 48_000)),
    "flac": (None, lambda: encoded(tone(1000, 1.0, 24_000), "flac", "flac", 24_000)),
    "m4a": (None, lambda: encoded(tone(1000, 1.0, 44_100), "mov", "aac", 44_100)),
}


async def decoded(
    decoder: Decoder, folder: Path, data: bytes, demuxer: str | None = None, level_dbfs: float | None = None
) -> Samples:
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    target.unlink(missing_ok=True)
    await decoder.decode(source, folder / "part", target, demuxer=demuxer, level_dbfs=level_dbfs)
    return np.fromfile(target, "<i2").astype(np.int16)


async def played_or_refused(decoder: Decoder, folder: Path, data: bytes, demuxer: str | None) -> None:
    """There is no third way: any other exception is a bug."""
    code, samples = None, np.zeros(0, np.int16)
    try:
        samples = await decoded(decoder, folder, data, demuxer)
    except PromptError as refused:
        code = refused.code
    assert code in (None, NOT_AUDIO, TOO_LARGE)
    assert len(samples) <= 20 * 8000


@pytest.mark.parametrize("name", FORMATS)
async def test_the_same_note_comes_out_of_every_format(name: str, decoder: Decoder, folder: Path) -> None:
    demuxer, make = FORMATS[name]
    samples = await decoded(decoder, folder, make(), demuxer)
    assert len(samples) / 8000 == pytest.approx(1.0, abs=0.06)  # MP3 and AAC pad to whole frames
    assert strongest_hz(samples) == pytest.approx(1000, abs=2)
    assert np.sqrt(np.mean(samples[2000:6000].astype(float) ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.1)


async def test_headerless_gsm_is_20_ms_for_33_bytes(decoder: Decoder, folder: Path) -> None:
    """ETSI EN 300 961: 260 bits a frame, after the signature nibble 0xD of RFC 3551, 4.5.8.1."""
    samples = await decoded(decoder, folder, (b"\xd0" + bytes(32)) * 50, "gsm")
    assert len(samples) == 8000


async def test_8_khz_samples_are_not_touched(decoder: Decoder, folder: Path) -> None:
    original = np.random.default_rng(3).integers(-32768, 32767, 8001).astype(np.int16)
    assert np.array_equal(await decoded(decoder, folder, wav(original)), original)


async def test_a_level_can_be_asked_for(decoder: Decoder, folder: Path) -> None:
    samples = await decoded(decoder, folder, wav(tone(500, 1.0, amplitude=300)), level_dbfs=-18.0)
    rms = np.sqrt(np.mean(samples.astype(float) ** 2))
    assert 20 * np.log10(rms / 32768) == pytest.approx(-18.0, abs=0.2)


async def test_a_truncated_wav_plays_as_far_as_it_goes(decoder: Decoder, folder: Path) -> None:
    samples = await decoded(decoder, folder, wav(tone(1000, 2.0))[: 44 + 16_000])
    assert len(samples) == 8000


NOT_SOUND = {
    "an empty file": b"",
    "a web page": b"<html><body>404</body></html>" * 20,
    "a WAV header and nothing behind it": wav(tone(1000, 1.0))[:44],
    "half a WAV header": wav(tone(1000, 1.0))[:21],
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "zeros": bytes(5000),
    "a WAV with one sample a second": wav(tone(1000, 1.0), rate_hz=1),
    "a WAV with four thousand million samples a second": wav(tone(1000, 1.0), rate_hz=2**31 - 1),
}


@pytest.mark.parametrize("name", NOT_SOUND)
async def test_13420_what_is_no_audio(name: str, decoder: Decoder, folder: Path) -> None:
    with pytest.raises(PromptError) as refused:
        await decoded(decoder, folder, NOT_SOUND[name])
    assert refused.value.code == NOT_AUDIO
    assert refused.value.message
    assert "target" not in os.listdir(folder)


@pytest.mark.parametrize("named", ["neighbour.wav", "{folder}/neighbour.wav", "file:{folder}/neighbour.wav"])
@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile {}\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
        "[playlist]\nFile1={}\nNumberOfEntries=1\n",
    ],
)
async def test_a_playlist_opens_nothing_else_on_this_machine(
    playlist: str, named: str, decoder: Decoder, folder: Path
) -> None:
    (folder / "neighbour.wav").write_bytes(wav(tone(1000, 1.0)))
    with pytest.raises(PromptError) as refused:
        await decoded(decoder, folder, playlist.format(named.format(folder=folder)).encode())
    assert refused.value.code == NOT_AUDIO


async def test_a_small_file_that_unpacks_to_hours_of_silence_is_refused(decoder: Decoder, folder: Path) -> None:
    bomb = encoded(np.zeros(8000 * 600, np.int16), "flac", "flac", 8000)
    assert len(bomb) < 200_000  # for ten minutes
    with pytest.raises(PromptError) as refused:
        await decoded(decoder, folder, bomb)
    assert refused.value.code == TOO_LARGE
    assert "20 seconds" in refused.value.message


async def test_a_file_over_the_limit_is_not_even_read(decoder: Decoder, folder: Path) -> None:
    with pytest.raises(PromptError) as refused:
        await decoded(decoder, folder, wav(np.zeros(1_100_000, np.int16)))
    assert refused.value.code == TOO_LARGE


@pytest.mark.parametrize("name", ["mp3", "ogg opus", "flac", "m4a", "aiff"])
async def test_damaged_files_are_played_or_refused_and_the_next_one_is_played(
    name: str, decoder: Decoder, folder: Path
) -> None:
    demuxer, make = FORMATS[name]
    good, rng = make(), np.random.default_rng(7)
    for _ in range(15):
        damaged = bytearray(good[: rng.integers(10, len(good))])
        for place in rng.integers(0, len(damaged), 12):
            damaged[place] = rng.integers(256)
        await played_or_refused(decoder, folder, bytes(damaged), demuxer)
    assert len(await decoded(decoder, folder, wav(tone(1000, 1.0)))) == 8000


heads = st.sampled_from(
    [b"", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"FORM\0\0\1\0AIFFCOMM", b"OggS\0\2", b"fLaC\0\0\0\x22", b"ID3\4"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=heads, tail=st.binary(max_size=600), demuxer=st.sampled_from([None, "mulaw", "alaw", "gsm"]))
async def test_any_bytes_are_played_or_refused(
    head: bytes, tail: bytes, demuxer: str | None, decoder: Decoder, folder: Path
) -> None:
    await played_or_refused(decoder, folder, head + tail, demuxer)


async def test_the_standard_library_reads_the_same_samples(decoder: Decoder, folder: Path) -> None:
    samples = await decoded(decoder, folder, wav(tone(440, 0.5)))
    with wave.open(str(folder / "source")) as file:
        assert file.readframes(file.getnframes()) == samples.astype("<i2").tobytes()
