"""SIGTERM and Ctrl-C drain: no new calls, live ones get their time; a second signal ends at once (CONTRACT.md)."""

import asyncio
import os
import signal
import time
from pathlib import Path

import aiohttp
import pytest
from tests.cli.served import NUMBER, Served, mixminus, serving, webhook_app, worker_of
from twilio.base.exceptions import TwilioRestException

from mixminus.testing import PALETTE, CallRefused, Party

pytestmark = pytest.mark.network

NOTE = PALETTE["theta"]
ROOM = '<Response><Dial><Conference beep="false" waitUrl="">room</Conference></Dial></Response>'


async def readiness(node: Served) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{node.base_url}/readyz") as answer:
        return answer.status


async def until_draining(node: Served) -> None:
    async with asyncio.timeout(5):
        while await readiness(node) != 503:  # noqa: ASYNC110  another process sets no event of ours
            await asyncio.sleep(0.02)


async def test_a_draining_node_takes_no_new_calls_and_hangs_up_when_patience_is_over(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url, "--drain-s", "2") as node:
        app.answers("/voice", ROOM)
        assert await readiness(node) == 200
        async with node.phone("alice") as alice, node.phone("late") as late:
            call = await alice.dial(NUMBER)
            node.send(signal.SIGTERM)
            since = time.monotonic()
            await until_draining(node)
            with pytest.raises(CallRefused) as refused:
                await late.dial(NUMBER)
            assert refused.value.status == 503
            with pytest.raises(TwilioRestException) as answer:
                await asyncio.to_thread(node.twilio.calls.create, from_=NUMBER, to=late.uri, url=f"{url}/voice")
            assert answer.value.status == 503
            assert (await call.ended(within_s=5)).by is Party.THEM
            assert time.monotonic() - since >= 1.5
        assert await node.ended(within_s=10) == 0


async def test_a_node_without_calls_stops_at_once(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url) as node:
        node.send(signal.SIGINT)
        assert await node.ended(within_s=5) == 0


async def test_a_call_goes_on_when_every_process_of_the_node_is_told_to_stop(tmp_path: Path) -> None:
    """As systemd does unless told otherwise, and `timeout`."""
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url) as node:
        app.answers("/voice", ROOM)
        async with node.phone("alice") as alice, node.phone("bob") as bob:
            hers, his = await alice.dial(NUMBER), await bob.dial(NUMBER)
            os.kill(worker_of(node.process.pid), signal.SIGTERM)
            node.send(signal.SIGTERM)
            await until_draining(node)
            hers.hum(NOTE)
            async with asyncio.timeout(5):
                while not his.hears(NOTE):  # noqa: ASYNC110  nobody could set an event
                    await asyncio.sleep(0.02)
            await hers.hang_up()
            await his.hang_up()
            assert await node.ended(within_s=5) == 0


async def test_a_drain_ends_when_the_last_call_does(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url) as node:
        app.answers("/voice", ROOM)
        async with node.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            node.send(signal.SIGTERM)
            await until_draining(node)
            await call.hang_up()
            assert await node.ended(within_s=5) == 0


async def test_a_second_signal_ends_at_once_even_if_callbacks_are_owed_to_a_dead_server(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "node", app, url) as node:
        app.answers("/voice", ROOM)
        app.stalls("/status", 8)
        async with node.phone("alice") as alice, node.phone("bob") as bob:
            bob.answers()
            call = await alice.dial(NUMBER)
            asked = {"from_": NUMBER, "to": bob.uri, "url": f"{url}/voice", "status_callback": f"{url}/status"}
            await asyncio.to_thread(lambda: node.twilio.calls.create(**asked))
            await asyncio.sleep(0.5)
            node.send(signal.SIGTERM)
            await until_draining(node)
            since = time.monotonic()
            node.send(signal.SIGTERM)
            assert (await call.ended(within_s=3)).by is Party.THEM
            assert await node.ended(within_s=10) == 0
            assert time.monotonic() - since < 3


async def test_a_signal_while_starting_stops_before_any_call_is_taken(tmp_path: Path) -> None:
    addresses = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--rtp", "127.0.0.1:0-0")
    process = await mixminus("serve", *addresses, "--data", str(tmp_path / "node"))
    async with asyncio.timeout(20):
        while not (tmp_path / "node" / "mixminus.db").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in err
    assert out == b""
