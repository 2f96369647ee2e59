"""Which bytes are audio: content types of `<Play>`, file name endings, formats without a header."""

from collections.abc import Mapping
from typing import Final

# Demuxers that cannot be told by looking: 8 kHz telephone audio without a header.
RAW_BY_TYPE: Final[Mapping[str, str]] = {
    "audio/ulaw": "mulaw", "audio/x-mulaw": "mulaw", "audio/basic": "mulaw", "audio/pcmu": "mulaw",
    "audio/pcma": "alaw", "audio/x-alaw": "alaw", "audio/gsm": "gsm", "audio/x-gsm": "gsm",
}  # fmt: skip
RAW_BY_SUFFIX: Final[Mapping[str, str]] = {
    ".ulaw": "mulaw", ".ul": "mulaw", ".mulaw": "mulaw", ".pcmu": "mulaw",
    ".alaw": "alaw", ".al": "alaw", ".pcma": "alaw", ".gsm": "gsm",
}  # fmt: skip

# A server that says audio/basic or audio/ulaw may well send a file with a header.
_SELF_DESCRIBING: Final = (b".snd", b"RIFF", b"FORM", b"OggS", b"fLaC", b"ID3")

# Demuxers that read the file in hand and nothing else. Playlists (hls, concat, dash) would open what they name.
DEMUXERS: Final = "wav,w64,aiff,au,mp3,mp2,ogg,flac,gsm,mulaw,alaw,mov,mp4,m4a,aac,matroska,webm,caf"


def content_type(header: str | None) -> str:
    """`audio/WAV; codecs=1` is `audio/wav`; absent is empty."""
    return (header or "").partition(";")[0].strip().lower()


def is_audio(media_type: str) -> bool:
    """Tell whether `<Play>` takes this type. Twilio's ten (twiml-and-streams.md, 2.2) are all `audio/…`."""
    return media_type.startswith("audio/") or media_type == "application/ogg"


def raw_demuxer(head: bytes, hint: str | None) -> str | None:
    """Return the demuxer for headerless audio; None: the file says itself what it is.

    *hint* is what the type or the name of the file promised, *head* its first bytes.
    """
    return None if head.startswith(_SELF_DESCRIBING) else hint
