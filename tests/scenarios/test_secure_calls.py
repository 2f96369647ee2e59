"""Calls whose audio is secured, by ear: the phones' SRTP is their own (docs/sip.md, "Secure audio")."""

import asyncio
import base64
from typing import Any

import pytest
from tests.scenarios.cast import TRUNK, TRUNK_HOST, Scene, enter, everybody, scenario, scenario_with, twiml

from mixminus.testing import CallRefused
from mixminus.testing.call import Call
from mixminus.testing.g711 import PCMU
from mixminus.testing.rtp import Packet
from mixminus.testing.sdes import SecureLine
from mixminus.testing.srtp import SUITES
from mixminus.testing.voice import Hum
from mixminus.testing.world import SIP

ANYWHERE: dict[str, Any] = {"srtp_over_any_transport": True}
"""Phones of a world have no TLS."""
CM_80, GCM = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_256_GCM"
THIEF_HZ = 2711


def secure(call: Call) -> SecureLine:
    assert call.line.secure is not None
    return call.line.secure


async def settled(scene: Scene) -> tuple[int, int]:
    """How many packets the node threw away, forged and replayed."""
    worker = (await scene.world.node.media.statistics()).worker
    return worker.forged, worker.replayed


@scenario_with(**ANYWHERE)
async def test_secured_phones_of_every_suite_and_a_plain_one_hear_each_other(scene: Scene) -> None:
    for name in SUITES:
        call = await scene.calls_in(name, enter("room", beep=False), srtp=(name,))
        assert secure(call).suite == name
    await scene.calls_in("plain", enter("room", beep=False))
    assert await scene.pairs() == everybody(*SUITES, "plain")
    assert [secure(scene.calls[name]).forged for name in SUITES] == [0, 0, 0, 0]
    assert await settled(scene) == (0, 0)


