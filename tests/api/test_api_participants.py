"""`/Participants`: each row of the tables 2.1 to 2.7 of the reference that the API itself carries out."""

from typing import Any

import pytest
from tests.api.fake_node import FakeNode
from tests.api.oas import parameters
from tests.api.world import Answer, Api
from twilio.base.exceptions import TwilioRestException

from mixminus.api.not_yet import NOT_YET
from mixminus.base.errors import Refusal
from mixminus.calls.commands import AddParticipant, RemoveParticipant, UpdateParticipant
from mixminus.calls.options import (
    AudioDocument,
    Beep,
    Callback,
    FloorPolicy,
    HouseMusic,
    NoSound,
    ParticipantOptions,
    RecordingOptions,
    Webhook,
)
from mixminus.calls.records import ConferenceStatus, ParticipantStatus

URL = "https://app.example.com/hook?x=1"
CA1, CA2 = "CA" + "1" * 32, "CA" + "2" * 32
ROOM = "/Conferences/Support/Participants.json"


def callback(*events: str, method: str = "POST") -> Callback:
    return Callback(Webhook(URL, method), frozenset(events))


def add(api: Api, *pairs: tuple[str, str], room: str = ROOM) -> Answer:
    basics = {"From": "+15005550001", "To": "+15005550006"}
    rest = [(name, value) for name, value in basics.items() if name not in dict(pairs)]
    return api.post(room, *rest, *pairs)


def reach(command: object, path: str) -> Any:
    value: Any = command
    for name in path.split("."):
        value = getattr(value, name)
    return value


