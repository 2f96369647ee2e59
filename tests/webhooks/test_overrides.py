"""Connection overrides in the fragment (twilio-conference-api 10.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.webhooks.contract import Limits
from mixminus.webhooks.overrides import split_overrides


def test_without_a_fragment_nothing_changes() -> None:
    overridden = split_overrides("https://a.test/?x=1")
    assert (overridden.url, overridden.limits, overridden.warnings) == ("https://a.test/?x=1", Limits(), ())


def test_every_key() -> None:
    overridden = split_overrides("https://a.test/cb?x=1#ct=2000&rt=3000&tt=4000&rc=5&rp=ct,rt,4xx")
    assert overridden.url == "https://a.test/cb?x=1"
    assert overridden.limits == Limits(2000, 3000, 4000, 5, frozenset({"ct", "rt", "4xx"}))
    assert overridden.warnings == ()


def test_all_is_every_policy() -> None:
    assert split_overrides("https://a.test/#rp=all").limits.retry_on == {"ct", "rt", "4xx", "5xx"}


@pytest.mark.parametrize(
    ("fragment", "code"),
    [
        ("ct=99", 11243),
        ("ct=10001", 11243),
        ("rt=99", 11243),
        ("tt=15001", 11243),
        ("rc=6", 11243),
        ("rc=-1", 11243),
        ("rc=", 11243),
        ("rp=sometimes", 11243),
        ("e=atlantis", 11240),
        ("e=dublin", 11241),
    ],
)
def test_what_cannot_be_done_is_reported_and_has_no_effect(fragment: str, code: int) -> None:
    overridden = split_overrides(f"https://a.test/#{fragment}")
    assert [warning.code for warning in overridden.warnings] == [code]
    assert overridden.limits == Limits()


def test_a_plain_fragment_is_taken_off_in_silence() -> None:
    overridden = split_overrides("https://a.test/#top")
    assert (overridden.url, overridden.warnings) == ("https://a.test/", ())


@given(st.text())
def test_any_text_is_split_at_its_first_hash(url: str) -> None:
    assert split_overrides(url).url == url.partition("#")[0]
