"""Which bytes are audio."""

import pytest

from mixminus.prompts.formats import content_type, is_audio, raw_demuxer

# twiml-and-streams.md, 2.2
TWILIO_TYPES = """
audio/mpeg audio/wav audio/wave audio/x-wav audio/aiff audio/x-aifc audio/x-aiff audio/x-gsm audio/gsm audio/ulaw
"""


@pytest.mark.parametrize("media_type", TWILIO_TYPES.split())
def test_play_takes_every_type_that_twilio_takes(media_type: str) -> None:
    assert is_audio(media_type)


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "video/mp4", "", "application/octet-stream"])
def test_play_takes_nothing_else(media_type: str) -> None:
    assert not is_audio(media_type)


def test_a_content_type_is_read_without_its_parameters_and_in_any_case() -> None:
    assert content_type(" Audio/WAV ; codecs=1") == "audio/wav"
    assert content_type(None) == ""


def test_a_file_with_a_header_is_believed_over_its_content_type() -> None:
    assert raw_demuxer(b".snd\0\0\0\x18", "mulaw") is None
    assert raw_demuxer(b"\xff\x7f\xff\x7f", "mulaw") == "mulaw"