# What is said, where it arrives in the command, and as what. One row at least for each parameter of table 2.3.
ROWS: list[tuple[dict[str, str], str, object]] = [
    ({"To": "+1 (500) 555-0006"}, "dial.to", "+15005550006"),
    ({"To": " 15005550006"}, "dial.to", "+15005550006"),
    ({"To": "client:alice?team=7&lang=de"}, "dial.to", "client:alice?team=7&lang=de"),
    ({"To": "sip:1000@pbx.example.com:5070?X-Trace=42"}, "dial.to", "sip:1000@pbx.example.com:5070?X-Trace=42"),
    ({"To": "app:AP" + "c" * 32 + "?role=ai"}, "dial.to", "app:AP" + "c" * 32 + "?role=ai"),
    ({"To": "TW" + "c" * 32}, "dial.to", "TW" + "c" * 32),
    ({"From": "+15005550009"}, "dial.from_", "+15005550009"),
    ({"To": "sip:a@b.example", "From": "alice"}, "dial.from_", "alice"),
    ({"CallerId": "+15005550010"}, "dial.caller_id", "+15005550010"),
    ({}, "dial.caller_id", None),
    ({"CallerDisplayName": "Ada Lovelace"}, "dial.caller_display_name", "Ada Lovelace"),
    ({"Timeout": "5"}, "dial.timeout_s", 5),
    ({}, "dial.timeout_s", 60),
    ({"TimeLimit": "3600"}, "dial.time_limit_s", 3600),
    ({"SipAuthUsername": "u", "SipAuthPassword": "p"}, "dial.sip_auth_username", "u"),
    ({"SipAuthPassword": "p"}, "dial.sip_auth_password", "p"),
    ({}, "dial.callback", None),
    ({"StatusCallback": URL}, "dial.callback", callback("completed")),
    ({"StatusCallback": URL, "StatusCallbackMethod": "GET"}, "dial.callback", callback("completed", method="GET")),
    (
        {"StatusCallback": URL, "StatusCallbackEvent": "initiated ringing"},
        "dial.callback",
        callback("initiated", "ringing"),
    ),
    ({"StatusCallback": URL, "StatusCallbackEvent": ""}, "dial.callback", callback()),
    ({"Record": "true"}, "dial.recording", RecordingOptions()),
    ({"Record": "false"}, "dial.recording", None),
    ({"Record": "true", "RecordingChannels": "dual"}, "dial.recording.channels", 2),
    ({"Record": "true", "RecordingTrack": "inbound"}, "dial.recording.track", "inbound"),
    ({"Record": "true", "Trim": "do-not-trim"}, "dial.recording.trim_silence", False),
    ({"Record": "true", "RecordingStatusCallback": URL}, "dial.recording.callback", callback("completed")),
    (
        {
            "Record": "true",
            "RecordingStatusCallback": URL,
            "RecordingStatusCallbackMethod": "get",
            "RecordingStatusCallbackEvent": "started paused",
        },
        "dial.recording.callback",
        callback("started", "paused", method="GET"),
    ),
    ({"Label": "cüstomer ☎"}, "participant.label", "cüstomer ☎"),
    ({"EarlyMedia": "false"}, "participant.early_media", False),
    ({"Muted": "true"}, "participant.muted", True),
    ({"Beep": "onEnter"}, "participant.beep", Beep.ON_ENTER),
    ({"Beep": "False"}, "participant.beep", Beep.FALSE),  # as the Python SDK prints beep=False
    ({"StartConferenceOnEnter": "false"}, "participant.start_conference_on_enter", False),
    ({"EndConferenceOnExit": "true"}, "participant.end_conference_on_exit", True),
    ({}, "participant.wait", HouseMusic()),
    ({"WaitUrl": ""}, "participant.wait", NoSound()),
    ({"WaitUrl": URL, "WaitMethod": "GET"}, "participant.wait", AudioDocument(URL, "GET")),
    ({"WaitUrl": "media:jazz.wav"}, "participant.wait", AudioDocument("media:jazz.wav")),
    ({"CallSidToCoach": CA1}, "participant.coaching", True),
    ({"CallSidToCoach": CA1}, "participant.call_sids_to_coach", (CA1,)),
    ({"Coaching": "false", "CallSidToCoach": CA1}, "participant.coaching", False),
    ({"JitterBufferSize": "small"}, "participant.jitter_buffer_size", "small"),
    ({"Moderator": "true"}, "participant.moderator", True),
    ({"FloorControl": "queue"}, "options.floor", FloorPolicy.QUEUE),
    ({"FloorControl": "drop"}, "options.floor", FloorPolicy.DROP),
    ({}, "options.floor", FloorPolicy.OFF),
    ({}, "participant", ParticipantOptions()),
    ({}, "options.max_participants", 250),
    ({"MaxParticipants": "1000"}, "options.max_participants", 1000),
    ({"Region": "ie1"}, "options.region", "ie1"),
    ({"ConferenceStatusCallback": URL}, "options.callback", callback("start", "end")),
    (
        {
            "ConferenceStatusCallback": URL,
            "ConferenceStatusCallbackMethod": "GET",
            "ConferenceStatusCallbackEvent": "start leave speaker",
        },
        "options.callback",
        callback("start", "leave", "speaker", method="GET"),
    ),
    ({"ConferenceRecord": "false"}, "options.recording", None),
    ({"ConferenceRecord": "do-not-record"}, "options.recording", None),
    ({"ConferenceRecord": "true"}, "options.recording", RecordingOptions()),
    (
        {"ConferenceRecord": "record-from-start", "ConferenceTrim": "do-not-trim"},
        "options.recording.trim_silence",
        False,
    ),
    (
        {
            "ConferenceRecord": "true",
            "ConferenceRecordingStatusCallback": URL,
            "ConferenceRecordingStatusCallbackMethod": "GET",
            "ConferenceRecordingStatusCallbackEvent": "in-progress failed",
        },
        "options.recording.callback",
        callback("in-progress", "failed", method="GET"),
    ),
]


@pytest.mark.parametrize(("form", "path", "value"), ROWS, ids=lambda row: str(row)[:60])
def test_2_3_a_parameter_of_create_arrives(
    api: Api, node: FakeNode, form: dict[str, str], path: str, value: object
) -> None:
    assert add(api, *form.items()).status == 201
    assert reach(node.asked[-1], path) == value


def test_2_3_each_parameter_of_create_is_tested_or_listed_as_not_yet() -> None:
    tested = {name for form, _, _ in ROWS for name in form}
    tested |= {"Coaching"}
    assert parameters("/Conferences/{ConferenceSid}/Participants.json") - tested == set(NOT_YET["POST /Participants"])


