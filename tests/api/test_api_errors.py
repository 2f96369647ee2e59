"""Errors, headers, health, and what is Mixminus's own (reference, 0 and 6; CONTRACT)."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter
from tests.api.fake_node import START, FakeNode
from tests.api.world import Api, make_api

from mixminus.api.app import build_api
from mixminus.calls.records import EventRecord, ParticipantStatus


def test_6_1_an_error_has_four_fields(api: Api) -> None:
    path = "/2010-04-01/Accounts/AC1/Nothing.json"
    assert api.get(path).json == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


@pytest.mark.parametrize("target", ["/Calls", "/calls", "/Conferences/CF1/Participants"])
def test_0_a_path_without_json_is_told_to_append_it(api: Api, target: str) -> None:
    answer = api.get(target)
    assert (answer.status, answer.code) == (404, 20404)
    assert ".json" in answer.json["message"]


def test_an_error_names_the_path_that_was_asked_for(api: Api, node: FakeNode) -> None:
    room = node.conference()
    answer = api.get(f"/Conferences/{room.sid}/Participants/x%3Fy.json")
    assert "/Participants/x?y.json was not found" in answer.json["message"]


def test_0_paths_are_case_sensitive(api: Api) -> None:
    assert api.get("/calls.json").code == 20404


def test_6_2_a_method_that_is_not_allowed_is_20004(api: Api, node: FakeNode) -> None:
    answer = api.request("DELETE", "/Calls.json")
    assert (answer.status, answer.code) == (405, 20004)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert api.request("PUT", f"/Calls/{node.call().sid}.json").code == 20004


def test_a_crash_of_ours_is_500_and_tells_nothing(api: Api, node: FakeNode) -> None:
    node.refuse = RuntimeError("the password is hunter2")
    room = node.conference()
    with pytest.raises(RuntimeError):  # the server sees it and logs it
        api.post(f"/Conferences/{room.sid}.json", Status="completed")
    node.refuse = RuntimeError("the password is hunter2")
    answer = api.patient.post(f"/Conferences/{room.sid}.json", Status="completed")
    assert (answer.status, answer.code) == (500, 20500)
    assert "hunter2" not in answer.body.decode()


def test_0_every_answer_is_numbered_and_timed(api: Api) -> None:
    for answer in (api.get("/Calls.json"), api.get("/Nothing.json"), api.as_user("x", "y").get("/Calls.json")):
        assert answer.headers["twilio-request-id"].startswith("RQ")
        assert len(answer.headers["twilio-request-id"]) == 34
        assert float(answer.headers["twilio-request-duration"]) >= 0
        assert answer.headers["twilio-concurrent-requests"] == "1"


def test_health(api: Api, node: FakeNode) -> None:
    stranger = Api(node, api.app, api.accounts)
    assert stranger.get("/healthz").status == 200
    assert stranger.get("/readyz").status == 200
    node.taking_calls = False
    assert stranger.get("/readyz").status == 503
    assert stranger.get("/healthz").status == 200


def test_metrics_are_those_that_were_passed_in(node: FakeNode) -> None:
    registry = CollectorRegistry()
    Counter("mixminus_legs", "Legs.", registry=registry).inc(3)
    accounts = make_api(node).accounts
    answer = Api(node, build_api(node, accounts, registry), accounts).get("/metrics")
    assert b"mixminus_legs_total 3.0" in answer.body
    assert answer.headers["content-type"].startswith("text/plain")


class TestForms:
    FORM = "application/x-www-form-urlencoded"

    def post(self, api: Api, body: bytes, kind: str = FORM) -> tuple[int, int]:
        answer = api.request("POST", "/Applications.json", body, **{"Content-Type": kind})
        return answer.status, answer.code if answer.status >= 400 else 0

    def test_a_body_of_more_than_256_kb_is_413(self, api: Api) -> None:
        assert self.post(api, b"FriendlyName=" + b"x" * 256 * 1024) == (413, 20413)

    def test_what_is_not_utf_8_is_refused(self, api: Api) -> None:
        assert self.post(api, b"FriendlyName=%ff") == (400, 20422)
        assert self.post(api, b"FriendlyName=\xff") == (400, 20422)
        assert api.request("GET", "/Applications.json?FriendlyName=%ff").code == 20422

    def test_raw_utf_8_is_fine(self, api: Api) -> None:
        assert self.post(api, "FriendlyName=Zürich".encode()) == (201, 0)

    def test_a_nul_is_refused(self, api: Api) -> None:
        assert self.post(api, b"FriendlyName=%00") == (400, 20422)

    def test_too_many_parameters_are_refused(self, api: Api) -> None:
        assert self.post(api, b"a=1&" * 1_001) == (400, 20422)

    def test_json_is_refused_by_name(self, api: Api) -> None:
        assert self.post(api, b'{"FriendlyName": "x"}', "application/json") == (415, 20422)

    def test_an_empty_body_needs_no_type(self, api: Api) -> None:
        assert self.post(api, b"", "application/json") == (201, 0)


class TestHistory:
    """`/mixminus/v1`: what Twilio does not have."""

    def test_who_was_in_a_conference(self, api: Api, node: FakeNode) -> None:
        room = node.conference()
        gone = node.participant(room, status=ParticipantStatus.COMPLETE, leave_time=START)
        there = node.participant(room)
        shown = api.get(f"/mixminus/v1/Conferences/{room.sid}/Participants").json
        assert [each["sid"] for each in shown["participants"]] == [there.sid, gone.sid]
        assert shown["participants"][1]["leave_time"] == "2026-01-02T12:00:00Z"
        assert shown["next_page_uri"] is None

    def test_what_happened(self, api: Api, node: FakeNode) -> None:
        for subject, path in ((node.conference().sid, "Conferences"), (node.call().sid, "Calls")):
            for number in range(5):
                node.keep(EventRecord(subject, number, f"event {number}", START + timedelta(seconds=number)))
            first = api.get(f"/mixminus/v1/{path}/{subject}/Events", PageSize="3").json
            assert [each["sequence_number"] for each in first["events"]] == [0, 1, 2]
            rest = api.get(first["next_page_uri"]).json
            assert [each["name"] for each in rest["events"]] == ["event 3", "event 4"]
            assert rest["next_page_uri"] is None

    def test_it_needs_credentials_and_a_subject(self, api: Api) -> None:
        path = "/mixminus/v1/Conferences/CF" + "0" * 32 + "/Events"
        assert api.get(path).code == 20404
        assert api.as_user("x", "y").get(path).code == 20003

    def test_the_document_names_what_twilios_operations_take_here_besides(self, api: Api) -> None:
        document = api.get("/mixminus/v1/openapi.json").json
        twilio = "/2010-04-01/Accounts/{account}/Conferences/{conference}"
        for path, names in (
            (f"{twilio}.json", {"FloorControl"}),
            (f"{twilio}/Participants.json", {"Moderator", "FloorControl", "CallSidToCoach"}),
            (f"{twilio}/Participants/{{participant}}.json", {"Moderator", "CallSidToCoach"}),
        ):
            (body,) = document["paths"][path]["post"]["requestBody"]["content"].values()
            assert body["schema"]["properties"].keys() == names

    def test_the_document_describes_what_is_answered(self, api: Api, node: FakeNode) -> None:
        document = api.get("/mixminus/v1/openapi.json").json
        room = node.conference()
        node.participant(room)
        node.keep(EventRecord(room.sid, 1, "participant-join", START, details={"Muted": "true"}))
        schemas = document["components"]["schemas"]
        for name, key in (("participant", "Participants"), ("event", "Events")):
            assert f"/mixminus/v1/Conferences/{{conference}}/{key}" in document["paths"]
            (shown,) = api.get(f"/mixminus/v1/Conferences/{room.sid}/{key}").json[key.lower()]
            assert shown.keys() == schemas[name]["properties"].keys()
