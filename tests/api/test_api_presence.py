"""`/mixminus/v1/Users/{name}/Registrations` and `/mixminus/v1/Trunks`."""

from typing import Any

import pytest


def test_registrations_of_a_user_whose_name_needs_escaping(api: Any) -> None:
    answer = api.get("/mixminus/v1/Users/ann%40home/Registrations")
    assert api.node.asked[-1] == ("registrations", "ann@home")
    assert answer.json == {
        "registrations": [
            {
                "contact": "sip:ann@192.0.2.7:5060",
                "source": "udp:203.0.113.7:40000",
                "q": 0.5,
                "expires_at": "2026-01-02T12:00:00Z",
                "path": [],
                "instance": None,
                "reg_id": None,
            }
        ]
    }


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/mixminus/v1/Users/{user}/Registrations", "registrations"),
        ("/mixminus/v1/Trunks", "trunks"),
        ("/mixminus/v1/Bans", "bans"),
    ],
)
def test_what_is_shown_is_what_the_document_describes(api: Any, path: str, key: str) -> None:
    document = api.get("/mixminus/v1/openapi.json").json
    described = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    (item,) = api.get(path.format(user="ann")).json[key]
    assert item.keys() == described["properties"][key]["items"]["properties"].keys()


def test_a_ban_is_lifted_by_its_address(api: Any) -> None:
    (ban,) = api.get("/mixminus/v1/Bans").json["bans"]
    assert (ban["network"], ban["reason"], ban["until"]) == ("2001:db8::/64", "passwords", "2026-01-02T12:00:00Z")
    assert api.delete(f"/mixminus/v1/Bans/{ban['address']}").status == 204
    assert api.node.asked[-1] == ("lift_ban", "2001:db8::")