@pytest.mark.parametrize("name", sorted(NOT_YET["POST /Participants"]))
def test_2_3_what_is_not_carried_out_yet_is_accepted(api: Api, name: str) -> None:
    values = {"MachineDetection": "Enable", "MachineDetectionTimeout": "30"}
    assert add(api, (name, values.get(name, "2000"))).status == 201


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "5005550006"}, 21211),
        ({"To": "client:"}, 21211),
        ({"To": "sip:a b@c"}, 21211),
        ({"To": "sip:a@b\r\nX: y"}, 21211),
        ({"To": "app:AP123"}, 21211),
        ({"To": "x" * 5000}, 21211),
        ({"To": "sip:a@b.example?X-A=" + "y" * 1020}, 21227),
        ({"From": "alice"}, 21212),
        ({"CallerId": "alice"}, 21212),
        ({"To": "sip:a@b", "From": "a\r\nb"}, 21212),
        ({"CallerDisplayName": "x"}, 16002),
        ({"Timeout": "4"}, 21208),
        ({"Timeout": "601"}, 21208),
        ({"Timeout": "soon"}, 21208),
        ({"TimeLimit": "0"}, 16002),
        ({"SipAuthUsername": "u" * 256}, 21221),
        ({"SipAuthUsername": "u\r\nX: y"}, 21222),
        ({"SipAuthPassword": "p" * 256}, 21223),
        ({"SipAuthPassword": "p\x01"}, 21224),
        ({"SipAuthUsername": "u", "SipAuthPassword": ""}, 21225),
        ({"StatusCallback": "example.com"}, 16002),
        ({"StatusCallback": "http://bad_host.example/"}, 16002),
        ({"StatusCallbackMethod": "PUT"}, 16002),
        ({"StatusCallbackEvent": "answer"}, 16002),
        ({"Record": "maybe"}, 16002),
        ({"Record": "true", "RecordingChannels": "stereo"}, 16002),
        ({"Record": "true", "RecordingTrack": "left"}, 16002),
        ({"Record": "true", "Trim": "yes"}, 16002),
        ({"Record": "true", "RecordingStatusCallbackEvent": "done"}, 16002),
        ({"Label": "x" * 129}, 16024),
        ({"Label": "a/b"}, 16024),
        ({"Label": "a%2Fb"}, 16024),
        ({"Label": CA1}, 16024),
        ({"EarlyMedia": "x"}, 16002),
        ({"Beep": "onenter"}, 16002),
        ({"WaitUrl": "ftp://example.com/"}, 16002),
        ({"WaitUrl": "media:../secret"}, 16002),
        ({"WaitMethod": "DELETE"}, 16002),
        ({"MaxParticipants": "1"}, 16002),
        ({"MaxParticipants": "many"}, 16002),
        ({"Coaching": "true"}, 16002),
        ({"CallSidToCoach": "agent"}, 16002),
        ({"JitterBufferSize": "huge"}, 16002),
        ({"Region": "mars1"}, 16002),
        ({"Moderator": "perhaps"}, 16002),
        ({"FloorControl": "mine"}, 16002),
        ({"ConferenceRecord": "yes"}, 16002),
        ({"ConferenceTrim": "yes"}, 16002),
        ({"ConferenceStatusCallback": "/relative"}, 16002),
        ({"ConferenceStatusCallbackEvent": "['start', 'party']"}, 16002),
        ({"ConferenceRecordingStatusCallbackEvent": "done"}, 16002),
        ({"MachineDetection": "yes"}, 21234),
        ({"MachineDetectionTimeout": "60"}, 21234),
        ({"MachineDetectionSilenceTimeout": "1"}, 21234),
    ],
    ids=lambda row: str(row)[:60],
)
def test_2_3_a_bad_parameter_is_refused_with_its_code_and_named(
    api: Api, node: FakeNode, form: dict[str, str], code: int
) -> None:
    answer = add(api, *form.items())
    assert (answer.status, answer.code) == (400, code)
    assert any(name in answer.json["message"] for name in form)
    assert node.asked == []


def test_0_lists_come_as_repeated_keys_as_spaces_and_as_python_prints_them(api: Api, node: FakeNode) -> None:
    name = "ConferenceStatusCallbackEvent"
    for pairs in (
        [(name, "start"), (name, "join leave")],
        [(name, "start join leave")],
        [(name, "['start', 'join', 'leave']")],
        [(name, "start,join,leave")],
    ):
        assert add(api, ("ConferenceStatusCallback", URL), *pairs).status == 201
        assert node.asked[-1].options.callback == callback("start", "join", "leave")


def test_beyond_twilio_a_coach_may_name_several(api: Api, node: FakeNode) -> None:
    add(api, ("CallSidToCoach", CA1), ("CallSidToCoach", "CA" + "AB" * 16), ("CallSidToCoach", CA1))
    assert node.asked[-1].participant.call_sids_to_coach == (CA1, "CA" + "ab" * 16)


