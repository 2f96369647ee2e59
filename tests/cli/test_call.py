"""`mixminus call`: a phone in the terminal, checked by another phone."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from mixminus.cli.call import PlannedCall, place_call
from mixminus.cli.readings import BadSetting
from mixminus.testing import PALETTE, CallRefused, LoopbackNetwork, VirtualPhone
from mixminus.testing.clips import load_clip, save_clip
from mixminus.testing.detection import level_db
from mixminus.testing.ear import is_present
from mixminus.testing.voice import Hum

HER_NOTE, ITS_NOTE = PALETTE["theta"], PALETTE["gamma"]


def planned(to: str, **wishes: object) -> PlannedCall:
    wanted: dict[str, object] = {"say": None, "play": None, "record": None, "for_s": 1.0} | wishes
    return PlannedCall.of(to, "127.0.0.1:5060", **wanted)  # type: ignore[arg-type]


def test_a_call_has_one_voice() -> None:
    with pytest.raises(BadSetting, match="one voice"):
        planned("sip:a@127.0.0.1", say="hello", play=Path("a.wav"))


@pytest.mark.parametrize("to", ["", "not a number", "http://example.com", "sips:a@b"])
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(BadSetting, match="neither a number nor"):
        planned(to)


def test_a_number_is_called_at_the_server_and_a_uri_where_it_says() -> None:
    assert planned("+15550001000").peer == ("127.0.0.1", 5060)
    assert planned("sip:bob@127.0.0.9:5070").peer == ("127.0.0.9", 5070)


@pytest.mark.network
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_it_plays_a_file_and_records_what_it_hears(tmp_path: Path, transport: str) -> None:
    voice = Hum(ITS_NOTE)
    save_clip(tmp_path / "say.wav", np.concatenate([voice.next_frame() for _ in range(100)]))
    told: list[str] = []
    async with VirtualPhone(LoopbackNetwork(), user="alice", transport=transport) as alice:  # type: ignore[arg-type]
        alice.answers(after_s=0.1)
        alice.hum(HER_NOTE)
        uri = f"{alice.uri};transport={transport}" if "transport" not in alice.uri else alice.uri
        plan = planned(uri, play=tmp_path / "say.wav", record=tmp_path / "heard.wav", for_s=1.5)
        await place_call(plan, told.append)
        [call] = alice.calls
        assert call.first_heard(ITS_NOTE) is not None
    assert is_present(level_db(load_clip(tmp_path / "heard.wav")[-8_000:], HER_NOTE))
    assert told[1:4] == ["ringing", "answered", "speaking for 2.0 s"]
    assert told[-1] == f"recorded to {tmp_path / 'heard.wav'}"


@pytest.mark.network
async def test_it_speaks_a_text() -> None:
    async with VirtualPhone(LoopbackNetwork(), user="alice") as alice:
        alice.answers()
        await place_call(planned(alice.uri, say="One two three.", for_s=1.5), lambda _: None)
        [call] = alice.calls
        assert np.abs(call.heard.astype(np.int32)).max() > 2_000


@pytest.mark.network
async def test_a_refusal_is_told_with_its_status() -> None:
    async with VirtualPhone(LoopbackNetwork(), user="alice") as alice:
        alice.rejects(486)
        with pytest.raises(CallRefused, match="486"):
            await place_call(planned(alice.uri), lambda _: None)


@pytest.mark.network
async def test_a_number_that_nobody_has_is_told_with_what_to_do() -> None:
    async with VirtualPhone(LoopbackNetwork(), user="alice") as alice:
        alice.rejects(404)
        with pytest.raises(CallRefused, match=r"404 .*nobody has that number: make it"):
            await place_call(planned(alice.uri), lambda _: None)


@pytest.mark.network
async def test_it_ends_when_the_far_end_does() -> None:
    told: list[str] = []
    async with VirtualPhone(LoopbackNetwork(), user="alice") as alice:
        calling = asyncio.create_task(place_call(planned(alice.uri, for_s=30.0), told.append))
        call = await alice.next_call(within_s=5)
        call.answer()
        await call.answered()
        await call.hang_up()
        await asyncio.wait_for(calling, 5)
    assert "the far end hung up" in told
