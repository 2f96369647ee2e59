"""`/IncomingPhoneNumbers` and `/Applications`: what answers a call (reference, 7.4, and the OpenAPI description)."""

import pytest
from tests.api.fake_node import FakeNode
from tests.api.oas import parameters
from tests.api.world import Api
from twilio.base.exceptions import TwilioRestException

from mixminus.api.not_yet import NOT_YET

URL = "https://app.example.com/hook"

# What is said, where it is shown, and as what: for numbers and applications alike.
INSTRUCTIONS: list[tuple[dict[str, str], str, object]] = [
    ({"FriendlyName": "Main line ☎"}, "friendly_name", "Main line ☎"),
    ({"VoiceUrl": URL}, "voice_url", URL),
    ({"VoiceUrl": ""}, "voice_url", None),
    ({"VoiceMethod": "get"}, "voice_method", "GET"),
    ({}, "voice_method", "POST"),
    ({"VoiceFallbackUrl": URL}, "voice_fallback_url", URL),
    ({"VoiceFallbackMethod": "GET"}, "voice_fallback_method", "GET"),
    ({"StatusCallback": URL}, "status_callback", URL),
    ({"StatusCallbackMethod": "GET"}, "status_callback_method", "GET"),
    ({"VoiceCallerIdLookup": "true"}, "voice_caller_id_lookup", True),
    ({"SmsUrl": URL}, "sms_url", URL),
    ({"SmsMethod": "GET"}, "sms_method", "GET"),
    ({"SmsFallbackUrl": URL}, "sms_fallback_url", URL),
    ({"SmsFallbackMethod": "GET"}, "sms_fallback_method", "GET"),
]
NUMBER_ROWS = [*INSTRUCTIONS, ({"VoiceApplicationSid": ""}, "voice_application_sid", None)]
APPLICATION_ROWS = [
    *INSTRUCTIONS,
    ({"SmsStatusCallback": URL}, "sms_status_callback", URL),
    ({"MessageStatusCallback": URL}, "message_status_callback", URL),
    ({"PublicApplicationConnectEnabled": "true"}, "public_application_connect_enabled", True),
]


@pytest.mark.parametrize(("form", "shown", "value"), NUMBER_ROWS, ids=lambda row: str(row)[:60])
def test_a_parameter_of_a_number_is_shown(api: Api, form: dict[str, str], shown: str, value: object) -> None:
    made = api.post("/IncomingPhoneNumbers.json", PhoneNumber="+15005550006", **form)
    assert (made.status, made.json[shown]) == (201, value)
    other = api.post("/IncomingPhoneNumbers.json", PhoneNumber="+15005550007").json["sid"]
    assert api.post(f"/IncomingPhoneNumbers/{other}.json", **form).json[shown] == value
    assert api.get(f"/IncomingPhoneNumbers/{other}.json").json[shown] == value


@pytest.mark.parametrize(("form", "shown", "value"), APPLICATION_ROWS, ids=lambda row: str(row)[:60])
def test_7_4_a_parameter_of_an_application_is_shown(
    api: Api, form: dict[str, str], shown: str, value: object
) -> None:
    made = api.post("/Applications.json", **form)
    assert (made.status, made.json[shown]) == (201, value)
    other = api.post("/Applications.json").json["sid"]
    assert api.post(f"/Applications/{other}.json", **form).json[shown] == value
    assert api.get(f"/Applications/{other}.json").json[shown] == value