def test_the_sdk_adds_a_participant_by_friendly_name(api: Api, node: FakeNode) -> None:
    added = api.sdk.conferences("My Room ☎").participants.create(
        to="+15005550006", from_="+15005550001", muted=True, label="agent", wait_url="",
        status_callback=URL, status_callback_event=["ringing", "answered"],
    )  # fmt: skip
    (command,) = node.asked
    assert isinstance(command, AddParticipant)
    assert command.conference == "My Room ☎"
    assert command.dial.callback == callback("ringing", "answered")
    assert command.participant.wait == NoSound()
    assert (added.status, added.muted, added.label, added.queue_time) == ("queued", True, "agent", "1000")
    assert added.conference_sid.startswith("CF")


def test_2_1_a_conference_is_also_named_by_its_sid(api: Api, node: FakeNode) -> None:
    sid = "CF" + "AB" * 16
    assert add(api, room=f"/Conferences/{sid}/Participants.json").status == 201
    assert node.asked[-1].conference == "CF" + "ab" * 16


@pytest.mark.parametrize("name", ["My%20Room/1", "My%20Room%2F1", "/", "a/b/c"])
def test_0_a_slash_in_a_name_gets_an_error_that_says_so(api: Api, name: str) -> None:
    answer = add(api, room=f"/Conferences/{name}/Participants.json")
    assert (answer.status, answer.code) == (400, 16002)
    assert "'/'" in answer.json["message"]


@pytest.mark.parametrize("name", ["x" * 129, "x" * 10_000, "%20"])
def test_1_1_a_name_has_1_to_128_characters(api: Api, name: str) -> None:
    assert add(api, room=f"/Conferences/{name}/Participants.json").code == 16002


def test_a_name_of_128_emoji_is_fine(api: Api, node: FakeNode) -> None:
    add(api, room="/Conferences/" + "%F0%9F%93%9E" * 128 + "/Participants.json")
    assert node.asked[-1].conference == "📞" * 128


def test_what_the_node_refuses_reaches_the_caller(api: Api, node: FakeNode) -> None:
    node.refuse = Refusal(16020, 409, "The conference is full")
    with pytest.raises(TwilioRestException) as raised:
        api.sdk.conferences("Support").participants.create(to="client:a", from_="client:b")
    assert (raised.value.code, raised.value.status) == (16020, 409)
    assert "full" in raised.value.msg


def test_2_only_live_participants_exist(api: Api, node: FakeNode) -> None:
    room = node.conference()
    live = node.participant(room)
    gone = [
        node.participant(room, status=status) for status in (ParticipantStatus.COMPLETE, ParticipantStatus.FAILED)
    ]
    node.participant(node.conference())
    listed = api.sdk.conferences(room.sid).participants.list()
    assert [each.call_sid for each in listed] == [live.call_sid]
    for each in gone:
        assert api.get(f"/Conferences/{room.sid}/Participants/{each.call_sid}.json").code == 20404


def test_2_1_a_conference_that_is_over_or_unknown_has_no_participants(api: Api, node: FakeNode) -> None:
    over = node.conference(status=ConferenceStatus.COMPLETED)
    node.participant(over)
    for sid in (over.sid, "CF" + "0" * 32, "Support"):
        answer = api.get(f"/Conferences/{sid}/Participants.json")
        assert (answer.status, answer.code) == (404, 20404)


def test_2_2_a_participant_says_the_first_of_its_coachees(api: Api, node: FakeNode) -> None:
    room = node.conference()
    coach = node.participant(room, coaching=True, call_sids_to_coach=(CA1, CA2))
    shown = api.sdk.conferences(room.sid).participants(coach.call_sid).fetch()
    assert (shown.coaching, shown.call_sid_to_coach, shown.queue_time) == (True, CA1, None)
    assert shown.uri == f"{api.account}/Conferences/{room.sid}/Participants/{coach.call_sid}.json"


@pytest.mark.parametrize("label", ["agent", "agent 1 ü", "a.b", "50%"])
def test_2_1_a_participant_is_addressed_by_its_label(api: Api, node: FakeNode, label: str) -> None:
    room = node.conference()
    agent = node.participant(room, label=label)
    assert api.sdk.conferences(room.sid).participants(label).fetch().call_sid == agent.call_sid


def test_2_7_the_list_is_filtered(api: Api, node: FakeNode) -> None:
    room = node.conference()
    plain, muted, held, coach = (
        node.participant(room, **change) for change in ({}, {"muted": True}, {"hold": True}, {"coaching": True})
    )
    participants = api.sdk.conferences(room.sid).participants
    assert [each.call_sid for each in participants.list(muted=True)] == [muted.call_sid]
    assert [each.call_sid for each in participants.list(hold=True)] == [held.call_sid]
    assert [each.call_sid for each in participants.list(coaching=True)] == [coach.call_sid]
    assert plain.call_sid in [each.call_sid for each in participants.list(muted=False, hold=False)]


