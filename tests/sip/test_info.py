"""Keys by INFO, as phones send them."""

import pytest
from tests.sip.test_agent_calls import World
from tests.sip.test_session_timers import in_dialog

from mixminus.sip.contract import KeyPressed
from mixminus.sip.dialogs.info import key_of

RELAY, PLAIN = "application/dtmf-relay", "application/dtmf"


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, b"Signal= #\nDuration= 250", "#"),
        (RELAY, b"Duration=160\r\nsignal = *", "*"),
        (RELAY, b"Signal=11\r\n", "#"),
        (RELAY, b"Signal=d", "D"),
        (RELAY, b"Signal=16", None),
        (RELAY, b"Signal=E", None),
        (RELAY, b"5", None),
        (PLAIN, b"5", "5"),
        (PLAIN, b" 10\r\n", "*"),
        (PLAIN, b"99", None),
        (PLAIN, "٣".encode(), None),
        (PLAIN, b"", None),
    ],
)
def test_a_key_is_read_however_the_phone_writes_it(kind: str, body: bytes, key: str | None) -> None:
    assert key_of(kind, body) == key


@pytest.mark.parametrize(
    ("headers", "body", "status", "told"),
    [
        ((("Content-Type", RELAY),), b"Signal=5\r\nDuration=160", 200, True),
        ((("Content-Type", "application/dtmf; charset=x"),), b"5", 200, True),
        ((), b"", 200, False),
        ((("Content-Type", RELAY),), b"Signal=flash", 400, False),
        ((("Content-Type", "application/media_control+xml"),), b"<x/>", 415, False),
        ((("Info-Package", "conference"), ("Content-Type", RELAY)), b"Signal=5", 469, False),
    ],
)
def test_an_info_is_answered_and_its_key_told(
    headers: tuple[tuple[str, str], ...], body: bytes, status: int, told: bool
) -> None:
    world = World().answered()
    world.callee.agent.receive(in_dialog(world, "INFO", 5, body, *headers), world.caller.address, world.now)
    world.run(0.1)
    assert world.wire[-1] == str(status)
    assert world.callee.told(KeyPressed) == ([KeyPressed(world.callee.dialog, "5")] if told else [])


def test_a_repeated_info_is_one_key() -> None:
    world = World().answered()
    info = in_dialog(world, "INFO", 5, b"5", ("Content-Type", PLAIN))
    for _ in range(3):
        world.callee.agent.receive(info, world.caller.address, world.now)
    world.run(0.1)
    assert len(world.callee.told(KeyPressed)) == 1
