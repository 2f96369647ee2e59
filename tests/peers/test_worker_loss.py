"""The media worker is killed under live calls: they end with a verdict, and the node goes on (law 6)."""

import asyncio
import os
import signal
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.peers.exchange import NUMBER, Exchange, exchange, until
from twilio.base.exceptions import TwilioRestException

from mixminus.calls.records import (
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    ParticipantRecord,
    ParticipantStatus,
    RecordingRecord,
    RecordingStatus,
)
from mixminus.testing import PALETTE, CallRefused

pytestmark = pytest.mark.network

RECORDED = """<Response><Dial>
<Conference beep="false" waitUrl="" record="record-from-start">room</Conference>
</Dial></Response>"""
NOTE = PALETTE["theta"]


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(tmp_path / "node") as running:
        yield running


def kill_worker(at: Exchange) -> None:
    pid = at.node.world.media_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def test_live_calls_end_as_failed_and_new_ones_are_taken(at: Exchange) -> None:
    at.app.answers("/voice", RECORDED)
    async with at.phone("alice") as alice, at.phone("bob") as bob, at.phone("ringing") as ringing:
        hers, his = await alice.dial(NUMBER), await bob.dial(NUMBER)
        ringing.rings_forever()
        await asyncio.to_thread(at.twilio.calls.create, from_=NUMBER, to=ringing.uri, url=f"{at.app_url}/voice")
        hers.hum(NOTE)
        await asyncio.sleep(2)
        kill_worker(at)
        await hers.ended(within_s=5)
        await his.ended(within_s=5)
        await until(lambda: not at.node.world.node.exchange.live_calls)
        assert {(call.status, call.end_reason) for call in await at.calls()} == {
            (CallStatus.FAILED, "The media worker was lost: killed by signal 9.")
        }
        await until(lambda: at.node.world.node.exchange.taking_calls, within_s=20)
        again, too = await alice.dial(NUMBER), await bob.dial(NUMBER)
        too.hum(NOTE)
        await until(lambda: again.hears(NOTE))
        await again.hang_up()
        await too.hang_up()
    await at.quiet()
    store = at.node.world.store
    assert {c.status for c in await store.query(ConferenceRecord)} == {ConferenceStatus.COMPLETED}
    left = {p.status for p in await store.query(ParticipantRecord)}
    assert left <= {ParticipantStatus.COMPLETE, ParticipantStatus.FAILED}


async def test_what_was_recorded_before_the_loss_is_kept(at: Exchange) -> None:
    at.app.answers("/voice", RECORDED)
    async with at.phone("alice") as alice, at.phone("bob") as bob:
        hers, his = await alice.dial(NUMBER), await bob.dial(NUMBER)
        hers.hum(NOTE)
        await until(lambda: his.hears(NOTE))
        await asyncio.sleep(2)
        kill_worker(at)
        await hers.ended(within_s=5)
    await at.quiet()
    [recording] = await at.node.world.store.query(RecordingRecord)
    assert recording.status is RecordingStatus.COMPLETED
    with wave.open(str(at.node.world.node.exchange.recording_file(recording))) as file:
        seconds = file.getnframes() / file.getframerate()
    assert seconds >= 1.0
    assert recording.duration_s == round(seconds)


async def test_while_there_is_no_worker_calls_are_refused_and_machines_are_told(at: Exchange) -> None:
    incoming = at.node.world.node.incoming
    incoming.has_media = False
    async with at.phone("alice") as alice:
        with pytest.raises(CallRefused) as refused:
            await alice.dial(NUMBER)
        assert refused.value.status == 503
    with pytest.raises(TwilioRestException) as answer:
        await asyncio.to_thread(at.twilio.calls.create, from_=NUMBER, to="sip:a@127.0.0.1:9", url=at.app_url)
    assert (answer.value.status, answer.value.code) == (503, 20503)
    assert await readyz(at) == 503
    incoming.has_media = True
    assert await readyz(at) == 200


async def readyz(at: Exchange) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{at.node.base_url}/readyz") as answer:
        return answer.status
