"""What <Say> asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.prompts.prompt import PromptError
from mixminus.prompts.speech import MAX_CHARACTERS, Speaker, espeak_language, plain_text, speaker, speech


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Hello", "Hello"),
        ("Wait <break time='2s'/> for it", "Wait , for it"),
        ("<p>One</p><p>Two</p>", "One, , Two"),
        ('<sub alias="World Wide Web">WWW</sub> page', "World Wide Web page"),
        ('<say-as interpret-as="digits">12</say-as>', "12"),
        ("fish &amp; chips", "fish & chips"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a\0b\n\tc\ud800", "a b c"),
    ],
)
def test_ssml_is_reduced_to_what_a_plain_voice_can_say(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_becomes_one_line_without_control_characters(markup: str) -> None:
    text = plain_text(markup)
    assert "\0" not in text
    assert "\n" not in text
    text.encode()


@pytest.mark.parametrize("empty", ["", "   ", "<break/>", "...", "<p></p>"])
def test_13520_nothing_to_say(empty: str) -> None:
    with pytest.raises(PromptError) as refused:
        speech(empty, None, None)
    assert refused.value.code == 13520


def test_13521_more_than_4096_characters_and_tags_do_not_count() -> None:
    assert speech("<p>" + "a" * MAX_CHARACTERS + "</p>", None, None)
    with pytest.raises(PromptError) as refused:
        speech("a" * (MAX_CHARACTERS + 1), None, None)
    assert refused.value.code == 13521


@pytest.mark.parametrize(
    ("voice", "who"),
    [
        ("", Speaker.MAN),
        ("man", Speaker.MAN),
        ("woman", Speaker.WOMAN),
        ("alice", Speaker.WOMAN),
        ("Polly.Matthew-Neural", Speaker.MAN),
        ("Polly.Rémi", Speaker.MAN),
        ("Polly.Joanna", Speaker.WOMAN),
        ("Google.en-US-Standard-A", Speaker.WOMAN),
        ("nonsense", Speaker.WOMAN),
    ],
)
def test_twilios_voices_are_men_or_women(voice: str, who: Speaker) -> None:
    assert speaker(voice) is who


def test_the_language_is_the_one_said_or_the_voices_own_or_american_english() -> None:
    assert speech("x", "Google.de-DE-Standard-A", None).language == "de-de"
    assert speech("x", "Google.de-DE-Standard-A", "fr-FR").language == "fr-fr"
    assert speech("x", None, None).language == "en-us"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "en-us"), ("en-us", "en-us"), ("en-gb", "en"), ("en-in", "en"), ("de-at", "de"), ("es-mx", "es-419"),
        ("pt-br", "pt-br"), ("pt-pt", "pt"), ("zh-hk", "yue"), ("cmn-tw", "cmn"), ("fil-ph", None), ("", None),
    ],
)  # fmt: skip
def test_twilios_language_tags_become_espeaks_names(tag: str, name: str | None) -> None:
    assert espeak_language(tag) == name
