"""Secured legs over loopback: the socket loops carry what was sealed, and turn away who has no key."""

from collections.abc import Iterator

import pytest
from pylibsrtp import Session
from tests.media.sealed_phone import keys, session
from tests.media.studio import FRAME, hum, notes
from tests.media.test_sockets import Far, Shell

from mixminus.audio.g711 import decode_ulaw, encode_ulaw
from mixminus.media.contract import LegOpened, LegRow, OpenLeg, SetLegMedia, SetRoom
from mixminus.media.srtp_terms import SrtpKeys
from mixminus.rtp.packet import RtpPacket

pytestmark = pytest.mark.network


class SealedFar(Far):
    """A far end with keys."""

    def __init__(self, agreed: SrtpKeys, hz: int) -> None:
        super().__init__(ssrc=hz)
        self.agreed, self.hz = agreed, hz
        self.seals: Session = session(agreed.profile, agreed.theirs, sends=True)
        self.opens: Session = session(agreed.profile, agreed.ours, sends=False)

    def say(self, port: int) -> None:
        self.sequence += 1
        at = self.sequence * FRAME
        packet = RtpPacket(0, self.sequence, at, self.ssrc, encode_ulaw(hum(self.hz, at)))
        self.socket.sendto(self.seals.protect(bytes(packet)), ("127.0.0.1", port))

    def frames(self) -> Iterator[bytes]:
        """What it was sent, opened."""
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return
            if not 200 <= data[1] <= 204:
                yield RtpPacket.parse(self.opens.unprotect(data)).payload


def test_two_secured_phones_talk_and_a_stranger_does_not_join_in() -> None:
    shell = Shell()
    fars = [SealedFar(keys("AEAD_AES_256_GCM", 1), 400), SealedFar(keys("AES_CM_128_HMAC_SHA1_32", 2), 700)]
    stranger = Far(ssrc=99)
    for leg, far in enumerate(fars, 1):
        shell.engine.apply(
            [OpenLeg(leg), SetLegMedia(leg, "127.0.0.1", far.port, "PCMU", 101, True, True, srtp=far.agreed)]
        )
        (opened,) = shell.engine.take_events()
        assert isinstance(opened, LegOpened)
        shell.port_of[leg] = opened.port
    shell.engine.apply([SetRoom(1, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in (1, 2)))])
    for _ in range(40):
        for leg, far in enumerate(fars, 1):
            far.say(shell.port_of[leg])
            stranger.say(shell.port_of[leg])
        shell.tick()
    for leg, far, heard in ((1, fars[0], 700), (2, fars[1], 400)):
        frames = list(far.frames())
        assert len(frames) == 40
        assert notes(decode_ulaw(frames[-1])) == {heard}
        assert shell.peer(leg) == far.key, "the socket keeps to it"
        assert shell.count(leg, "received") == 40
        assert 1 <= shell.count(leg, "forged") <= 2, "until the socket was connected"
    assert stranger.heard() == 0
    for end in (*fars, stranger):
        end.socket.close()
    shell.close()
