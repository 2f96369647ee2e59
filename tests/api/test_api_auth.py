"""Who may ask: section 7.1 of the reference."""

import asyncio
import base64

import pytest
from tests.api.fake_node import TOKEN, FakeNode
from tests.api.world import Answer, Api
from twilio.base.exceptions import TwilioRestException

from mixminus.app.api_keys import drawn, hashed, is_secret, secret_of
from mixminus.base.types import Sid
from mixminus.calls.records import KeyRecord


def test_the_account_and_its_token_are_let_in(api: Api) -> None:
    assert api.get("/Calls.json").status == 200


def assert_refused(answer: Answer) -> None:
    assert (answer.status, answer.code, answer.json["message"]) == (401, 20003, "Authenticate")
    assert answer.headers["www-authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Bearer " + TOKEN,
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode("AC\u00fc:p\u00e4ss".encode()).decode(),
    ],
)
def test_a_header_that_proves_nothing_is_refused_and_asked_for_again(api: Api, header: str) -> None:
    assert_refused(api.with_headers(Authorization=header).get("/Calls.json"))


def test_6_2_wrong_credentials_are_20003(api: Api, node: FakeNode) -> None:
    other = "AC" + "b" * 32
    for user, password in (
        (node.account_sid, "wrong"),
        (other, TOKEN),
        (node.account_sid, ""),
        ("SK" + "0" * 32, "x"),
    ):
        assert_refused(api.as_user(user, password).get("/Calls.json"))
    with pytest.raises(TwilioRestException) as raised:
        api.sdk_as(node.account_sid, "wrong").calls("CA" + "0" * 32).fetch()
    assert raised.value.code == 20003


def test_an_unauthenticated_request_changes_nothing(api: Api, node: FakeNode) -> None:
    api.as_user("x", "y").post("/Calls.json", To="client:a", From="client:b", Url="http://x.example/")
    assert node.asked == []


def test_the_account_in_the_path_must_be_ours(api: Api) -> None:
    answer = api.get("/2010-04-01/Accounts/AC" + "b" * 32 + "/Calls.json")
    assert (answer.status, answer.code) == (404, 20404)


def test_the_account_may_be_written_in_upper_case(api: Api, node: FakeNode) -> None:
    assert api.get(f"/2010-04-01/Accounts/AC{node.account_sid[2:].upper()}/Calls.json").status == 200


def new_key(api: Api) -> tuple[str, str]:
    made = api.post("/Keys.json", FriendlyName="ci").json
    return made["sid"], made["secret"]


def test_7_1_a_key_and_its_secret_are_let_in(api: Api) -> None:
    sid, secret = new_key(api)
    assert api.sdk_as(sid, secret).calls.list() == []
    assert_refused(api.as_user(sid, secret + "x").get("/Calls.json"))
    assert_refused(api.as_user(sid, TOKEN).get("/Calls.json"))


def test_7_1_a_standard_key_may_not_manage_accounts_and_keys(api: Api, node: FakeNode) -> None:
    as_key = api.as_user(*new_key(api))
    for answer in (
        as_key.get("/Keys.json"),
        as_key.post("/Keys.json"),
        as_key.request("GET", f"{api.account}.json"),
        as_key.request("GET", "/2010-04-01/Accounts.json"),
    ):
        assert_refused(answer)


def test_7_1_a_secret_is_shown_once_and_not_kept(api: Api, node: FakeNode) -> None:
    sid, secret = new_key(api)
    assert len(secret) == 43
    shown = api.get(f"/Keys/{sid}.json").json
    assert set(shown) == {"sid", "friendly_name", "date_created", "date_updated"}


def test_a_hash_is_of_one_secret_and_one_salt() -> None:
    assert is_secret("secret", hashed("secret", b"salt"))
    assert not is_secret("Secret", hashed("secret", b"salt"))
    assert hashed("secret", b"salt") != hashed("secret", b"pepper")


def test_a_secret_is_found_again_with_the_auth_token_alone(node: FakeNode) -> None:
    salt, now = b"0123456789abcdef", node.clock.utc()
    secret = drawn(TOKEN, salt)
    key = KeyRecord(Sid("SK" + "0" * 32), node.account_sid, "", hashed(secret, salt), now, now)
    assert secret_of(key, TOKEN) == secret
    assert secret_of(key, "another token") is None
    assert drawn(TOKEN, b"another salt") != secret


def test_keys_are_managed_through_the_sdk(api: Api, node: FakeNode) -> None:
    made = api.sdk.new_keys.create(friendly_name="desk")
    assert made.secret
    assert [each.friendly_name for each in api.sdk.keys.list()] == ["desk"]
    assert api.sdk.keys(made.sid).update(friendly_name="front desk").friendly_name == "front desk"
    assert api.sdk.keys(made.sid).fetch().friendly_name == "front desk"
    assert api.sdk.keys(made.sid).delete() is True
    assert_refused(api.as_user(made.sid, made.secret).get("/Calls.json"))
    assert api.get(f"/Keys/{made.sid}.json").code == 20404


def test_an_upper_case_key_sid_is_the_same_key(api: Api, node: FakeNode) -> None:
    sid, secret = new_key(api)
    assert api.as_user(f"SK{sid[2:].upper()}", secret).get("/Calls.json").status == 200


def test_what_is_kept_of_a_key_does_not_hold_its_secret(node: FakeNode, api: Api) -> None:
    sid, secret = new_key(api)
    key = asyncio.run(node.store.fetch(KeyRecord, sid))
    assert key is not None
    assert secret not in key.secret_hash


def test_the_account_is_fetched(api: Api, node: FakeNode) -> None:
    shown = api.sdk.api.v2010.accounts(node.account_sid).fetch()
    assert (shown.sid, shown.auth_token, shown.status) == (node.account_sid, TOKEN, "active")
    assert api.request("GET", "/2010-04-01/Accounts.json").json["accounts"][0]["sid"] == node.account_sid