def test_2_1_characters_of_a_label_that_end_a_path_come_percent_encoded(api: Api, node: FakeNode) -> None:
    room = node.conference()
    agent = node.participant(room, label="x?y#z")
    shown = api.get(f"/Conferences/{room.sid}/Participants/x%3Fy%23z.json")
    assert shown.json["call_sid"] == agent.call_sid


UPDATES: list[tuple[dict[str, str], str, object]] = [
    ({"Muted": "true"}, "muted", True),
    ({"Muted": "false"}, "muted", False),
    ({"Muted": "yes"}, "muted", False),
    ({}, "muted", None),
    ({"Hold": "true"}, "hold", True),
    ({}, "hold", None),
    ({"HoldUrl": URL}, "hold_sound", AudioDocument(URL, "GET")),
    ({"HoldUrl": URL, "HoldMethod": "POST"}, "hold_sound", AudioDocument(URL, "POST")),
    ({"HoldUrl": ""}, "hold_sound", NoSound()),
    ({}, "hold_sound", None),
    ({"AnnounceUrl": URL}, "announce", Webhook(URL, "POST")),
    ({"AnnounceUrl": URL, "AnnounceMethod": "GET"}, "announce", Webhook(URL, "GET")),
    ({"AnnounceUrl": ""}, "announce", None),
    ({"WaitUrl": ""}, "wait", NoSound()),
    ({"WaitUrl": URL, "WaitMethod": "GET"}, "wait", AudioDocument(URL, "GET")),
    ({}, "wait", None),
    ({"BeepOnExit": "true"}, "beep_on_exit", True),
    ({"EndConferenceOnExit": "false"}, "end_conference_on_exit", False),
    ({"Coaching": "false"}, "coaching", False),
    ({"Coaching": "true", "CallSidToCoach": CA1}, "call_sids_to_coach", (CA1,)),
    ({"CallSidToCoach": CA1}, "coaching", None),
    ({}, "call_sids_to_coach", None),
    ({"Moderator": "true"}, "moderator", True),
    ({"Moderator": "false"}, "moderator", False),
    ({}, "moderator", None),
]
OURS = {"Moderator"}


@pytest.mark.parametrize(("form", "path", "value"), UPDATES, ids=lambda row: str(row)[:60])
def test_2_5_a_parameter_of_update_arrives(
    api: Api, node: FakeNode, form: dict[str, str], path: str, value: object
) -> None:
    room = node.conference()
    agent = node.participant(room, label="agent")
    assert api.post(f"/Conferences/{room.sid}/Participants/agent.json", **form).status == 200
    assert isinstance(node.asked[-1], UpdateParticipant)
    assert reach(node.asked[-1], path) == value
    assert (node.asked[-1].conference_sid, node.asked[-1].participant) == (room.sid, agent.call_sid)


def test_2_5_each_parameter_of_update_is_tested() -> None:
    tested = {name for form, _, _ in UPDATES for name in form}
    assert parameters("/Conferences/{ConferenceSid}/Participants/{CallSid}.json") == tested - OURS


@pytest.mark.parametrize(
    "form",
    [
        {"Hold": "maybe"},
        {"HoldUrl": "nowhere"},
        {"HoldMethod": "PUT"},
        {"AnnounceUrl": "x"},
        {"Coaching": "true"},
        {"CallSidToCoach": "me"},
        {"BeepOnExit": "1"},
        {"Moderator": "1"},
    ],
    ids=str,
)
def test_2_5_a_bad_update_is_refused_with_16002(api: Api, node: FakeNode, form: dict[str, str]) -> None:
    room = node.conference()
    agent = node.participant(room)
    assert api.post(f"/Conferences/{room.sid}/Participants/{agent.call_sid}.json", **form).code == 16002
    assert node.asked == []


def test_the_sdk_mutes_a_participant(api: Api, node: FakeNode) -> None:
    room = node.conference()
    agent = node.participant(room)
    muted = api.sdk.conferences(room.sid).participants(agent.call_sid).update(muted=True)
    assert muted.muted is True


def test_2_6_delete_removes_the_participant(api: Api, node: FakeNode) -> None:
    room = node.conference()
    agent = node.participant(room, label="agent")
    assert api.sdk.conferences(room.sid).participants("agent").delete() is True
    assert node.asked == [RemoveParticipant(room.sid, agent.call_sid, by=node.account_sid)]
    assert api.delete(f"/Conferences/{room.sid}/Participants/nobody.json").code == 20404
