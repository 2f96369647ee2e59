"""Access Tokens (twiml-and-streams.md 9.3), as the official SDK makes them."""

import base64
import json
from typing import Any

import jwt
import pytest
from tests.api.fake_node import START, FakeNode
from tests.api.world import Answer, Api
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from mixminus.app.access_tokens import AccessTokens, BadToken
from mixminus.app.api_keys import drawn, hashed
from mixminus.base.sids import API_KEY
from mixminus.calls.records import KeyRecord

APPLICATION = "AP" + "1" * 32
NOW = int(START.timestamp())
"""The clock of the fake node goes on by seconds."""


@pytest.fixture
def key(api: Api) -> Any:
    return api.post("/Keys.json").json


def token(node: FakeNode, key: Any, **changes: Any) -> str:
    said: dict[str, Any] = {"identity": "ann", "nbf": NOW, "valid_until": NOW + 3_600} | changes
    secret = said.pop("secret", key["secret"])
    grants = said.pop("grants", [VoiceGrant(incoming_allow=True, outgoing_application_sid=APPLICATION)])
    account = said.pop("account", str(node.account_sid))
    return str(AccessToken(account, key["sid"], secret, grants=grants, **said).to_jwt())


def shown(api: Api, held: str) -> Answer:
    return api.with_headers(Authorization=f"Bearer {held}").get("/mixminus/v1/AccessToken")


def test_what_the_sdk_made_is_understood(node: FakeNode, api: Api, key: Any) -> None:
    assert shown(api, token(node, key)).json == {
        "api_key_sid": key["sid"],
        "identity": "ann",
        "expires_at": "2026-01-02T13:00:00Z",
        "may_register": True,
        "may_call": True,
        "application_sid": APPLICATION,
    }


def test_without_grants_it_allows_nothing(node: FakeNode, api: Api, key: Any) -> None:
    said = shown(api, token(node, key, grants=[])).json
    assert (said["may_register"], said["may_call"], said["application_sid"]) == (False, False, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"valid_until": NOW - 1}, "expired"),
        ({"valid_until": NOW + 2 * 86_400}, "24 hours"),
        ({"nbf": NOW + 600}, "not valid yet"),
        ({"secret": "x" * 43}, "signature"),
        ({"account": "AC" + "b" * 32}, "account"),
        ({"identity": None}, "identity"),
    ],
)
def test_20101_what_is_wrong_is_said(node: FakeNode, api: Api, key: Any, changes: dict[str, Any], why: str) -> None:
    answer = shown(api, token(node, key, **changes))
    assert (answer.status, answer.code) == (401, 20101)
    assert why in answer.json["message"]


def test_20101_the_key_was_deleted(node: FakeNode, api: Api, key: Any) -> None:
    held = token(node, key)
    assert shown(api, held).status == 200
    api.delete(f"/Keys/{key['sid']}.json")
    assert shown(api, held).code == 20101


async def test_keys_are_known_after_a_restart(node: FakeNode, api: Api) -> None:
    salt, sid = b"0123456789abcdef", node.sids.new(API_KEY)
    secret = drawn(api.accounts.account.auth_token, salt)
    held = token(node, {"sid": sid, "secret": secret})
    await node.store.save(KeyRecord(sid, node.account_sid, "", hashed(secret, salt), START, START))
    again = AccessTokens(node.account_sid, api.accounts.account.auth_token, node.clock)
    with pytest.raises(BadToken):
        again.read(held)
    await again.load(node.store)
    assert again.read(held).identity == "ann"


def forged(header: dict[str, Any], claims: Any) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, ""))


def test_20101_a_signature_is_not_a_matter_of_taste(node: FakeNode, api: Api, key: Any) -> None:
    """RFC 8725 3.1: the algorithm is ours to say."""
    claims = jwt.decode(token(node, key), options={"verify_signature": False})
    unsigned = forged({"typ": "JWT", "alg": "none", "cty": "twilio-fpa;v=1"}, claims)
    stronger = jwt.encode(claims, key["secret"] * 2, "HS512", headers={"cty": "twilio-fpa;v=1"})
    other = jwt.encode(claims, key["secret"], "HS256", headers={"cty": "something else"})
    for held in (unsigned, stronger, other):
        assert shown(api, held).code == 20101


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**30},
        {"exp": None},
        {"nbf": "x"},
        {"grants": []},
        {"grants": {"identity": ["ann"]}},
        {"grants": {"identity": ""}},
        {"iss": ["SK"]},
        {"sub": 7},
    ],
)
def test_20101_claims_of_any_shape(node: FakeNode, api: Api, key: Any, claims: dict[str, Any]) -> None:
    said = jwt.decode(token(node, key), options={"verify_signature": False}) | claims
    if "iss" in claims:
        held = forged({"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}, said)
    else:
        held = jwt.api_jws.encode(json.dumps(said).encode(), key["secret"], "HS256", {"cty": "twilio-fpa;v=1"})
    assert shown(api, held).code == 20101


@pytest.mark.parametrize("held", ["", "x", "a.b.c", "." * 5, "[" * 8_000, "x" * 100_000, "\xff"])
def test_20101_what_is_no_token(api: Api, held: str) -> None:
    assert shown(api, held).code == 20101


@pytest.mark.parametrize("voice", [7, [], {"incoming": 7, "outgoing": "x"}, {"incoming": {"allow": "true"}}])
def test_grants_of_any_shape_allow_nothing_by_mistake(node: FakeNode, api: Api, key: Any, voice: Any) -> None:
    said = jwt.decode(token(node, key), options={"verify_signature": False})
    said["grants"]["voice"] = voice
    held = jwt.encode(said, key["secret"], "HS256", headers={"cty": "twilio-fpa;v=1"})
    answer = shown(api, held).json
    assert (answer["may_register"], answer["may_call"], answer["application_sid"]) == (False, False, None)


def test_a_token_opens_nothing_else(node: FakeNode, api: Api, key: Any) -> None:
    held = token(node, key)
    assert api.with_headers(Authorization=f"Bearer {held}").get("/Calls.json").code == 20003
    assert api.get("/mixminus/v1/AccessToken").code == 20101, "and credentials are no token"
