"""Users who prove with a token who they are (RFC 8898)."""

import pytest
from tests.sip.strangers import Stranger

from mixminus.sip.contract import Invited
from mixminus.sip.settings import SipSettings

USERS = SipSettings(users={"alice": "secret", "bob": "another"})
TOKENS = {"bobs": "bob", "mallorys": "mallory"}


def stranger() -> Stranger:
    found = Stranger(USERS)
    found.agent.accept_tokens(lambda token, method: TOKENS.get(token) if method == "INVITE" else None)
    return found


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_call_with_a_token_is_taken(scheme: str) -> None:
    caller = stranger()
    caller.says("INVITE", f"Authorization: {scheme} bobs")
    [invited] = [event for event in caller.events if isinstance(event, Invited)]
    assert invited.user == "bob"


@pytest.mark.parametrize("header", ["Bearer nobodys", "Bearer mallorys", "Bearer bobs x"])
def test_a_token_that_proves_nothing_is_forbidden(header: str) -> None:
    caller = stranger()
    assert [answer.status for answer in caller.says("INVITE", f"Authorization: {header}")][-1] == 403
    assert caller.events == []


def test_a_token_is_for_what_it_allows() -> None:
    caller = stranger()
    assert caller.says("REGISTER", "Authorization: Bearer bobs", uri="sip:node")[-1].status == 403


def test_who_guesses_tokens_is_not_listened_to_for_long() -> None:
    caller = stranger()
    for _ in range(20):
        answers = caller.says("INVITE", "Authorization: Bearer guess")
    assert answers == []


def test_without_tokens_a_bearer_is_nobody() -> None:
    caller = Stranger(USERS)
    assert caller.says("INVITE", "Authorization: Bearer bobs")[-1].status == 403
