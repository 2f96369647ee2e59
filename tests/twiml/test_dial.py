"""`<Dial>` and its nouns (twiml-and-streams 2.6 to 2.8, twilio-conference-api 3)."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from mixminus.twiml.context import Context
from mixminus.twiml.document import read_document
from mixminus.twiml.effects import (
    CallbackTo,
    ConferenceAttributes,
    ConferenceLeft,
    Dialled,
    DialRecording,
    DialTargets,
    GoTo,
    JoinConference,
    Prompting,
    RanOut,
    Referral,
    SayText,
    Target,
    TargetKind,
    Warn,
)
from mixminus.twiml.interpreter import run

Run = Callable[..., Any]
COACHEE = "CA" + "0" * 31 + "1"
OTHER = "CA" + "0" * 31 + "2"


def conference(attributes: str, twiml: Run) -> ConferenceAttributes:
    """What the leg asks for when it enters the room R."""
    effect = twiml(f"<Dial><Conference {attributes}>R</Conference></Dial>").effect
    assert isinstance(effect, JoinConference)
    return effect.conference


def target(noun: str, twiml: Run) -> Target:
    effect = twiml(f"<Dial>{noun}</Dial>").effect
    assert isinstance(effect, DialTargets)
    (only,) = effect.targets
    return only


# --- Conference ------------------------------------------------------------------------------------------------


def test_a_conference_is_joined_with_twilios_defaults(twiml: Run) -> None:
    ran = twiml("<Dial><Conference>\n Support 42 </Conference></Dial>")
    assert ran.effect == JoinConference(ConferenceAttributes("Support 42"))


def test_what_was_said_about_a_conference_arrives(twiml: Run) -> None:
    wanted = conference(
        "muted='true' beep='onExit' startConferenceOnEnter='false' endConferenceOnExit='true'"
        " participantLabel='agent' jitterBufferSize='off' waitUrl='hold.xml' waitMethod='GET'"
        " maxParticipants='900' record='record-from-start'"
        " trim='do-not-trim' region='ie1' statusCallback='/ev' statusCallbackEvent='join leave'"
        " statusCallbackMethod='GET'"
        " recordingStatusCallback='/rec' recordingStatusCallbackEvent='completed' eventCallbackUrl='/old'",
        twiml,
    )
    assert wanted == ConferenceAttributes(
        name="R",
        muted=True,
        beep="onExit",
        start_conference_on_enter=False,
        end_conference_on_exit=True,
        participant_label="agent",
        jitter_buffer_size="off",
        wait_url="https://app.test/voice/hold.xml",
        wait_method="GET",
        max_participants=900,
        record=True,
        trim_silence=False,
        recording_callback=CallbackTo("https://app.test/rec", "POST", ("completed",)),
        region="ie1",
        callback=CallbackTo("https://app.test/ev", "GET", ("join", "leave")),
        event_callback_url="https://app.test/old",
    )


def test_an_empty_wait_url_is_silence_and_an_absent_one_is_not(twiml: Run) -> None:
    assert conference("waitUrl=''", twiml).wait_url == ""
    assert conference("", twiml).wait_url is None


def test_a_wait_url_may_be_a_file_of_the_node(twiml: Run) -> None:
    assert conference("waitUrl='media:waltz'", twiml).wait_url == "media:waltz"


@pytest.mark.parametrize("separator", [" ", ",", ", "])
def test_a_coach_may_name_several(separator: str, twiml: Run) -> None:
    assert conference(f"coach='{COACHEE}{separator}{OTHER}'", twiml).coach == (COACHEE, OTHER)


def test_more_than_250_participants_are_allowed(twiml: Run) -> None:
    assert conference("maxParticipants='5000'", twiml).max_participants == 5000


def test_a_python_list_of_events_is_understood_and_frowned_at(twiml: Run) -> None:
    ran = twiml(
        """<Dial><Conference statusCallback="/e" statusCallbackEvent="['start', 'end']">R</Conference></Dial>"""
    )
    assert ran.warnings == [16002]
    assert ran.effect.conference.callback.events == ("start", "end")


def test_a_bad_callback_url_does_not_keep_anybody_out(twiml: Run) -> None:
    ran = twiml(
        "<Dial><Conference statusCallback='mailto:a' recordingStatusCallback='mailto:b'>R</Conference></Dial>"
    )
    assert ran.warnings == [13256, 11100]
    assert (ran.effect.conference.callback, ran.effect.conference.recording_callback) == (None, None)


def test_after_a_conference_the_action_hears_neither_sid_nor_duration(twiml: Run) -> None:
    ran = twiml("<Dial action='/left'><Conference>R</Conference></Dial><Say>never</Say>", ConferenceLeft())
    assert ran.outcome == GoTo(
        "https://app.test/left", "POST", (("DialCallStatus", "answered"), ("DialBridged", "true"))
    )


def test_after_a_recorded_conference_the_action_hears_where_the_recording_is(twiml: Run) -> None:
    left = ConferenceLeft(recording_url="https://node.test/RE1")
    ran = twiml("<Dial action='/left' record='true'><Conference>R</Conference></Dial>", left)
    assert ran.outcome.parameters[-1] == ("RecordingUrl", "https://node.test/RE1")


def test_without_an_action_the_next_verb_runs_after_a_conference(twiml: Run) -> None:
    ran = twiml("<Dial><Conference>R</Conference></Dial><Say>Bye</Say>", ConferenceLeft())
    assert ran.effects[-1] == Prompting((SayText("Bye"),))
    assert ran.outcome == RanOut()


@pytest.mark.parametrize(
    ("attribute", "code"),
    [("coach='bob'", 13240), ("participantLabel='a/b'", 16023), (f"participantLabel='{COACHEE}'", 16023)],
)
def test_who_cannot_enter_goes_on_at_the_action(attribute: str, code: int, twiml: Run) -> None:
    ran = twiml(f"<Dial action='/left'><Conference {attribute}>R</Conference></Dial>")
    assert (ran.effects, ran.warnings) == ([], [code])
    assert ran.outcome.parameters == (("DialCallStatus", "failed"), ("DialBridged", "false"))


def test_who_was_not_admitted_goes_on_at_the_action(twiml: Run) -> None:
    ran = twiml("<Dial action='/left'><Conference>R</Conference></Dial>", ConferenceLeft(joined=False))
    assert ran.outcome.parameters == (("DialCallStatus", "failed"), ("DialBridged", "false"))


@pytest.mark.parametrize("name", ["", "x" * 129, "x" * 10_000])
def test_13237_a_name_of_the_wrong_length_is_no_conference(name: str, twiml: Run) -> None:
    ran = twiml(f"<Dial><Conference>{name}</Conference></Dial>")
    assert (ran.effects, ran.warnings) == ([], [13237])


@pytest.mark.parametrize("name", ["a/b", "📞", "x" * 128, "Ünïcode & more"])
def test_names_are_free_text(name: str, twiml: Run) -> None:
    escaped = name.replace("&", "&amp;")
    assert twiml(f"<Dial><Conference>{escaped}</Conference></Dial>").effect.conference.name == name


# --- people ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noun", ["+1 (415) 555-1212", "<Number>+1-415-555-1212</Number>"])
def test_a_number_may_stand_alone_or_in_its_noun(noun: str, twiml: Run) -> None:
    assert target(noun, twiml) == Target(TargetKind.NUMBER, "+14155551212")


def test_a_number_with_everything(twiml: Run) -> None:
    noun = (
        "<Number sendDigits='w1' url='/w' method='GET' statusCallback='/c' statusCallbackEvent='ringing'>100</Number>"
    )
    assert target(noun, twiml) == Target(
        TargetKind.NUMBER,
        "100",
        send_digits="w1",
        whisper_url="https://app.test/w",
        whisper_method="GET",
        callback=CallbackTo("https://app.test/c", "POST", ("ringing",)),
    )


def test_a_sip_address_keeps_its_parameters_and_gives_up_its_headers(twiml: Run) -> None:
    noun = "<Sip username='u' password='p'>sip:bob@pbx.test:5070;transport=tcp?X-A=1&amp;User-to-User=ab%20c</Sip>"
    assert target(noun, twiml) == Target(
        TargetKind.SIP,
        "sip:bob@pbx.test:5070;transport=tcp",
        username="u",
        password="p",
        parameters=(("X-A", "1"), ("User-to-User", "ab c")),
    )


@pytest.mark.parametrize(
    "address", ["sip:127.0.0.1", "sips:a@[::1]:5061", "sip:+1555@h.test;user=phone;lr", "SIP:a@b"]
)
def test_sip_addresses(address: str, twiml: Run) -> None:
    assert target(f"<Sip>{address}</Sip>", twiml).address == address


@pytest.mark.parametrize(
    "address", ["", "bob", "http://a", "sip:", "sip:a b@c", "sip:a@b\nc", "sip:a@b@c", "sip:a@b:x"]
)
def test_13243_what_is_no_sip_address_is_skipped(address: str, twiml: Run) -> None:
    ran = twiml(f"<Dial><Sip>{address}</Sip></Dial>")
    assert (ran.effects, ran.warnings) == ([], [13243])


def test_headers_may_stand_in_elements(twiml: Run) -> None:
    noun = "<Sip><Uri priority='2'>sip:b@b</Uri><Uri priority='1' username='u'>sip:a@a</Uri>"
    noun += "<Headers><Header name='X-A' value='1'/></Headers></Sip>"
    assert target(noun, twiml) == Target(TargetKind.SIP, "sip:a@a", username="u", parameters=(("X-A", "1"),))


@pytest.mark.parametrize("header", ["X-A=a%0d%0aVia: x", "X%0d%0aVia=a", "From=x", "=x"])
def test_13252_headers_cannot_be_smuggled(header: str, twiml: Run) -> None:
    ran = twiml(f"<Dial><Sip>sip:a@b?{header}</Sip></Dial>")
    assert (ran.effect.targets[0].parameters, ran.warnings) == ((), [13252])


@pytest.mark.parametrize("noun", ["<Client>alice</Client>", "<Client><Identity>alice</Identity></Client>"])
def test_a_client_by_identity(noun: str, twiml: Run) -> None:
    assert target(noun, twiml) == Target(TargetKind.CLIENT, "alice")


def test_parameters_reach_a_client_as_they_are(twiml: Run) -> None:
    noun = "<Client>alice<Parameter name='team' value='7'/><Parameter name='x'/></Client>"
    assert target(noun, twiml).parameters == (("team", "7"), ("x", ""))


@pytest.mark.parametrize("prefix", ["AP", "TW"])
def test_parameters_reach_an_application_with_a_prefix(prefix: str, twiml: Run) -> None:
    digits = "0" * 31 + "1"
    noun = f"<Application>{prefix}{digits}<Parameter name='a' value='b'/></Application>"
    assert target(noun, twiml) == Target(TargetKind.APPLICATION, f"AP{digits}", parameters=(("Param_a", "b"),))


def test_everybody_is_rung_with_twilios_defaults(twiml: Run) -> None:
    effect = twiml("<Dial><Number>100</Number><Client>bob</Client></Dial>").effect
    people = (Target(TargetKind.NUMBER, "100"), Target(TargetKind.CLIENT, "bob"))
    assert effect == DialTargets(people, None, 30, 14_400, False, False, False, None)


def test_what_was_said_about_the_dialling_arrives(twiml: Run) -> None:
    effect = twiml(
        "<Dial callerId='(415) 555-1212' timeout='20' timeLimit='60' hangupOnStar='true' answerOnBridge='true'"
        " sequential='true' record='record-from-ringing-dual' recordingTrack='inbound' trim='trim-silence'"
        " recordingStatusCallback='/r'>100</Dial>"
    ).effect
    callback = CallbackTo("https://app.test/r")
    recording = DialRecording("record-from-ringing", True, True, "inbound", callback)
    people = (Target(TargetKind.NUMBER, "100"),)
    assert effect == DialTargets(people, "4155551212", 20, 60, True, True, True, recording)


def test_a_ringing_tone_of_a_country(twiml: Run) -> None:
    assert twiml("<Dial ringTone='us-old'>100</Dial>").effect.ring_tone == "us-old"


def test_13220_a_country_without_a_ringing_tone(twiml: Run) -> None:
    ran = twiml("<Dial ringTone='xx'>100</Dial>")
    assert (ran.effect.ring_tone, ran.warnings) == (None, [13220])


@pytest.mark.parametrize(("word", "recorded"), [("true", True), ("false", False), ("do-not-record", False)])
def test_record_has_aliases(word: str, recorded: bool, twiml: Run) -> None:
    assert (twiml(f"<Dial record='{word}'>100</Dial>").effect.recording is not None) is recorded


def test_the_action_hears_how_the_dialling_went(twiml: Run) -> None:
    dialled = Dialled("completed", "CA9", 61, True, "https://node.test/RE1", 200)
    ran = twiml("<Dial action='/done' method='GET'>100</Dial>", dialled)
    assert ran.outcome == GoTo(
        "https://app.test/done",
        "GET",
        (
            ("DialCallSid", "CA9"),
            ("DialCallStatus", "completed"),
            ("DialCallDuration", "61"),
            ("DialBridged", "true"),
            ("DialSipResponseCode", "200"),
            ("RecordingUrl", "https://node.test/RE1"),
        ),
    )


def test_the_action_of_an_unanswered_call_hears_what_is_known(twiml: Run) -> None:
    ran = twiml("<Dial action='/done'>100</Dial>", Dialled("busy", sip_response_code=486))
    assert ran.outcome.parameters == (
        ("DialCallStatus", "busy"),
        ("DialBridged", "false"),
        ("DialSipResponseCode", "486"),
    )


def test_nobody_to_dial_is_a_failed_dial(twiml: Run) -> None:
    ran = twiml("<Dial action='/done'><Number>who?</Number></Dial>")
    assert ran.effects == []
    assert ran.outcome.parameters == (("DialCallStatus", "failed"), ("DialBridged", "false"))


def test_the_eleventh_noun_is_left_out(twiml: Run) -> None:
    ran = twiml("<Dial>" + "<Number>100</Number>" * 11 + "</Dial>")
    assert (len(ran.effect.targets), ran.warnings) == (10, [13215])


@pytest.mark.parametrize(
    "verb",
    [
        "<Dial>call 4155551212 now</Dial>",
        "<Dial callerId='4155551212 x'>100</Dial>",
        "<Dial><Sip username='u' password='4155551212 x'>sip:a@b</Sip></Dial>",
        "<Dial><Sip>sip 4155551212</Sip></Dial>",
        "<Dial><Client>4155551212 x</Client></Dial>",
        "<Dial><Number sendDigits='4155551212x'>100</Number></Dial>",
        "<Play digits='4155551212x'/>",
        "<Dial><Conference statusCallback='ftp://u:4155551212@h/?n=4155551212'>R</Conference></Dial>",
    ],
)
def test_no_number_password_or_key_is_repeated_in_a_warning(verb: str) -> None:
    """H17: warnings reach logs."""
    steps = run(read_document(f"<Response>{verb}</Response>".encode()), Context("https://a.test/"))
    warnings = list(itertools.takewhile(lambda effect: isinstance(effect, Warn), steps))
    assert warnings
    assert "4155551212" not in repr(warnings)


# --- referUrl ------------------------------------------------------------------------------------------------------


def test_a_refer_of_the_dialled_party_goes_to_the_refer_url(twiml: Callable[..., Any]) -> None:
    referral = Referral("sip:expert@example.com", (("X-Why", "billing"),))
    dialled = Dialled("completed", "CA1", 7, True, referral=referral)
    ran = twiml('<Dial referUrl="/refer" referMethod="GET" action="/after"><Client>a</Client></Dial>', dialled)
    assert ran.effect.takes_refer
    assert (ran.outcome.url, ran.outcome.method) == ("https://app.test/refer", "GET")
    told = dict(ran.outcome.parameters)
    assert (told["ReferTransferTarget"], told["SipHeader_X-Why"]) == ("sip:expert@example.com", "billing")
    assert told["DialCallSid"] == "CA1"


def test_without_a_refer_url_transfers_are_not_the_document_s_business(twiml: Callable[..., Any]) -> None:
    assert not twiml("<Dial><Client>a</Client></Dial>").effect.takes_refer
