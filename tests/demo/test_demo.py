"""`mixminus demo`, as a person runs it."""

import asyncio
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from mixminus.calls.records import EventRecord, ParticipantRecord
from mixminus.store.sql import SqlStore

KEPT = ("timeline.html", "timeline.png", "mixminus.db", "node.log", "contact_center.log")


@pytest.mark.network
def test_the_demo_verifies_every_claim_in_under_a_minute(tmp_path: Path) -> None:
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-m", "mixminus", "demo", "--keep", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=90,
    )
    # A first start compiles the kernels, which takes longer than the story.
    assert time.monotonic() - began < 60 or "compiling" in told.stdout
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    assert "claims were verified by listening" in told.stdout
    assert all((tmp_path / name).is_file() for name in KEPT)
    (recording,) = (tmp_path / "recordings").glob("RE*.wav")
    with wave.open(str(recording)) as file:
        assert file.getnframes() / file.getframerate() > 15
    participants, events = asyncio.run(_history(tmp_path / "mixminus.db"))
    assert (len(participants), events[-1].name) == (5, "conference-end")


async def _history(database: Path) -> tuple[list[ParticipantRecord], list[EventRecord]]:
    store = SqlStore(f"sqlite:///{database}")
    try:
        participants = list(await store.query(ParticipantRecord))
        sid = participants[0].conference_sid
        events = [event for event in await store.query(EventRecord) if event.subject_sid == sid]
        return participants, sorted(events, key=lambda event: event.sequence_number)
    finally:
        store.close()
