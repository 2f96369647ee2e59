import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents.start import Api, BadStart, Start, api_of, read_start

START = Start("MZ1", "CA1", "AC1")
OURS = {"MIXMINUS_API_URL": "http://ours", "MIXMINUS_ACCOUNT_SID": "AC1", "MIXMINUS_AUTH_TOKEN": "secret"}


def message(**parameters: str) -> str:
    start = {"streamSid": "MZ1", "callSid": "CA1", "accountSid": "AC1", "customParameters": parameters}
    return json.dumps({"event": "start", "start": start})


def test_a_start_tells_the_session_and_the_conference() -> None:
    assert read_start(message()) == START
    assert START.session == "CA1"
    found = read_start(message(session="s1", conference="af-CA1"))
    assert (found.session, found.conference) == ("s1", "af-CA1")


@given(
    st.one_of(
        st.text(),
        st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(json.dumps),
    )
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadStart):
        read_start(text)


def test_our_key_goes_to_our_address() -> None:
    assert api_of(START, OURS) == Api("http://ours", "AC1", "AC1", "secret")


@pytest.mark.parametrize("brought", [{}, {"apiKey": "SK1"}, {"apiSecret": "x"}])
def test_our_key_never_goes_to_an_address_that_a_stream_brings(brought: dict[str, str]) -> None:
    assert api_of(Start("MZ1", "CA1", "AC1", {"apiUrl": "http://theirs", **brought}), OURS) is None


def test_a_stream_may_bring_a_key_of_its_own() -> None:
    brought = {"apiUrl": "http://theirs", "apiKey": "SK1", "apiSecret": "x"}
    found: Any = api_of(Start("MZ1", "CA1", "AC1", brought), OURS)
    assert found == Api("http://theirs", "AC1", "SK1", "x")
    assert "x" not in repr(found).partition("SK1")[2]


def test_without_any_key_there_is_no_address() -> None:
    assert api_of(START, {}) is None
