"""Every verb by hand: what it asks for, and what it makes of the answer (twiml-and-streams 2.1 to 2.4)."""

from collections.abc import Callable
from typing import Any

import pytest

from mixminus.twiml.effects import (
    CollectDigits,
    Collected,
    GoTo,
    HangUp,
    Pause,
    PlayUrl,
    Prompting,
    RanOut,
    Rejected,
    SayText,
    SendDigits,
)
from mixminus.twiml.errors import TwimlError

Run = Callable[..., Any]
HERE = "https://app.test/voice/in?tenant=7"


def test_verbs_run_from_top_to_bottom_and_then_the_document_has_run_out(twiml: Run) -> None:
    ran = twiml("<Say>Hi</Say><Pause length='2'/><Play>/a.mp3</Play>")
    assert ran.effects == [
        Prompting((SayText("Hi"),)),
        Prompting((Pause(2),)),
        Prompting((PlayUrl("https://app.test/a.mp3"),)),
    ]
    assert ran.outcome == RanOut()


def test_nothing_runs_after_what_ends_the_document(twiml: Run) -> None:
    for verb, outcome in (
        ("<Hangup/>", HangUp()),
        ("<Reject/>", Rejected("rejected")),
        ("<Redirect>/x</Redirect>", GoTo("https://app.test/x")),
    ):
        ran = twiml(f"{verb}<Say>never</Say>")
        assert (ran.effects, ran.outcome) == ([], outcome)


def test_what_stands_before_an_error_runs(twiml: Run) -> None:
    with pytest.raises(TwimlError, match="stands alone"):
        twiml("<Say>Hi</Say><Dial><Conference>R</Conference><Client>a</Client></Dial>")


def test_say_carries_voice_language_and_loops(twiml: Run) -> None:
    ran = twiml("<Say voice='alice' language='de-DE' loop='3'>Hallo\n  Welt</Say>")
    assert ran.effect == Prompting((SayText("Hallo Welt", "alice", "de-DE", 3),))


def test_say_loop_0_is_a_thousand_times(twiml: Run) -> None:
    assert twiml("<Say loop='0'>Hi</Say>").effect.prompts[0].loops == 1000


@pytest.mark.parametrize(
    ("ssml", "spoken"),
    [
        ("a<break/>b", "a, b"),
        ("<p>One</p><p>Two!</p>", "One. Two!"),
        ("<say-as interpret-as='digits'>1 23</say-as>", "1 2 3"),
        ("<say-as interpret-as='date'>1 May</say-as>", "1 May"),
        ("<sub alias='World Wide Web Consortium'>W3C</sub>", "World Wide Web Consortium"),
        ("<prosody rate='slow'>a <emphasis>b</emphasis></prosody>", "a b"),
    ],
)
def test_ssml_is_reduced_to_words(ssml: str, spoken: str, twiml: Run) -> None:
    assert twiml(f"<Say>{ssml}</Say>").effect.prompts[0].text == spoken


def test_say_nothing_is_silent(twiml: Run) -> None:
    assert twiml("<Say/>").effects == []


def test_play_media_is_a_file_of_the_node(twiml: Run) -> None:
    assert twiml("<Play>media:waltz</Play>", url=None).effect == Prompting((PlayUrl("media:waltz"),))


def test_play_digits_are_sent_instead_of_audio(twiml: Run) -> None:
    assert twiml("<Play digits='wW12#'>/a.mp3</Play>").effects == [SendDigits("wW12#")]


def test_a_bad_value_is_reported_and_the_default_taken(twiml: Run) -> None:
    ran = twiml("<Pause length='long'/>")
    assert (ran.warnings, ran.effect) == ([13910], Prompting((Pause(1),)))


# --- Gather ----------------------------------------------------------------------------------------------------


def test_gather_asks_with_its_defaults(twiml: Run) -> None:
    assert twiml("<Gather/>").effect == CollectDigits((), 5.0, "#", None)