@scenario_with(**ANYWHERE)
async def test_an_offer_of_ours_is_answered_with_the_suite_that_the_phone_has(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    for name, suite in (("bob", CM_80), ("carol", GCM)):
        phone = await scene.phone(name, srtp=(suite,))
        await scene.create("room", phone, beep="false")
        call = await scene.rings(phone)
        await call.answered(within_s=1)
        assert secure(call).suite == suite
    await asyncio.sleep(0.4)
    assert await scene.pairs() == everybody("alice", "bob", "carol")


@scenario_with(**ANYWHERE)
async def test_a_phone_that_refuses_secured_audio_is_asked_for_plain_audio_once(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    phone = await scene.phone("bob")
    await scene.create("room", phone, beep="false")
    first, second = await scene.rings(phone), await scene.rings(phone)
    assert (await first.ended(within_s=1)).status == 488
    await second.answered(within_s=1)
    assert (b"RTP/SAVP" in first.invite.body, b"RTP/AVP" in second.invite.body) == (True, True)
    await asyncio.sleep(0.4)
    assert await scene.pairs() == everybody("alice", "bob")


@scenario_with(srtp="required", **ANYWHERE)
async def test_where_it_is_required_a_plain_phone_is_refused_both_ways(scene: Scene) -> None:
    number = await scene.number_for("alice", enter("room", beep=False))
    with pytest.raises(CallRefused) as refused:
        await (await scene.world.phone("plain")).dial(number)
    assert refused.value.status == 488
    assert scene.told("/alice") == []  # nobody's webhook was asked
    await scene.calls_in("bob", enter("room", beep=False), srtp=(CM_80,))
    plain = await scene.phone("carol")
    added = await scene.create("room", plain)
    await (await scene.rings(plain)).ended(within_s=1)
    await asyncio.sleep(1)
    assert await scene.call_status(added.call_sid) == "failed"
    assert len(plain.calls) == 1


@scenario_with(srtp="never", **ANYWHERE)
async def test_where_it_is_never_done_a_secured_phone_is_refused(scene: Scene) -> None:
    number = await scene.number_for("alice", enter("room"))
    with pytest.raises(CallRefused) as refused:
        await (await scene.world.phone("alice", srtp=(CM_80,))).dial(number)
    assert refused.value.status == 488


@scenario
async def test_keys_are_neither_told_nor_taken_where_others_read_along(scene: Scene) -> None:
    number = await scene.number_for("alice", enter("room", beep=False))
    with pytest.raises(CallRefused):
        await (await scene.world.phone("alice", srtp=(CM_80,))).dial(number)
    phone = await scene.phone("bob")
    await scene.create("room", phone)
    assert b"a=crypto" not in (await scene.rings(phone)).invite.body


@scenario_with(trunks=[TRUNK], srtp="required")
async def test_a_call_that_cannot_be_secured_fails_before_anybody_rings(scene: Scene) -> None:
    carrier = await scene.phone("carrier")
    assert carrier.host == TRUNK_HOST
    placed = await scene.twilio.calls.create_async(
        from_="+15550009000", to="+15550001234", twiml=twiml("<Pause length='5'/>")
    )
    await asyncio.sleep(1)
    assert await scene.call_status(placed.sid) == "failed"
    assert carrier.calls == []


@scenario_with(users={"bob": "secret"})
async def test_secure_true_calls_no_phone_where_others_read_along(scene: Scene) -> None:
    phone = await scene.phone("bob", password="secret", srtp=(CM_80,))
    await phone.register()
    to = f"sip:bob@{SIP[0]}:{SIP[1]};secure=true"
    placed = await scene.twilio.calls.create_async(from_="+15550009000", to=to, twiml=twiml("<Pause/>"))
    await asyncio.sleep(1)
    assert await scene.call_status(placed.sid) == "failed"
    assert phone.calls == []


@scenario_with(users={"bob": "secret"}, **ANYWHERE)
async def test_secure_true_takes_nothing_but_secured_audio(scene: Scene) -> None:
    to = f"sip:bob@{SIP[0]}:{SIP[1]};secure=true"
    plain = await scene.phone("bob", password="secret")
    await plain.register()
    placed = await scene.twilio.calls.create_async(from_="+15550009000", to=to, twiml=twiml("<Pause length='5'/>"))
    await asyncio.sleep(1)
    assert await scene.call_status(placed.sid) == "failed"
    await plain.register(expires_s=0)
    secured = await scene.phone("bob", password="secret", srtp=(CM_80,))
    await secured.register()
    placed = await scene.twilio.calls.create_async(from_="+15550009000", to=to, twiml=twiml("<Pause length='5'/>"))
    await (await scene.rings(secured)).answered(within_s=1)
    await asyncio.sleep(0.5)
    assert await scene.call_status(placed.sid) == "in-progress"


@scenario_with(**ANYWHERE)
async def test_hold_keys_and_a_new_key_in_mid_call(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room", beep=False), srtp=(GCM,))
    bob = await scene.calls_in("bob", enter("room", beep=False), srtp=(CM_80,))
    await alice.hold()
    assert await scene.pairs() == set()
    await alice.resume()
    assert await scene.pairs() == everybody("alice", "bob")
    before = secure(bob).keys
    await bob.renew_keys()
    assert secure(bob).keys != before
    assert await scene.pairs() == everybody("alice", "bob")
    for call in (alice, bob):
        assert (secure(call).forged, secure(call).replayed) == (0, 0)


@scenario_with(**ANYWHERE)
async def test_keys_that_are_pressed_are_secured_too(scene: Scene) -> None:
    scene.app.answers("/pressed", twiml("<Pause length='10'/>"))
    gather = '<Gather numDigits="4" action="/pressed"><Pause length="5"/></Gather>'
    alice = await scene.calls_in("alice", twiml(gather), srtp=(CM_80,))
    await alice.press("1597")
    await asyncio.sleep(0.5)
    assert [request["Digits"] for request in scene.told("/pressed")] == ["1597"]


@scenario_with(**ANYWHERE)
async def test_a_delayed_offer_is_secured_where_the_phone_can_and_plain_else(scene: Scene) -> None:
    for name, suites in (("alice", (GCM,)), ("bob", ())):
        number = await scene.number_for(name, enter("room", beep=False))
        phone = await scene.world.phone(name, srtp=suites)
        scene.calls[name] = await phone.dial(number, offer=False)
    assert secure(scene.calls["alice"]).suite == GCM
    assert scene.calls["bob"].line.secure is None
    assert await scene.pairs() == everybody("alice", "bob")
    await scene.calls["alice"].hold()
    await scene.calls["alice"].resume()
    assert await scene.pairs() == everybody("alice", "bob")


@scenario_with(**ANYWHERE)
async def test_early_media_is_secured(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room", beep=False))
    await scene.calls_in("carol", enter("room", beep=False))
    bob = await scene.world.phone("bob", srtp=(CM_80,))
    bob.hum(THIEF_HZ)
    bob.answers_after_early_media(2.0)
    await scene.create("room", bob, beep="false")
    await asyncio.sleep(1)
    assert alice.hears(THIEF_HZ)
    await asyncio.sleep(2)
    assert alice.hears(THIEF_HZ)
    bob.silence()
    scene.calls["bob"] = bob.calls[0]
    assert await scene.pairs() == everybody("alice", "bob", "carol")


@scenario_with(users={"bob": "secret"}, **ANYWHERE)
async def test_of_a_secured_and_a_plain_phone_of_one_user_either_may_answer(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    desk = await scene.world.phone("bob", srtp=(CM_80,), password="secret")
    mobile = await scene.world.phone("bob", password="secret")
    for phone in (desk, mobile):
        await phone.register()
    desk.answers(after_s=5.0)
    mobile.answers(after_s=1.0)
    participants = scene.twilio.conferences("room").participants
    await participants.create_async(from_="client:alice", to="client:bob", beep="false")
    await asyncio.sleep(3)  # it rings for one second as secured, and for another as plain
    assert [call.is_over for call in desk.calls] == [True]
    refused, scene.calls["bob"] = mobile.calls
    assert (refused.is_over, scene.calls["bob"].is_over) == (True, False)
    assert await scene.pairs() == everybody("alice", "bob")


@scenario_with(users={"bob": "secret"}, transfers="everybody", **ANYWHERE)
async def test_a_secured_call_is_taken_over_by_phones_with_other_keys_and_with_none(scene: Scene) -> None:
    phone = await scene.phone("bob", password="secret", srtp=(CM_80,))
    await phone.register()
    await scene.calls_in("alice", twiml("<Dial><Client>bob</Client></Dial>"), srtp=(GCM,))
    before: Call = await scene.rings(phone)
    await asyncio.sleep(0.3)
    for name, suites in (("tablet", ("AEAD_AES_128_GCM",)), ("handset", ()), ("mobile", (CM_80,))):
        assert await scene.pairs() == everybody("alice", next(reversed(scene.calls)))
        other = await scene.phone(name, srtp=suites)
        after = await other.dial("anything", headers={"Replaces": before.replaces})
        await before.ended(within_s=2)
        scene.calls = {"alice": scene.calls["alice"], name: after}
        before = after
    assert await scene.pairs() == everybody("alice", "mobile")
    assert secure(scene.calls["alice"]).forged == secure(before).forged == 0


# --- thieves ------------------------------------------------------------------------------------------------------


@scenario_with(**ANYWHERE)
async def test_what_is_forged_or_replayed_is_not_heard_and_is_counted(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room", beep=False), srtp=(CM_80,))
    bob = await scene.calls_in("bob", enter("room", beep=False))
    voice = Hum(THIEF_HZ)
    payloads = [PCMU.encode(voice.next_frame()) for _ in range(50)]
    for payload in payloads:
        genuine = alice.line.last_sent
        sequence = (int.from_bytes(genuine[2:4]) + 1) & 0xFFFF
        plain = bytes(Packet(0, sequence, int.from_bytes(genuine[4:8]) + 160, int.from_bytes(genuine[8:12]), payload))
        alice.line.inject(plain)
        alice.line.inject(plain + bytes(10))
        await asyncio.sleep(0.02)
    assert bob.first_heard(THIEF_HZ) is None
    forged, replayed = await settled(scene)
    assert (forged, replayed) == (100, 0)
    for _ in range(50):
        alice.line.inject(alice.line.last_sent)
        await asyncio.sleep(0.02)
    assert (await settled(scene))[1] == 50
    assert await scene.pairs() == everybody("alice", "bob")


@scenario_with(**ANYWHERE)
async def test_who_has_another_key_is_not_heard(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room", beep=False), srtp=(GCM,))
    bob = await scene.calls_in("bob", enter("room", beep=False))
    thief = await scene.calls_in("mallory", enter("elsewhere"), srtp=(GCM,))
    for _ in range(50):
        alice.line.inject(thief.line.last_sent)
        await asyncio.sleep(0.02)
    assert (await settled(scene))[0] == 50
    thief.hum(THIEF_HZ)
    await asyncio.sleep(0.5)
    assert bob.first_heard(THIEF_HZ) is None


@scenario_with(**ANYWHERE)
async def test_no_trace_shows_a_key(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"), srtp=(CM_80,))
    phone = await scene.phone("bob", srtp=(GCM,))
    await scene.create("room", phone)
    bob = await scene.rings(phone)
    await asyncio.sleep(0.5)
    traced = "".join(message.text for message in scene.world.trace.since(0))
    assert traced.count("a=crypto") >= 4
    keys = [*secure(alice).keys, *secure(bob).keys]
    assert not [key for key in keys if base64.b64encode(key.master).decode() in traced]
    assert "inline:x" in traced
