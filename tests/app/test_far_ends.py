"""What the settings say of media with somebody, and over which transports keys travel."""

from dataclasses import replace
from pathlib import Path

import pytest

from mixminus.app.calls.far_ends import FarEnd, FarEnds, MediaWishes
from mixminus.base.settings import Settings, Trunk
from mixminus.sdp.media import Keying, Srtp
from mixminus.sip.contract import Address, DialogKey, Invited, Transport

CARRIER = Trunk("carrier", "sip:198.51.100.7", ("+",), addresses=("198.51.100.0/24",), srtp="required", latch="first")
SETTINGS = Settings(Path("/none"), trunks=(CARRIER,), srtp_of_users={"ana": "never"}, latch_of_users={"bob": "first"})
UDP = Address(Transport.UDP, "198.51.100.7", 5060)
STRANGER = Address(Transport.UDP, "203.0.113.1", 5060)
OFFERED = MediaWishes(Srtp.OFFERED)


def invited(source: Address, user: str | None = None) -> Invited:
    return Invited(DialogKey("1"), "+1", "sip:+1@x", "sip:a@x", "", "sip:+1@x", "id", source, user, None)


def test_the_nearest_word_holds() -> None:
    rules = FarEnds(SETTINGS)
    assert rules.of_anybody() == MediaWishes(Srtp.OFFERED, "announced")
    assert rules.of_user("ana") == MediaWishes(Srtp.NEVER, "announced")
    assert rules.of_user("bob") == MediaWishes(Srtp.OFFERED, "first")
    assert rules.of_trunk(CARRIER) == MediaWishes(Srtp.REQUIRED, "first")
    assert rules.of_trunk(replace(CARRIER, srtp=None, latch=None)) == rules.of_anybody()
    assert FarEnds(replace(SETTINGS, latch="first")).of_user("ana").latch == "first"


def test_a_caller_is_a_user_then_a_trunk_then_anybody() -> None:
    rules = FarEnds(replace(SETTINGS, srtp="never"))
    assert rules.with_caller(invited(UDP, "bob")).wishes == MediaWishes(Srtp.NEVER, "first")
    assert rules.with_caller(invited(UDP)).wishes == MediaWishes(Srtp.REQUIRED, "first")
    assert rules.with_caller(invited(STRANGER)).wishes == MediaWishes(Srtp.NEVER, "announced")


@pytest.mark.parametrize("anywhere", [False, True])
def test_keys_are_told_where_nobody_reads_along_unless_the_settings_say_otherwise(anywhere: bool) -> None:
    rules = FarEnds(replace(SETTINGS, srtp_over_any_transport=anywhere))
    assert rules.towards(OFFERED, UDP) == FarEnd(OFFERED, in_sdp=anywhere, host=UDP.host)
    assert rules.with_caller(invited(UDP)).in_sdp is anywhere
    for transport in (Transport.TLS, Transport.WSS):
        assert rules.towards(OFFERED, replace(UDP, transport=transport)).in_sdp
        assert rules.with_caller(invited(replace(UDP, transport=transport))).in_sdp


def test_browsers_are_offered_a_handshake_and_callers_what_they_need_not_take() -> None:
    rules = FarEnds(SETTINGS)
    for transport in Transport:
        browser, place = transport in (Transport.WS, Transport.WSS), replace(UDP, transport=transport)
        towards, with_caller = rules.towards(OFFERED, place), rules.with_caller(invited(place))
        assert towards.keying is (Keying.HANDSHAKE if browser else Keying.IN_SDP)
        assert with_caller.keying is (Keying.HANDSHAKE if browser else Keying.BESIDE_PLAIN)
