"""`/Tokens`: what a browser is told of STUN and TURN."""

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from tests.api.fake_node import FakeNode
from tests.api.world import Api, make_api

from mixminus.app.ice_servers import IceServerDesk
from mixminus.base.settings import Settings

SECRET = "known to coturn"


def configured(node: FakeNode, **settings: object) -> Api:
    told = Settings(
        data=node.folder,
        stun_urls=("stun:stun.example.com:3478",),
        turn_urls=("turn:turn.example.com:3478?transport=udp", "turns:turn.example.com:5349"),
        turn_secret=SECRET,
    )
    node.ice_servers = IceServerDesk(replace(told, **settings), node.clock, node.sids)  # type: ignore[arg-type]
    return make_api(node)


def test_a_browser_gets_servers_in_the_form_that_it_takes(node: FakeNode) -> None:
    answer = configured(node).post("/Tokens.json")
    assert answer.status == 201
    said = answer.json
    stun, turn, turns = said["ice_servers"]
    assert stun == {"url": "stun:stun.example.com:3478", "urls": "stun:stun.example.com:3478"}
    assert turn["urls"] == "turn:turn.example.com:3478?transport=udp"
    assert turns["urls"] == "turns:turn.example.com:5349"
    assert (turn["username"], turn["credential"]) == (said["username"], said["password"])
    assert (said["ttl"], said["account_sid"]) == ("86400", node.account_sid)


def test_the_draft_of_turn_rest_section_2_2_the_credential_is_what_coturn_computes(node: FakeNode) -> None:
    said = configured(node).post("/Tokens.json", Ttl="600").json
    until, _, _ = said["username"].partition(":")
    assert 0 < int(until) - node.clock.utc().timestamp() <= 600
    digest = hmac.new(SECRET.encode(), said["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(said["password"]) == digest
    assert said["ttl"] == "600"


def test_each_asker_gets_a_name_of_its_own(node: FakeNode) -> None:
    api = configured(node)
    assert api.post("/Tokens.json").json["username"] != api.post("/Tokens.json").json["username"]


def test_nothing_lives_longer_than_the_node_allows(node: FakeNode) -> None:
    assert configured(node, turn_ttl_s=300).post("/Tokens.json", Ttl="3600").json["ttl"] == "300"


@pytest.mark.parametrize("ttl", ["0", "-1", "86401", "soon", "1e3"])
def test_a_life_that_makes_no_sense_is_refused(node: FakeNode, ttl: str) -> None:
    refused = configured(node).post("/Tokens.json", Ttl=ttl)
    assert (refused.status, refused.code) == (400, 20422)


def test_a_node_without_servers_says_so(api: Api) -> None:
    answer = api.post("/Tokens.json")
    assert (answer.status, answer.json["ice_servers"], answer.json["username"]) == (201, [], None)


def test_turn_without_a_secret_is_not_told(node: FakeNode) -> None:
    assert len(configured(node, turn_secret=None).post("/Tokens.json").json["ice_servers"]) == 1


def test_the_official_sdk_understands_it(node: FakeNode) -> None:
    token = configured(node).sdk.tokens.create(ttl=60)
    assert token.ice_servers[0]["urls"] == "stun:stun.example.com:3478"
    assert token.password
    assert token.date_created.year == 2026
