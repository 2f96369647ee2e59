"""The few SIP and SDP messages a phone writes and reads (RFC 3261, RFC 3264), as plain strings."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from bench.load.codecs import CODECS

_CRLF: Final = "\r\n"
_LONG_NAMES: Final = {"v": "via", "i": "call-id", "f": "from", "t": "to", "m": "contact", "l": "content-length"}
_START: Final = re.compile(r"SIP/2\.0 (?P<status>\d{3})|(?P<method>[A-Z]+) \S+ SIP/2\.0")
_URI: Final = re.compile(r"<?(sips?:[^>\s]+)>?")
_PARAMETER: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class UnreadableSip(Exception):
    """The bytes are not a SIP message."""


class UnusableAnswer(Exception):
    """The SDP answer does not accept the stream that was offered."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`method`) or a response (`status`); header names in lower case, repeated ones in order."""

    status: int
    method: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for header, value in self.headers if header == name]

    def first(self, name: str) -> str:
        """Return the first value of a header, blank when it is absent."""
        return next(iter(self.all(name)), "")


def parse(datagram: bytes) -> Message:
    """Read one datagram; raise `UnreadableSip`."""
    head, _, body = datagram.decode("utf-8", "replace").partition(_CRLF * 2)
    start, *lines = head.split(_CRLF)
    if not (match := _START.match(start)):
        raise UnreadableSip(start[:60])
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.append((_LONG_NAMES.get(name, name), value.strip()))
    return Message(int(match["status"] or 0), match["method"] or "", tuple(headers), body)


def request(method: str, uri: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """Write a request."""
    return _write(f"{method} {uri} SIP/2.0", headers, body)


def response(to: Message, status: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """Write the response to a request: what section 8.2.6.2 copies, then *headers*."""
    copied = [(name, value) for name in ("via", "from", "to", "call-id", "cseq") for value in to.all(name)]
    return _write(f"SIP/2.0 {status}", copied + headers, body)


def _write(start: str, headers: list[tuple[str, str]], body: str) -> bytes:
    if body:
        headers = [*headers, ("Content-Type", "application/sdp")]
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", body]
    return _CRLF.join(lines).encode()


def contact_uri(message: Message) -> str:
    """Return the remote target of a dialog, blank when there is none."""
    match = _URI.search(message.first("contact"))
    return match[1] if match else ""


def sdp(host: str, port: int, codec: str = "PCMU") -> str:
    """Offer, or answer with, one codec and telephone events in 20 ms packets."""
    spoken = CODECS[codec]
    payload_type = spoken.payload_type
    lines = [
        "v=0",
        f"o=- {port} 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {payload_type} 101",
        f"a=rtpmap:{payload_type} {spoken.encoding}",
        *([f"a=fmtp:{payload_type} {spoken.fmtp}"] if spoken.fmtp else []),
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]
    return _CRLF.join(lines)


def media_address(body: str, codec: str = "PCMU") -> tuple[str, int]:
    """Return where the answer wants *codec*; raise `UnusableAnswer`."""
    audio = re.search(r"^m=audio (\d+) RTP/AVPF?((?: \d+)+)", body, re.MULTILINE)
    # A c= line of the media description, which comes later, overrides that of the session (RFC 4566, 5.7).
    hosts = re.findall(r"^c=IN IP4 ([\d.]+)", body, re.MULTILINE)
    if not audio or not hosts or int(audio[1]) == 0 or str(CODECS[codec].payload_type) not in audio[2].split():
        raise UnusableAnswer(body[:200])
    return hosts[-1], int(audio[1])


def authorization(challenge: str, method: str, uri: str, username: str, password: str) -> str:
    """Answer a Digest challenge with MD5 (RFC 2617 with qop=auth, and without)."""
    field = {name: quoted or plain for name, quoted, plain in _PARAMETER.findall(challenge)}
    realm, nonce = field.get("realm", ""), field.get("nonce", "")
    secret, what = _md5(f"{username}:{realm}:{password}"), _md5(f"{method}:{uri}")
    answer = f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "auth" in field.get("qop", "").split(","):
        proof = _md5(f"{secret}:{nonce}:00000001:0a4f113b:auth:{what}")
        answer += ', qop=auth, nc=00000001, cnonce="0a4f113b"'
    else:
        proof = _md5(f"{secret}:{nonce}:{what}")
    if "opaque" in field:
        answer += f', opaque="{field["opaque"]}"'
    return f'{answer}, response="{proof}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
