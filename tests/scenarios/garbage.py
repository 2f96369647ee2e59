"""What scanners, broken programs and other protocols send, drawn from a seed, for each kind of listener."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from tests.sip.test_torture import TORTURE

STRANGER: Final = "203.0.113.9"

_INVITE: Final = (
    "INVITE sip:{number}@10.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{branch};rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:mallory@{host}>;tag={branch}\r\n"
    "To: <sip:{number}@10.0.0.1>\r\n"
    "Call-ID: {branch}\r\n"
    "CSeq: 1 {method}\r\n"
    "Contact: <sip:mallory@{host}>\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: {length}\r\n\r\n"
)
_SDP: Final = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
_CLIENT_HELLO: Final = bytes.fromhex("16fefd000000000000000000") + b"\x00\x40\x01" + b"\x00" * 62
_BINDING_REQUEST: Final = bytes.fromhex("000100002112a442") + b"transaction!"


class Garbage:
    """An endless supply."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    # --- SIP ------------------------------------------------------------------------------------------------------

    def signalling(self, number: str) -> bytes:
        """One datagram, or one piece of a stream; *number* is one that is answered."""
        kinds: Sequence[Callable[[], bytes]] = (
            lambda: self.dice.choice([data for _, data in TORTURE.values()]),
            lambda: self.mutated(self.dice.choice([data for _, data in TORTURE.values()])),
            lambda: self.mutated(self.invite(number)),
            lambda: self.invite(number)[: self.dice.randrange(1, 400)],
            lambda: self.invite("x" * 60_000),
            lambda: self.invite(number).replace(b"Max-Forwards: 70\r\n", b"X-Header: y\r\n" * 4_000),
            lambda: self.invite(number).replace(b"Contact", b"Contact" * 3_000),
            lambda: self.invite(number).replace(b"rport", b"rport;" * 8_000),
            self.binary,
            lambda: b"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n",
            lambda: _CLIENT_HELLO,
            lambda: _BINDING_REQUEST,
            lambda: b"\r\n" * self.dice.randrange(1, 500),
        )
        return self.dice.choice(kinds)()[:65_000]

    def invite(self, number: str, method: str = "INVITE") -> bytes:
        """One that is well-formed."""
        branch, body = f"{self.dice.getrandbits(48):x}", _SDP.format(host=STRANGER)
        head = _INVITE.format(number=number, host=STRANGER, branch=branch, method=method, length=len(body))
        return (head + body).encode()

    # --- media ----------------------------------------------------------------------------------------------------

    def media(self) -> bytes:
        """A datagram for a port of RTP or RTCP."""
        dice = self.dice
        kinds: Sequence[Callable[[], bytes]] = (
            self.binary,
            lambda: self.rtp(dice.choice([0x00, 0x40, 0xC0, 0x8F, 0x90, 0xA0, 0xB3]), dice.randrange(128), 160),
            lambda: self.rtp(0x80, dice.choice([1, 2, 7, 34, 77, 101, 127]), dice.choice([0, 1, 160, 1_400, 9_000])),
            lambda: self.rtp(0x80, 0, 160)[: dice.randrange(12)],
            lambda: self.rtp(0x80, 0, 160),  # a stranger's voice
            lambda: bytes([0x81, dice.choice([200, 201, 202, 203, 204, 205])]) + dice.randbytes(dice.randrange(60)),
            lambda: _CLIENT_HELLO,
            lambda: _BINDING_REQUEST + dice.randbytes(dice.randrange(40)),
        )
        return dice.choice(kinds)()

    def rtp(self, first: int, payload_type: int, length: int) -> bytes:
        return bytes([first, payload_type]) + self.dice.randbytes(10) + self.dice.randbytes(length)

    # --- sockets and HTTP -----------------------------------------------------------------------------------------

    def stream_message(self) -> bytes:
        """What an application of Media Streams sends when it is broken."""
        dice = self.dice
        return dice.choice(
            [
                b"",
                b"{",
                b"[]",
                b"null",
                b'"media"',
                b'{"event": 7}',
                b'{"event": "media"}',
                b'{"event": "media", "media": {"payload": "%%%"}}',
                b'{"event": "media", "media": {"payload": ["A"]}, "streamSid": {}}',
                b'{"event": "mark", "mark": {"name": null}}',
                b'{"event": "clear", "streamSid": "MZ"}',
                b'{"event": "' + b"x" * 70_000 + b'"}',
                b"[" * 20_000,
                self.binary(),
            ]
        )

    def path(self) -> str:
        """What somebody asks an HTTP server for."""
        dice = self.dice
        return dice.choice(
            [
                "/",
                "/../../etc/passwd",
                "/.env",
                "/2010-04-01/Accounts/AC" + "f" * 32 + "/Calls.json",
                "/2010-04-01/Accounts/%00/Calls.json",
                "/mixminus/v1/" + "a/" * 2_000,
                "/v1/Conferences/" + dice.randbytes(20).hex(),
                "/metrics?" + "x=1&" * 3_000,
            ]
        )

    # --- any ------------------------------------------------------------------------------------------------------

    def binary(self) -> bytes:
        return self.dice.randbytes(self.dice.randrange(1, 1_500))

    def mutated(self, data: bytes) -> bytes:
        """With some octets changed, left out, or said again."""
        changed = bytearray(data)
        for _ in range(self.dice.randint(1, 12)):
            at = self.dice.randrange(len(changed))
            match self.dice.randrange(4):
                case 0:
                    changed[at] = self.dice.randrange(256)
                case 1:
                    del changed[at : at + self.dice.randrange(1, 20)]
                case 2:
                    changed[at:at] = changed[at : at + 40]
                case _:
                    changed[at:at] = self.dice.choice([b"\r\n", b"\0", b";", b'"', b"<", b"%", b"\xff", b": "])
            if not changed:
                return data
        return bytes(changed)
