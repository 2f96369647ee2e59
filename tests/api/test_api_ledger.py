"""The ledger by REST: docs/recordings.md."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from tests.api.fake_node import FakeNode
from tests.api.world import Api

from mixminus.base.types import Sid
from mixminus.calls.records import ConferenceRecord
from mixminus.insights.ledger import Bookkeeper, Row, Sound

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TALKS = Row("room", on_bus=True, hears_bus=True)
HELD = Row("hold", on_bus=False, hears_bus=False, sounds=(Sound("hold", "house music"),))
MUTED = Row("room", on_bus=False, hears_bus=True)
ALICE, BOB, BOSS = (Sid("CA" + digit * 32) for digit in "123")


@pytest.fixture
def room(node: FakeNode) -> ConferenceRecord:
    """Alice is held for two ticks, then the boss whispers to bob."""
    conference = node.conference()
    book = Bookkeeper(conference.sid)
    coached = Row("room", on_bus=True, hears_bus=True, plus=(BOSS,))
    scenes = (
        (11, {ALICE: TALKS, BOB: TALKS}),
        (13, {ALICE: HELD, BOB: TALKS}),
        (15, {ALICE: TALKS, BOB: coached, BOSS: MUTED}),
    )
    for tick, rows in scenes:
        for entry in book.applied(tick, rows, (), (), NOON):
            node.keep(entry)
    for entry in book.reached(20):
        node.keep(entry)
    return conference


def path(conference: ConferenceRecord) -> str:
    return f"/mixminus/v1/Conferences/{conference.sid}/Ledger"


def test_spans_tell_who_heard_whom_from_when_to_when(api: Api, room: ConferenceRecord) -> None:
    shown = api.get(path(room)).json
    assert {name: shown[name] for name in ("begins_at", "first_tick", "reached_tick", "ended", "intact")} == {
        "begins_at": "2026-01-02T12:00:00Z",
        "first_tick": 11,
        "reached_tick": 20,
        "ended": False,
        "intact": True,
    }
    spans = [(span["call_sid"], span["from_ms"], span["to_ms"], span["hears"]) for span in shown["spans"]]
    assert spans == [
        (ALICE, 0, 40, [BOB]),
        (ALICE, 40, 80, []),
        (ALICE, 80, 200, [BOB]),
        (BOB, 0, 40, [ALICE]),
        (BOB, 40, 80, []),
        (BOB, 80, 200, [ALICE, BOSS]),
        (BOSS, 80, 200, [ALICE, BOB]),
    ]
    assert shown["spans"][1]["sounds"] == [{"kind": "hold", "what": "house music"}]
    assert shown["spans"][1]["ear"] == "hold"


def test_it_comes_in_pages_and_for_one_listener(api: Api, room: ConferenceRecord) -> None:
    everything = api.get(path(room)).json["spans"]
    seen, target = [], f"{path(room)}?PageSize=3"
    while target:
        page = api.get(target).json
        seen += page["spans"]
        target = page["next_page_uri"]
    assert seen == everything
    first = api.get(path(room), CallSid=BOB, PageSize="2").json
    rest = api.get(first["next_page_uri"]).json
    assert [*first["spans"], *rest["spans"]] == [span for span in everything if span["call_sid"] == BOB]


def test_verifying_says_where_it_was_changed(api: Api, node: FakeNode, room: ConferenceRecord) -> None:
    sound = api.get(path(room), verify="true").json
    assert (sound["intact"], sound["fault"], sound["entries"]) == (True, None, 6)
    assert len(sound["hash"]) == 64
    assert "spans" not in sound
    connection = node.database._session._connection
    with connection.begin():
        connection.execute(text("update ledger set content = replace(content, 'hold', 'told') where number = 3"))
    broken = api.get(path(room), verify="true").json
    assert (broken["intact"], broken["fault"]) == (False, "entry 3 does not match its hash")


def test_a_conference_without_one_and_strangers_get_none(api: Api, node: FakeNode, room: ConferenceRecord) -> None:
    assert api.get(path(node.conference())).code == 20404
    assert api.get("/mixminus/v1/Conferences/CF" + "0" * 32 + "/Ledger").code == 20404
    assert api.as_user("x", "y").get(path(room)).code == 20003
    assert api.get(path(room), verify="perhaps").code == 20422
    assert api.get(path(room), CallSid="nobody").json["spans"] == []


def test_the_history_of_participants_tells_when_they_waited_held_and_whispered(
    api: Api, node: FakeNode, room: ConferenceRecord
) -> None:
    for sid in (ALICE, BOSS):
        node.participant(room, call_sid=sid)
    shown = api.get(f"/mixminus/v1/Conferences/{room.sid}/Participants").json["participants"]
    people = {one["call_sid"]: one for one in shown}
    assert people[ALICE]["holds"] == [{"from_ms": 40, "to_ms": 80}]
    assert people[ALICE]["waits"] == people[ALICE]["whispers"] == people[BOSS]["holds"] == []
    assert people[BOSS]["whispers"] == [{"from_ms": 80, "to_ms": 200, "to_call_sid": BOB}]


def test_the_document_describes_it(api: Api, room: ConferenceRecord) -> None:
    document = api.get("/mixminus/v1/openapi.json").json
    schemas, shown = document["components"]["schemas"], api.get(path(room)).json
    assert shown.keys() == schemas["ledger"]["properties"].keys()
    assert shown["spans"][0].keys() == schemas["span"]["properties"].keys()
    assert "/mixminus/v1/Conferences/{conference}/Ledger" in document["paths"]