def test_gather_asks_with_what_was_said(twiml: Run) -> None:
    ran = twiml(
        "<Gather timeout='9' finishOnKey='' numDigits='4'><Say>Code</Say><Pause/><Play loop='0'>x.wav</Play></Gather>"
    )
    prompts = (SayText("Code"), Pause(1), PlayUrl("https://app.test/voice/x.wav", 1000))
    assert ran.effect == CollectDigits(prompts, 9.0, "", 4)


def test_empty_finish_on_key_is_not_the_absent_one(twiml: Run) -> None:
    assert twiml("<Gather finishOnKey=''/>").effect.finish_on_key == ""
    assert twiml("<Gather/>").effect.finish_on_key == "#"


def test_gathered_digits_go_to_the_action(twiml: Run) -> None:
    ran = twiml("<Gather action='../menu?x=1' method='get'/><Say>never</Say>", Collected("42"))
    assert ran.outcome == GoTo("https://app.test/menu?x=1", "GET", (("Digits", "42"),))


def test_without_an_action_the_document_itself_is_asked(twiml: Run) -> None:
    assert twiml("<Gather/>", Collected("1")).outcome == GoTo(HERE, "POST", (("Digits", "1"),))


def test_without_digits_the_next_verb_runs(twiml: Run) -> None:
    ran = twiml("<Gather action='/a'/><Say>Sorry</Say>", Collected(""))
    assert ran.effects[1:] == [Prompting((SayText("Sorry"),))]
    assert ran.outcome == RanOut()


def test_without_digits_the_action_is_asked_if_it_wants_empty_results(twiml: Run) -> None:
    ran = twiml("<Gather action='/a' actionOnEmptyResult='true'/>", Collected(""))
    assert ran.outcome == GoTo("https://app.test/a", "POST", (("Digits", ""),))


def test_gather_falls_back_from_speech_to_digits(twiml: Run) -> None:
    ran = twiml("<Gather input='speech'/>", Collected("1"))
    assert ran.warnings == [12200]
    assert ran.outcome == GoTo(HERE, "POST", (("Digits", "1"),))


@pytest.mark.parametrize("spelling", ["speechTimeout", "speechtimeout"])
def test_speech_attributes_are_known_in_both_spellings(spelling: str, twiml: Run) -> None:
    """twilio-node writes some in lower case (twiml-and-streams 1.1, casing trap)."""
    from mixminus.twiml.document import read_document

    (warning,) = read_document(f"<Response><Gather {spelling}='auto'/></Response>".encode()).warnings
    assert "not offered yet" in warning.message


# --- URLs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", HERE),
        ("next", "https://app.test/voice/next"),
        ("?a=1", "https://app.test/voice/in?a=1"),
        ("//other.test/x", "https://other.test/x"),
        ("http://other.test:8080/x#rc=2", "http://other.test:8080/x#rc=2"),
        ("\n  /x  \n", "https://app.test/x"),
    ],
)
def test_redirects_are_resolved_against_the_document(written: str, meant: str, twiml: Run) -> None:
    assert twiml(f"<Redirect>{written}</Redirect>").outcome == GoTo(meant)


@pytest.mark.parametrize(
    "verbs", ["<Redirect/>", "<Redirect>/x</Redirect>", "<Play>/x</Play>", "<Gather action='/x'/>", "<Gather/>"]
)
def test_11100_twiml_without_a_url_needs_absolute_ones(verbs: str, twiml: Run) -> None:
    results = [Collected("1")] if "Gather" in verbs else []
    with pytest.raises(TwimlError, match="must be absolute") as caught:
        twiml(verbs, *results, url=None)
    assert caught.value.code == 11100


def test_absolute_urls_work_without_a_document_url(twiml: Run) -> None:
    assert twiml("<Redirect>http://a.test/</Redirect>", url=None).outcome == GoTo("http://a.test/")
