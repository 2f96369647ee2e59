"""The whole node is gone at once: `kill -9` of the control process and of its media worker. docs/recordings.md."""

import asyncio
import os
import signal
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from tests.cli.served import ACCOUNT_SID, AUTH_TOKEN, NUMBER, Served, run, serving, webhook_app, worker_of
from tests.cli.test_crash import NOTE, ROOM, is_running

from mixminus.testing.detection import level_db
from mixminus.testing.ear import is_present

pytestmark = pytest.mark.network

TALKED_S = 3.0
LEDGER_S = 5.0
"""How far behind a ledger's last word may be (media/watching.py)."""


def ours(node: Served, method: str, path: str, **said: Any) -> Any:
    """What Twilio does not have."""
    url = f"{node.base_url}/mixminus/v1/{path}"
    answer = requests.request(method, url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10, json=said or None)
    answer.raise_for_status()
    return answer.json()


async def talk_until_the_plug_is_pulled(node: Served) -> float:
    """Two talk, recorded as a whole and by tracks. Returns for how long the tracks ran."""
    async with node.phone("alice") as alice, node.phone("bob") as bob:
        hers, _ = await alice.dial(NUMBER), await bob.dial(NUMBER)
        hers.hum(NOTE)
        conference = (await asyncio.to_thread(node.twilio.conferences.list))[0]
        sets = f"Conferences/{conference.sid}/Recordings"
        await asyncio.to_thread(ours, node, "POST", sets, tracks="participants", whisper=True)
        began = time.monotonic()
        await asyncio.sleep(TALKED_S)
        worker = worker_of(node.process.pid)
        os.kill(worker, signal.SIGKILL)
        node.send(signal.SIGKILL)
        ran_s = time.monotonic() - began
        await node.ended(within_s=5)
        async with asyncio.timeout(10):
            while is_running(worker):  # noqa: ASYNC110  nobody could set an event
                await asyncio.sleep(0.02)
        alice.vanish()
        bob.vanish()
    return ran_s


async def test_recordings_tracks_and_the_ledger_survive_it(tmp_path: Path) -> None:
    data = tmp_path / "node"
    async with webhook_app() as (app, url):
        app.answers("/voice", ROOM)
        async with serving(data, app, url) as node:
            ran_s = await talk_until_the_plug_is_pulled(node)
        async with serving(data, app, url) as node:
            await asyncio.to_thread(check, node, data, ran_s)
            conference = (await asyncio.to_thread(node.twilio.conferences.list))[0]
            ledger = await asyncio.to_thread(ours, node, "GET", f"Conferences/{conference.sid}/Ledger")
    assert ledger["intact"]
    assert not ledger["ended"]
    assert len({span["call_sid"] for span in ledger["spans"]}) == 2
    assert max(span["to_ms"] for span in ledger["spans"]) >= (TALKED_S - LEDGER_S) * 1_000
    status, out, err = await run("ledger", "verify", conference.sid, "--data", str(data))
    assert (status, err) == (0, "")
    assert out.startswith(f"{conference.sid} is intact: ")


def check(node: Served, data: Path, ran_s: float) -> None:
    """Every file plays and is at most a second short, and what was aligned still is."""
    [conference] = node.twilio.conferences.list()
    [found] = ours(node, "GET", f"Conferences/{conference.sid}/Recordings")["recordings"]
    assert [track["kind"] for track in found["tracks"]] == ["participant", "participant", "whisper"]
    recordings = [recording.sid for recording in node.twilio.recordings.list()]
    assert len(recordings) == 2, "the conference's own, and the one that leads the set"
    sounds = {
        sid: samples_of(data / "recordings" / f"{sid}.wav")
        for sid in (*recordings, *(track["sid"] for track in found["tracks"]))
    }
    for sound in sounds.values():
        assert len(sound) / 8_000 >= ran_s - 1.0
    alice = sounds[found["tracks"][0]["sid"]][:, 0]
    leader = sounds[found["sid"]][:, 0]
    common = min(len(alice), len(leader))
    assert is_present(level_db(alice[-4_000:], NOTE))
    assert np.array_equal(alice[:common], leader[:common])


def samples_of(path: Path) -> Any:
    """Of shape (samples, channels); the header says exactly what is there."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        assert path.stat().st_size == 44 + sound.nbytes
    return sound


async def test_what_is_no_ledger_is_told_in_one_line(tmp_path: Path) -> None:
    nowhere = ("--data", str(tmp_path / "node"))
    conference = "CF" + "0" * 32
    status, out, err = await run("ledger", "verify", conference, *nowhere)
    assert (status, out) == (1, "")
    assert err.startswith("mixminus: there is no database in ")
    assert not (tmp_path / "node" / "mixminus.db").exists()
    assert (await run("ledger", "verify", "room", *nowhere))[0] == 1