def test_each_parameter_is_tested_or_listed_as_not_yet() -> None:
    number = {name for form, _, _ in NUMBER_ROWS for name in form} | {"PhoneNumber", "SmsApplicationSid"}
    assert parameters("/IncomingPhoneNumbers.json") - number == set(NOT_YET["POST /IncomingPhoneNumbers"])
    assert parameters("/IncomingPhoneNumbers/{Sid}.json") - number == set(NOT_YET["POST /IncomingPhoneNumbers/{Sid}"])
    application = {name for form, _, _ in APPLICATION_ROWS for name in form}
    assert parameters("/Applications.json") - application == set(NOT_YET["POST /Applications"])
    assert parameters("/Applications/{Sid}.json") - application == set(NOT_YET["POST /Applications"])


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"FriendlyName": "x" * 65}, 20002),
        ({"VoiceUrl": "x"}, 21402),
        ({"VoiceMethod": "PUT"}, 21403),
        ({"SmsFallbackUrl": "javascript:alert(1)"}, 21402),
        ({"VoiceCallerIdLookup": "x"}, 20422),
    ],
    ids=str,
)
def test_a_bad_parameter_is_refused_with_its_code(api: Api, form: dict[str, str], code: int) -> None:
    assert api.post("/Applications.json", **form).code == code
    assert api.post("/IncomingPhoneNumbers.json", PhoneNumber="+15005550006", **form).code == code
    assert api.get("/Applications.json").json["applications"] == []
    assert api.get("/IncomingPhoneNumbers.json").json["incoming_phone_numbers"] == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("+15005550006", "+15005550006"),
        ("+1 (500) 555-0006", "+15005550006"),
        (" 15005550006", "+15005550006"),
        ("1000", "1000"),
        ("support-line", "support-line"),
    ],
)
def test_a_number_is_kept_in_e164_where_it_parses_as_such_else_literally(api: Api, said: str, kept: str) -> None:
    assert api.post("/IncomingPhoneNumbers.json", PhoneNumber=said).json["phone_number"] == kept
    (listed,) = api.get("/IncomingPhoneNumbers.json", PhoneNumber=said).json["incoming_phone_numbers"]
    assert listed["phone_number"] == kept


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 21452),
        ({"AreaCode": "415"}, 21452),
        ({"PhoneNumber": "a b"}, 21421),
        ({"PhoneNumber": "x" * 65}, 21421),
        ({"PhoneNumber": "+15005550009"}, 21422),
        ({"PhoneNumber": "+1 500 555 0009"}, 21422),
        ({"PhoneNumber": "1", "VoiceApplicationSid": "AP1"}, 21218),
        ({"PhoneNumber": "1", "VoiceApplicationSid": "AP" + "0" * 32}, 21218),
    ],
    ids=str,
)
def test_a_number_that_cannot_be_had_is_refused(api: Api, form: dict[str, str], code: int) -> None:
    api.post("/IncomingPhoneNumbers.json", PhoneNumber="+15005550009")
    answer = api.post("/IncomingPhoneNumbers.json", **form)
    assert (answer.status, answer.code) == (400, code)


def test_a_number_may_be_answered_by_an_application(api: Api) -> None:
    app = api.sdk.applications.create(friendly_name="IVR", voice_url=URL)
    number = api.sdk.incoming_phone_numbers.create(phone_number="+15005550006", voice_application_sid=app.sid)
    assert number.voice_application_sid == app.sid
    cleared = api.post(f"/IncomingPhoneNumbers/{number.sid}.json", VoiceApplicationSid="").json
    assert cleared["voice_application_sid"] is None


def test_an_update_says_only_what_changes(api: Api) -> None:
    numbers = api.sdk.incoming_phone_numbers
    made = numbers.create(phone_number="+15005550006", voice_url=URL, sms_method="GET", friendly_name="Main")
    changed = numbers(made.sid).update(voice_method="GET")
    assert (changed.voice_url, changed.voice_method, changed.sms_method) == (URL, "GET", "GET")
    assert (changed.friendly_name, changed.phone_number) == ("Main", "+15005550006")
    assert changed.date_updated > changed.date_created


def test_the_sdk_manages_numbers(api: Api) -> None:
    numbers = api.sdk.incoming_phone_numbers
    one = numbers.create(phone_number="+15005550006", friendly_name="One")
    two = numbers.create(phone_number="+15005550007")
    assert two.friendly_name == "(500) 555-0007"
    assert [each.sid for each in numbers.list()] == [two.sid, one.sid]
    assert [each.sid for each in numbers.list(friendly_name="One")] == [one.sid]
    assert [each.sid for each in numbers.list(phone_number="+15005550007")] == [two.sid]
    assert numbers(one.sid).fetch().capabilities == {"voice": True, "sms": False, "mms": False, "fax": False}
    assert numbers(one.sid).delete() is True
    with pytest.raises(TwilioRestException) as raised:
        numbers(one.sid).fetch()
    assert raised.value.code == 20404


def test_every_number_is_local(api: Api) -> None:
    made = api.post("/IncomingPhoneNumbers/Local.json", PhoneNumber="+15005550006").json
    (listed,) = api.get("/IncomingPhoneNumbers/Local.json").json["incoming_phone_numbers"]
    assert listed == made


def test_7_4_the_sdk_manages_applications(api: Api, node: FakeNode) -> None:
    applications = api.sdk.applications
    one = applications.create(friendly_name="One")
    two = applications.create()
    assert two.friendly_name == two.sid
    assert [each.sid for each in applications.list()] == [two.sid, one.sid]
    assert [each.sid for each in applications.list(friendly_name="One")] == [one.sid]
    assert applications(one.sid).update(voice_url=URL).voice_url == URL
    assert applications(one.sid).delete() is True
    assert api.get(f"/Applications/{one.sid}.json").code == 20404
