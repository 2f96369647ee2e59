"""`/Calls`: each row of the tables 5.1 to 5.5 of the reference that the API itself carries out."""

from datetime import UTC, date, datetime

import pytest
from tests.api.fake_node import START, FakeNode
from tests.api.oas import parameters
from tests.api.test_api_participants import URL, callback, reach
from tests.api.world import Answer, Api
from twilio.base.exceptions import TwilioRestException

from mixminus.api.not_yet import NOT_YET
from mixminus.base.errors import Refusal
from mixminus.calls.commands import PlaceCall, UpdateCall
from mixminus.calls.options import Callback, Instructions, RecordingOptions, Webhook
from mixminus.calls.records import ApplicationRecord, CallStatus, Direction


def place(api: Api, *pairs: tuple[str, str], **form: str) -> Answer:
    basics = {"From": "+15005550001", "To": "+15005550006", "Url": URL}
    said = dict(pairs) | form
    return api.post("/Calls.json", *pairs, **({name: basics[name] for name in basics if name not in said} | form))


ROWS: list[tuple[dict[str, str], str, object]] = [
    ({"To": "sip:bob@example.com"}, "dial.to", "sip:bob@example.com"),
    ({"From": "+15005550002"}, "dial.from_", "+15005550002"),
    ({"Url": URL}, "instructions", Instructions(url=URL)),
    ({"Url": URL, "Method": "GET"}, "instructions.method", "GET"),
    ({"Url": "", "Twiml": "<Response/>"}, "instructions", Instructions(twiml="<Response/>")),
    ({"Url": URL, "Twiml": "<Response/>"}, "instructions.twiml", None),
    ({"FallbackUrl": URL, "FallbackMethod": "GET"}, "instructions.fallback_url", URL),
    ({"FallbackUrl": URL, "FallbackMethod": "GET"}, "instructions.fallback_method", "GET"),
    ({"StatusCallback": URL}, "dial.callback", callback("completed")),
    ({"StatusCallback": ""}, "dial.callback", None),
    (
        {"StatusCallback": URL, "StatusCallbackMethod": "GET", "StatusCallbackEvent": "ringing"},
        "dial.callback",
        callback("ringing", method="GET"),
    ),
    ({"SendDigits": "wW12#*aD"}, "dial.send_digits", "wW12#*aD"),
    ({"Timeout": "600"}, "dial.timeout_s", 600),
    ({"Timeout": "1"}, "dial.timeout_s", 1),
    ({"TimeLimit": "60"}, "dial.time_limit_s", 60),
    ({"Record": "True"}, "dial.recording", RecordingOptions()),
    ({"Record": "true", "RecordingChannels": "dual", "RecordingTrack": "outbound"}, "dial.recording.channels", 2),
    ({"Record": "true", "Trim": "do-not-trim"}, "dial.recording.trim_silence", False),
    (
        {
            "Record": "true",
            "RecordingStatusCallback": URL,
            "RecordingStatusCallbackMethod": "GET",
            "RecordingStatusCallbackEvent": "in-progress absent",
        },
        "dial.recording.callback",
        callback("in-progress", "absent", method="GET"),
    ),
    ({"SipAuthUsername": "u", "SipAuthPassword": "p"}, "dial.sip_auth_password", "p"),
    ({"CallerId": "+15005550003"}, "dial.caller_id", "+15005550003"),
]


@pytest.mark.parametrize(("form", "path", "value"), ROWS, ids=lambda row: str(row)[:60])
def test_5_1_a_parameter_of_create_arrives(
    api: Api, node: FakeNode, form: dict[str, str], path: str, value: object
) -> None:
    assert place(api, **form).status == 201
    assert isinstance(node.asked[-1], PlaceCall)
    assert reach(node.asked[-1], path) == value


def test_5_1_each_parameter_of_create_is_tested_or_listed_as_not_yet() -> None:
    tested = {name for form, _, _ in ROWS for name in form} | {"ApplicationSid"}
    assert parameters("/Calls.json") - tested == set(NOT_YET["POST /Calls"])


