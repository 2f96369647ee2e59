"""`kill -9` of the control process, and a restart on the same data directory (issue 2, Shows 6)."""

import asyncio
import json
import signal
import socket
import sqlite3
import wave
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.served import NUMBER, Served, run, serving, webhook_app, worker_of

from mixminus.store.history import CALL_REASON
from mixminus.testing import PALETTE

pytestmark = pytest.mark.network

ROOM = """<Response><Dial>
<Conference beep="false" waitUrl="" record="record-from-start">room</Conference>
</Dial></Response>"""
NOTE = PALETTE["theta"]
RECORDED_S = 3.0


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


async def talk_until_killed(node: Served) -> int:
    """Two people talk in a recorded conference when the power goes. Returns the port that one was connected to."""
    async with node.phone("alice") as alice, node.phone("bob") as bob:
        hers, his = await alice.dial(NUMBER), await bob.dial(NUMBER)
        hers.hum(NOTE)
        async with asyncio.timeout(10):
            while not his.hears(NOTE):  # noqa: ASYNC110  nobody could set an event
                await asyncio.sleep(0.02)
        await asyncio.sleep(RECORDED_S)
        assert hers.line._peer is not None
        port = hers.line._peer[1]
        worker = worker_of(node.process.pid)
        node.send(signal.SIGKILL)
        await node.ended(within_s=5)
        async with asyncio.timeout(10):
            while is_running(worker):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        alice.vanish()
        bob.vanish()
    return port


async def test_a_killed_node_finds_everything_again_and_closes_what_was_open(tmp_path: Path) -> None:
    data = tmp_path / "node"
    async with webhook_app() as (app, url):
        app.answers("/voice", ROOM)
        async with serving(data, app, url) as node:
            made = await asyncio.to_thread(
                node.twilio.incoming_phone_numbers.create, phone_number="+15550002000", voice_url=f"{url}/voice"
            )
            await asyncio.to_thread(node.twilio.queues.create, friendly_name="support", max_size=7)
            port = await talk_until_killed(node)
        assert_free(port)
        same_ports = ("--http", node.base_url.removeprefix("http://"), "--sip", f"127.0.0.1:{node.sip_port}")
        async with serving(data, app, url, *same_ports) as node:
            await asyncio.to_thread(check_history, node, made.sid)
            await asyncio.to_thread(check_recording, data, node)
            async with node.phone("carol") as carol:
                call = await carol.dial("+15550002000")
                await call.hang_up()
            node.send(signal.SIGTERM)
            assert await node.ended(within_s=15) == 0
    assert kept(data, "SELECT end_reason FROM calls") == ["The caller hung up.", CALL_REASON, CALL_REASON]
    assert kept(data, "SELECT status FROM participants") == ["complete"] * 3


def assert_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", port))


def kept(data: Path, question: str) -> list[str]:
    """A column of the database, newest first."""
    with closing(sqlite3.connect(data / "mixminus.db")) as database:
        return [value for (value,) in database.execute(f"{question} ORDER BY date_created DESC")]


def check_history(node: Served, number_sid: str) -> None:
    numbers = {number.phone_number: number.sid for number in node.twilio.incoming_phone_numbers.list()}
    assert numbers.keys() == {NUMBER, "+15550002000"}
    assert numbers["+15550002000"] == number_sid
    calls = node.twilio.calls.list()
    assert [call.status for call in calls] == ["failed", "failed"]
    [conference] = node.twilio.conferences.list()
    assert conference.status == "completed"
    [queue] = node.twilio.queues.list()
    assert (queue.friendly_name, queue.max_size, queue.current_size) == ("support", 7, 0)


def check_recording(data: Path, node: Served) -> None:
    """It plays, it is as long as the list says, and it ends at most a second before the kill."""
    [recording] = node.twilio.recordings.list()
    assert recording.status == "completed"
    with wave.open(str(data / "recordings" / f"{recording.sid}.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    assert seconds >= RECORDED_S - 1.0
    assert abs(float(recording.duration) - seconds) <= 0.5


async def test_a_second_node_on_the_same_data_is_refused_and_the_first_one_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "node"
    async with webhook_app() as (app, url), serving(data, app, url) as node:
        app.answers("/voice", ROOM)
        async with node.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            addresses = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--rtp", "127.0.0.1:0-0")
            status, out, err = await run("serve", *addresses, "--data", str(data))
            assert (status, out) == (1, "")
            assert err == f"mixminus: Another node works on {data}. Stop it, or choose another --data.\n"
            assert [one.status for one in await asyncio.to_thread(node.twilio.calls.list)] == ["in-progress"]
            await call.hang_up()


async def test_every_line_of_the_log_about_a_call_carries_its_sid(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url, "--log", "json") as node:
        app.answers("/voice", ROOM.replace("<Dial>", "<Nonsense/><Dial>"))
        async with node.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            await call.hang_up()
        node.send(signal.SIGTERM)
        _, err = await node.process.communicate()
        [sid] = await asyncio.to_thread(kept, tmp_path / "node", "SELECT sid FROM calls")
    lines = [json.loads(line) for line in err.decode().splitlines()]
    about_the_call = [line for line in lines if line["event"] in ("twiml", "alert", "call ended")]
    assert len(about_the_call) >= 2
    assert {line["call_sid"] for line in about_the_call} == {sid}
