"""`/Conferences`: sections 1.1 to 1.6 of the reference."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.api.fake_node import FakeNode
from tests.api.test_api_participants import CA1, URL
from tests.api.world import Api
from twilio.base.exceptions import TwilioRestException

from mixminus.base.errors import Refusal
from mixminus.calls.commands import UpdateConference
from mixminus.calls.options import Webhook
from mixminus.calls.records import ConferenceStatus, ReasonConferenceEnded


@pytest.mark.parametrize("reason", [None, *ReasonConferenceEnded])
def test_1_1_a_conference_is_shown(api: Api, node: FakeNode, reason: ReasonConferenceEnded | None) -> None:
    room = node.conference(
        status=ConferenceStatus.COMPLETED,
        reason_conference_ended=reason,
        call_sid_ending_conference=CA1,
        region="ie1",
    )
    shown = api.sdk.conferences(room.sid).fetch()
    assert (shown.friendly_name, shown.status, shown.region) == ("Support", "completed", "ie1")
    assert (shown.reason_conference_ended, shown.call_sid_ending_conference) == (reason, CA1)
    assert shown.subresource_uris == {
        "participants": f"{api.account}/Conferences/{room.sid}/Participants.json",
        "recordings": f"{api.account}/Conferences/{room.sid}/Recordings.json",
    }


def test_1_4_the_list_is_filtered_newest_first(api: Api, node: FakeNode) -> None:
    first = node.conference(friendly_name="A", status=ConferenceStatus.IN_PROGRESS)
    second = node.conference(friendly_name="B ☎ &=")
    conferences = api.sdk.conferences
    assert [each.sid for each in conferences.list()] == [second.sid, first.sid]
    assert [each.sid for each in conferences.list(friendly_name="B ☎ &=")] == [second.sid]
    assert [each.sid for each in conferences.list(status="in-progress")] == [first.sid]
    assert api.get("/Conferences.json", Status="over").code == 20422


def test_1_4_days_are_utc_and_the_operators_are_inclusive_of_midnight(api: Api, node: FakeNode) -> None:
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    before, at, within = (
        node.conference(date_created=midnight + shift, date_updated=midnight + shift)
        for shift in (-timedelta(microseconds=1), timedelta(), timedelta(hours=23))
    )
    conferences, day = api.sdk.conferences, date(2026, 3, 5)
    assert [each.sid for each in conferences.list(date_created=day)] == [within.sid, at.sid]
    assert [each.sid for each in conferences.list(date_created_before=day)] == [at.sid, before.sid]
    assert [each.sid for each in conferences.list(date_created_after=day)] == [within.sid, at.sid]
    assert [each.sid for each in conferences.list(date_updated=day)] == [within.sid, at.sid]
    assert [each.sid for each in conferences.list(date_updated_before=day)] == [at.sid, before.sid]


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05Z", "today", "2026-13-01", "9999-12-31T"])
def test_1_4_a_date_time_is_refused_with_400(api: Api, text: str) -> None:
    assert api.get("/Conferences.json", DateCreated=text).status == 400


def test_1_4_the_last_day_of_the_calendar_is_a_day(api: Api) -> None:
    assert api.get("/Conferences.json", DateCreated="9999-12-31").status == 200


def test_1_5_update_ends_the_conference(api: Api, node: FakeNode) -> None:
    room = node.conference()
    assert api.sdk.conferences(room.sid).update(status="completed").status == "completed"
    assert node.asked == [UpdateConference(room.sid, completed=True)]


def test_1_5_update_announces(api: Api, node: FakeNode) -> None:
    room = node.conference()
    api.sdk.conferences(room.sid).update(announce_url=URL, announce_method="GET")
    api.sdk.conferences(room.sid).update(announce_url=URL)
    assert node.asked == [
        UpdateConference(room.sid, announce=Webhook(URL, "GET")),
        UpdateConference(room.sid, announce=Webhook(URL, "POST")),
    ]


@pytest.mark.parametrize("form", [{"Status": "init"}, {"AnnounceUrl": "x"}, {"AnnounceMethod": "PUT"}], ids=str)
def test_1_5_a_bad_update_is_refused_with_16002(api: Api, node: FakeNode, form: dict[str, str]) -> None:
    assert api.post(f"/Conferences/{node.conference().sid}.json", **form).code == 16002
    assert node.asked == []


def test_1_5_ending_what_is_over_says_so(api: Api, node: FakeNode) -> None:
    room = node.conference(status=ConferenceStatus.COMPLETED)
    node.refuse = Refusal(16022, 404, "The conference is over")
    with pytest.raises(TwilioRestException, match="over"):
        api.sdk.conferences(room.sid).update(status="completed")


def test_1_there_is_no_create(api: Api) -> None:
    answer = api.post("/Conferences.json", FriendlyName="Support")
    assert (answer.status, answer.code) == (405, 20004)
    assert "GET" in answer.headers["allow"]


def test_an_unknown_conference_is_20404(api: Api) -> None:
    assert api.get("/Conferences/CF" + "0" * 32 + ".json").code == 20404
    assert api.post("/Conferences/Support.json", Status="completed").code == 20404


class TestPaging:
    """Section 1.6."""

    def test_the_sdk_walks_through_all_pages(self, api: Api, node: FakeNode) -> None:
        made = [node.conference().sid for _ in range(7)]
        assert [each.sid for each in api.sdk.conferences.list(page_size=3)] == made[::-1]
        assert [each.sid for each in api.sdk.conferences.list(page_size=2, limit=5)] == made[:1:-1]

    def test_the_envelope_echoes_filters_and_numbers_records(self, api: Api, node: FakeNode) -> None:
        for _ in range(3):
            node.conference(friendly_name="A B")
        first = api.request("GET", "/Conferences.json?FriendlyName=A+B&DateCreated%3E=2026-01-01&PageSize=2").json
        filters = "FriendlyName=A%20B&DateCreated%3E=2026-01-01&PageSize=2"
        path = f"{api.account}/Conferences.json"
        assert first["uri"] == first["first_page_uri"] == f"{path}?{filters}&Page=0"
        assert first["next_page_uri"].startswith(f"{path}?{filters}&Page=1&PageToken=PACF")
        assert (first["page"], first["page_size"], first["start"], first["end"]) == (0, 2, 0, 1)
        assert first["previous_page_uri"] is None
        second = api.request("GET", first["next_page_uri"]).json
        assert (second["page"], second["start"], second["end"], second["next_page_uri"]) == (1, 2, 2, None)
        assert second["previous_page_uri"].startswith(f"{path}?{filters}&Page=0&PageToken=PBCF")
        assert api.request("GET", second["previous_page_uri"]).json["conferences"] == first["conferences"]

    def test_an_empty_page_starts_and_ends_at_zero(self, api: Api) -> None:
        page = api.get("/Conferences.json").json
        assert (page["start"], page["end"], page["conferences"]) == (0, 0, [])

    @pytest.mark.parametrize(("asked", "given"), [("5000", 1000), ("0", 50), ("-3", 1), ("1", 1), ("", 50)])
    def test_the_page_size_is_clamped(self, api: Api, asked: str, given: int) -> None:
        assert api.get("/Conferences.json", PageSize=asked).json["page_size"] == given

    def test_the_sdk_may_ask_for_5000(self, api: Api, node: FakeNode) -> None:
        room = node.conference()
        assert [each.sid for each in api.sdk.conferences.list(limit=5000)] == [room.sid]

    @pytest.mark.parametrize("token", ["x", "PACF", "PACA" + "0" * 32 + "1", "PB"])
    def test_a_bad_token_is_21481(self, api: Api, token: str) -> None:
        answer = api.get("/Conferences.json", PageToken=token)
        assert (answer.status, answer.code) == (400, 21481)

    def test_a_page_size_that_is_no_number_is_refused(self, api: Api) -> None:
        assert api.get("/Conferences.json", PageSize="all").code == 20422

    def test_deleting_while_listing_reaches_everything(self, api: Api, node: FakeNode) -> None:
        for _ in range(5):
            node.call()
        for call in api.sdk.calls.stream(page_size=2):
            call.delete()
        assert api.sdk.calls.list() == []