@pytest.mark.parametrize("name", sorted(NOT_YET["POST /Calls"]))
def test_5_1_what_is_not_carried_out_yet_is_accepted(api: Api, name: str) -> None:
    values = {"MachineDetection": "DetectMessageEnd", "MachineDetectionTimeout": "30", "AsyncAmd": "true"}
    assert place(api, **{name: values.get(name, "2000")}).status == 201


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "bob"}, 21211),
        ({"From": "bob"}, 21212),
        ({"Url": ""}, 21205),
        ({"Url": "nowhere"}, 21205),
        ({"Url": "http://[::1/"}, 21205),
        ({"Url": "http://a:b/"}, 21205),
        ({"FallbackUrl": "x"}, 21205),
        ({"Method": "PUT"}, 21209),
        ({"FallbackMethod": "PUT", "FallbackUrl": URL}, 21209),
        ({"StatusCallbackMethod": "PUT"}, 21209),
        ({"StatusCallback": "x"}, 21609),
        ({"StatusCallbackEvent": "answer"}, 21626),
        ({"SendDigits": "1" * 33}, 21206),
        ({"SendDigits": "1x"}, 21206),
        ({"Timeout": "601"}, 21208),
        ({"Timeout": "0"}, 21208),
        ({"Url": "", "Twiml": "x" * 4001}, 32018),
        ({"ApplicationSid": "AP123"}, 21218),
        ({"ApplicationSid": "AP" + "0" * 32}, 21218),
        ({"MachineDetection": "on"}, 21234),
        ({"SipAuthUsername": "x" * 256}, 21221),
        ({"AsyncAmd": "x"}, 20422),
    ],
    ids=lambda row: str(row)[:60],
)
def test_5_5_a_bad_parameter_is_refused_with_its_code(
    api: Api, node: FakeNode, form: dict[str, str], code: int
) -> None:
    answer = place(api, **form)
    assert (answer.status, answer.code) == (400, code)
    assert any(name in answer.json["message"] for name in form)
    assert node.asked == []


def application(node: FakeNode) -> ApplicationRecord:
    return node.keep(ApplicationRecord(node.sids.new("AP"), node.account_sid, "App", START, START))


def test_5_1_an_application_makes_the_url_and_callback_parameters_ignored(api: Api, node: FakeNode) -> None:
    app = application(node)
    assert place(api, ApplicationSid=app.sid, Url=URL, StatusCallback=URL).status == 201
    (command,) = node.asked
    assert (command.application_sid, command.instructions, command.dial.callback) == (app.sid, None, None)


def test_the_sdk_places_a_call(api: Api, node: FakeNode) -> None:
    made = api.sdk.calls.create(
        to="+15005550006", from_="+15005550001", url=URL, status_callback=URL, status_callback_event=["ringing"]
    )
    assert node.asked[0].dial.callback == Callback(Webhook(URL), frozenset({"ringing"}))
    assert (made.status, made.direction, made.to_formatted) == ("queued", "outbound-api", "(500) 555-0006")
    assert made.date_created is not None
    assert made.date_created.tzinfo is not None


@pytest.mark.parametrize("status", list(CallStatus))
def test_5_2_rest_never_says_initiated(api: Api, node: FakeNode, status: CallStatus) -> None:
    call = node.call(status=status, duration_s=15, queue_time_ms=1000, start_time=START, end_time=START)
    shown = api.sdk.calls(call.sid).fetch()
    assert shown.status == ("queued" if status is CallStatus.INITIATED else status.value)
    assert (shown.duration, shown.queue_time, shown.price) == ("15", "1000", None)
    assert set(shown.subresource_uris) == {
        "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
        "user_defined_message_subscriptions", "user_defined_messages",
    }  # fmt: skip


def test_0_dates_are_rfc_2822_in_utc(api: Api, node: FakeNode) -> None:
    call = node.call(start_time=datetime(2011, 2, 18, 19, 26, 50, 999, tzinfo=UTC))
    assert api.get(f"/Calls/{call.sid}.json").json["start_time"] == "Fri, 18 Feb 2011 19:26:50 +0000"


def test_7_3_a_sid_in_upper_case_is_the_same_sid(api: Api, node: FakeNode) -> None:
    call = node.call()
    assert api.get(f"/Calls/CA{call.sid[2:].upper()}.json").json["sid"] == call.sid


