"""`<ConversationRelay>`: every attribute, and what is wrong with it (twiml-and-streams.md 5.1)."""

from collections.abc import Callable
from typing import Any

import pytest

from mixminus.twiml.effects import ConnectRelay, ConnectStream, GoTo, RanOut, RelayAttributes, Relayed, RelayLanguage

Run = Callable[..., Any]
DONE = Relayed("VX1", "ended")


def relay(twiml: Run, attributes: str = "", children: str = "", *, result: Relayed = DONE) -> Any:
    noun = f'<ConversationRelay url="wss://app.test/relay" {attributes}>{children}</ConversationRelay>'
    return twiml(f"<Connect>{noun}</Connect>", result)


def said(twiml: Run, attributes: str = "", children: str = "") -> RelayAttributes:
    ran = relay(twiml, attributes, children)
    assert ran.warnings == []
    effect: ConnectRelay = ran.effect
    return effect.relay


def test_what_a_document_means_that_says_nothing(twiml: Run) -> None:
    assert said(twiml) == RelayAttributes("wss://app.test/relay")


def test_every_attribute(twiml: Run) -> None:
    assert said(
        twiml,
        'welcomeGreeting=" Hello. " welcomeGreetingInterruptible="none" language="de-DE" ttsProvider="Google" '
        'voice="de-DE-Chirp3-HD-Aoede" transcriptionProvider="Google" speechModel="long" eotThreshold="0.6" '
        'speechTimeout="900" partialPrompts="true" interruptible="dtmf" interruptSensitivity="low" '
        'reportInputDuringAgentSpeech="any" ignoreBackchannel="true" preemptible="true" dtmfDetection="true" '
        'hints="Rechnung, Konto ,," profanityFilter="true" deepgramSmartFormat="false" '
        'events="speaker-events tokens-played" debug="debugging"',
        '<Parameter name="a" value="b"/><Language code="en-GB" voice="x" hints="bill" asrSmartFormat="false"/>',
    ) == RelayAttributes(
        "wss://app.test/relay",
        parameters=(("a", "b"),),
        welcome_greeting="Hello.",
        welcome_greeting_interruptible="none",
        tts_language="de-DE",
        transcription_language="de-DE",
        tts_provider="Google",
        voice="de-DE-Chirp3-HD-Aoede",
        transcription_provider="Google",
        speech_model="long",
        eot_threshold=0.6,
        speech_timeout_ms=900,
        partial_prompts=True,
        interruptible="dtmf",
        interrupt_sensitivity="low",
        report_input="any",
        ignore_backchannel=True,
        preemptible=True,
        dtmf_detection=True,
        hints=("Rechnung", "Konto"),
        profanity_filter=True,
        smart_format=False,
        told=("speaker-events", "tokens-played", "debugging"),
        languages=(RelayLanguage("en-GB", voice="x", hints=("bill",), smart_format=False),),
    )


def test_one_language_each_way_and_the_later_name_of_an_attribute_wins(twiml: Run) -> None:
    found = said(
        twiml, 'language="de-DE" ttsLanguage="en-US" transcriptionLanguage="fr-FR" asrSmartFormat="true" '
        'deepgramSmartFormat="false"',
    )  # fmt: skip
    assert (found.tts_language, found.transcription_language, found.smart_format) == ("en-US", "fr-FR", True)


def test_clients_that_spell_in_lower_case_are_understood(twiml: Run) -> None:
    assert said(twiml, 'speechtimeout="auto" ignorebackchannel="true"').ignore_backchannel


@pytest.mark.parametrize(
    "attribute",
    [
        'speechTimeout="599"',
        'speechTimeout="soon"',
        'eotThreshold="0.95"',
        'eotThreshold="nan"',
        'interruptible="sometimes"',
        'interruptSensitivity="very"',
        'partialPrompts="perhaps"',
        'events="everything"',
    ],
)
def test_a_bad_value_is_reported_and_the_usual_one_taken(twiml: Run, attribute: str) -> None:
    ran = relay(twiml, attribute)
    assert ran.warnings == [64101]
    assert ran.effect.relay == RelayAttributes("wss://app.test/relay")


@pytest.mark.parametrize(
    "attribute",
    [
        'language="English please"',
        'ttsLanguage=""',
        'ttsProvider="Acme"',
        'transcriptionProvider="acme"',
        'transcriptionLanguage="multi" ttsProvider="Google"',
    ],
)
def test_what_nobody_can_guess_around_is_a_complaint(twiml: Run, attribute: str) -> None:
    assert len(relay(twiml, attribute).effect.relay.complaints) == 1


def test_several_languages_at_once_need_who_can_do_that(twiml: Run) -> None:
    assert said(twiml, 'transcriptionLanguage="multi"').complaints == ()


def test_without_a_url_there_is_a_complaint(twiml: Run) -> None:
    ran = twiml("<Connect><ConversationRelay/></Connect>", DONE)
    assert ran.effect.relay.complaints == ("<ConversationRelay> has no url",)


def test_children_that_say_too_little_or_too_much(twiml: Run) -> None:
    long = f'<Parameter name="n" value="{"v" * 500}"/>'
    children = f'<Language voice="x"/><Parameter value="b"/>{long}<Say>Hi</Say>'
    ran = relay(twiml, "", children)
    assert sorted(ran.warnings) == [12200, 12200, 12200, 64101]
    assert ran.effect.relay.languages == ran.effect.relay.parameters == ()


def test_only_the_first_noun_of_a_connect_counts(twiml: Run) -> None:
    stream, other = '<Stream url="wss://a/s"/>', '<ConversationRelay url="wss://a/r"/>'
    ran = twiml(f"<Connect>{other}{stream}</Connect>", DONE)
    assert isinstance(ran.effect, ConnectRelay)
    assert ran.warnings == [12200]
    ran = twiml(f"<Connect>{stream}{other}</Connect>")
    assert isinstance(ran.effect, ConnectStream)
    assert ran.warnings == [12200]


def test_the_action_is_told_how_it_ended(twiml: Run) -> None:
    verbs = '<Connect action="/after" method="GET"><ConversationRelay url="wss://a/r"/></Connect>'
    ran = twiml(verbs, Relayed("VX1", "ended", 12, "{}"))
    assert ran.outcome == GoTo(
        "https://app.test/after",
        "GET",
        (("SessionId", "VX1"), ("SessionStatus", "ended"), ("SessionDuration", "12"), ("HandoffData", "{}")),
    )
    ran = twiml(verbs, Relayed("VX1", "failed", 0, None, 64102, "no"))
    assert ran.outcome.parameters[-2:] == (("ErrorCode", "64102"), ("ErrorMessage", "no"))


def test_without_an_action_the_next_verb_runs(twiml: Run) -> None:
    ran = twiml('<Connect><ConversationRelay url="wss://a/r"/></Connect><Say>Bye</Say>', DONE)
    assert len(ran.effects) == 2
    assert ran.outcome == RanOut()
