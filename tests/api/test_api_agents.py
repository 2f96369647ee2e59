"""`/mixminus/v1/Streams`: agents, and where they are moved."""

import pytest
from tests.api.fake_node import FakeNode
from tests.api.world import Api

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import MoveStreamToCall, MoveStreamToConference
from mixminus.calls.options import (
    AudioDocument,
    Beep,
    Callback,
    ConferenceOptions,
    NoSound,
    ParticipantOptions,
    Webhook,
)

STREAM = Sid("MZ" + "5" * 32)
CALL = Sid("CA" + "6" * 32)
PATH = f"/mixminus/v1/Streams/{STREAM}"


def test_agent_and_caller_go_to_a_conference(api: Api, node: FakeNode) -> None:
    moved = api.post(
        PATH,
        Conference="Support",
        Label="ai",
        Muted="true",
        Beep="false",
        CallSidToCoach=CALL,
        WaitUrl="",
        CallLabel="customer",
        CallMuted="false",
        CallEndConferenceOnExit="true",
        StatusCallback="https://app.example.com/leg",
        StatusCallbackEvent="answered completed",
        TimeLimit="600",
    )
    (command,) = node.asked
    assert command == MoveStreamToConference(
        STREAM,
        "Support",
        agent=ParticipantOptions(
            label="ai", muted=True, beep=Beep.FALSE, wait=NoSound(), coaching=True, call_sids_to_coach=(CALL,)
        ),
        call=ParticipantOptions(label="customer", beep=Beep.FALSE, wait=NoSound(), end_conference_on_exit=True),
        options=ConferenceOptions(),
        callback=Callback(Webhook("https://app.example.com/leg"), frozenset({"answered", "completed"})),
        time_limit_s=600,
    )
    assert moved.status == 200
    assert moved.json["conference_sid"] == "CF" + "4" * 32


def test_or_the_agent_to_a_call(api: Api, node: FakeNode) -> None:
    assert api.post(PATH, Call=CALL).status == 200
    assert node.asked == [MoveStreamToCall(STREAM, CALL)]


def test_what_is_not_said_is_as_for_any_participant(api: Api, node: FakeNode) -> None:
    api.post(PATH, Conference="Support", WaitUrl="https://app.example.com/wait")
    (command,) = node.asked
    wait = AudioDocument("https://app.example.com/wait")
    assert (command.agent, command.call) == (ParticipantOptions(wait=wait), ParticipantOptions(wait=wait))
    assert (command.callback, command.time_limit_s) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, 16002),
        ({"Conference": "", "Call": ""}, 16002),
        ({"Conference": "Support", "Call": CALL}, 16002),
        ({"Call": "CA1"}, 16002),
        ({"Conference": "a/b"}, 16002),
        ({"Conference": "n" * 129}, 16002),
        ({"Conference": "Support", "Label": "a/b"}, 16024),
        ({"Conference": "Support", "CallLabel": CALL}, 16024),
        ({"Conference": "Support", "Coaching": "true"}, 16002),
        ({"Conference": "Support", "CallMuted": "perhaps"}, 16002),
        ({"Conference": "Support", "StatusCallback": "nowhere"}, 21609),
        ({"Conference": "Support", "TimeLimit": "0"}, 16002),
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, node: FakeNode, wrong: dict[str, str], code: int) -> None:
    answer = api.post(PATH, **wrong)
    assert (answer.status, answer.code) == (400, code)
    assert node.asked == []


def test_a_stream_that_does_not_live_is_not_found(api: Api, node: FakeNode) -> None:
    node.refuse = Refusal(20404, 404, "gone")
    assert api.get(PATH).code == 20404
    assert api.post("/mixminus/v1/Streams/MZ1", Conference="Support").code == 20404
    assert api.get("/mixminus/v1/Streams", CallSid="x").code == 20422


def test_agents_are_listed_by_the_call_where_they_are_or_were_at_first(api: Api) -> None:
    for call, count in (("1", 1), ("2", 1), ("9", 0)):
        assert len(api.get("/mixminus/v1/Streams", CallSid="CA" + call * 32).json["streams"]) == count
    assert api.as_user("x", "y").get(PATH).code == 20003


def test_the_document_describes_them(api: Api) -> None:
    document = api.get("/mixminus/v1/openapi.json").json
    assert {"get", "post"} == document["paths"]["/mixminus/v1/Streams/{stream}"].keys()
    assert api.get(PATH).json.keys() == document["components"]["schemas"]["stream"]["properties"].keys()
    (listed,) = api.get("/mixminus/v1/Streams").json["streams"]
    assert listed.keys() == document["components"]["schemas"]["stream"]["properties"].keys()