UPDATES: list[tuple[dict[str, str], str, object]] = [
    ({"Status": "completed"}, "status", "completed"),
    ({"Status": "canceled"}, "status", "canceled"),
    ({}, "status", None),
    ({"Url": URL, "Method": "GET"}, "instructions", Instructions(url=URL, method="GET")),
    ({"Twiml": "<Response/>"}, "instructions", Instructions(twiml="<Response/>")),
    ({"Url": URL, "FallbackUrl": URL, "FallbackMethod": "GET"}, "instructions.fallback_method", "GET"),
    ({}, "instructions", None),
    ({"StatusCallback": URL, "StatusCallbackMethod": "GET"}, "status_callback", Webhook(URL, "GET")),
    ({"TimeLimit": "30"}, "time_limit_s", 30),
]


@pytest.mark.parametrize(("form", "path", "value"), UPDATES, ids=lambda row: str(row)[:60])
def test_5_3_a_parameter_of_update_arrives(
    api: Api, node: FakeNode, form: dict[str, str], path: str, value: object
) -> None:
    call = node.call()
    assert api.post(f"/Calls/{call.sid}.json", **form).status == 200
    assert isinstance(node.asked[-1], UpdateCall)
    assert reach(node.asked[-1], path) == value


def test_5_3_each_parameter_of_update_is_tested() -> None:
    assert parameters("/Calls/{Sid}.json") == {name for form, _, _ in UPDATES for name in form}


@pytest.mark.parametrize(
    ("form", "code"),
    [({"Status": "busy"}, 20422), ({"Url": URL, "Twiml": "<Response/>"}, 20422), ({"Url": "x"}, 21205)],
    ids=str,
)
def test_5_3_a_bad_update_is_refused(api: Api, node: FakeNode, form: dict[str, str], code: int) -> None:
    assert api.post(f"/Calls/{node.call().sid}.json", **form).code == code
    assert node.asked == []


def test_5_3_a_call_that_is_not_live_cannot_be_redirected(api: Api, node: FakeNode) -> None:
    call = node.call()
    node.refuse = Refusal(21220, 400, "Call is not in-progress. Cannot redirect.")
    with pytest.raises(TwilioRestException) as raised:
        api.sdk.calls(call.sid).update(url=URL)
    assert raised.value.code == 21220


def test_5_3_the_sdk_deletes_a_call(api: Api, node: FakeNode) -> None:
    call = node.call(status=CallStatus.COMPLETED)
    assert api.sdk.calls(call.sid).delete() is True
    assert api.get(f"/Calls/{call.sid}.json").code == 20404
    assert api.delete(f"/Calls/{call.sid}.json").code == 20404


def test_5_4_the_list_is_filtered(api: Api, node: FakeNode) -> None:
    parent = node.call(status=CallStatus.IN_PROGRESS)
    child = node.call(parent_call_sid=parent.sid, to="client:alice", direction=Direction.OUTBOUND_DIAL)
    ringing = node.call(status=CallStatus.RINGING, from_="+15005550077")
    calls = api.sdk.calls
    assert [each.sid for each in calls.list()] == [ringing.sid, child.sid, parent.sid]
    assert [each.sid for each in calls.list(to="client:alice")] == [child.sid]
    assert [each.sid for each in calls.list(from_="+15005550077")] == [ringing.sid]
    assert [each.sid for each in calls.list(parent_call_sid=parent.sid)] == [child.sid]
    assert [each.sid for each in calls.list(status="queued")] == [child.sid]
    assert [each.sid for each in calls.list(status="in-progress")] == [parent.sid]


def test_5_4_calls_are_filtered_by_day_and_by_time(api: Api, node: FakeNode) -> None:
    early, late = (
        node.call(start_time=datetime(2026, 1, day, 10, tzinfo=UTC), end_time=datetime(2026, 1, day, 11, tzinfo=UTC))
        for day in (2, 3)
    )
    node.call()
    calls = api.sdk.calls
    assert [each.sid for each in calls.list(start_time=date(2026, 1, 2))] == [early.sid]
    assert [each.sid for each in calls.list(start_time=datetime(2026, 1, 2, 10))] == [early.sid]
    assert [each.sid for each in calls.list(start_time_after=datetime(2026, 1, 3, 10))] == [late.sid]
    assert [each.sid for each in calls.list(start_time_before=datetime(2026, 1, 3, 10))] == [early.sid]
    assert [each.sid for each in calls.list(end_time_after=datetime(2026, 1, 2, 11))] == [late.sid, early.sid]
    assert api.request("GET", "/Calls.json?StartTime%3E=yesterday").code == 20422
