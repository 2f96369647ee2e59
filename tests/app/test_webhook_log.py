"""Webhooks are written down, bounded in number, and sent again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random

from mixminus.app.eventlog.alert_log import AlertLog
from mixminus.app.eventlog.webhook_log import WebhookLog
from mixminus.base.clock import Clock
from mixminus.base.sids import Sids
from mixminus.base.types import Sid
from mixminus.calls.records import AlertRecord, WebhookRecord
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.webhook_app import WebhookApp
from mixminus.webhooks.contract import Attempt, HttpAnswer, HttpFailure, Purpose, Sent, WebhookCall
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.asgi import AsgiFetch
from mixminus.webhooks.outbox import Delivery

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CALL, ROOM = Sid("CA" + "1" * 32), Sid("CF" + "1" * 32)
ABOUT = (("CallSid", CALL), ("ConferenceSid", ROOM), ("Digits", "42"))


class Desk:
    """A webhook log, what it writes to, and an application that can be reached."""

    def __init__(self, most: int = 100) -> None:
        self.app = WebhookApp()
        self.store = SqlStore("sqlite://", InlineRunner())
        self.clock, self.sids = Clock(lambda: 0.0, lambda: NOON), Sids(Random(1).randbytes)
        self.most = most
        self.log = self.restarted()

    def restarted(self) -> WebhookLog:
        courier = Courier("token", AsgiFetch({"a.test": self.app}), lambda: 0.0, lambda: "once")
        return WebhookLog(courier, self.store, self.clock, self.sids, self.most)

    async def kept(self) -> list[WebhookRecord]:
        return sorted(await self.store.query(WebhookRecord), key=lambda record: record.sid)


def sent(path: str = "/status", purpose: Purpose = Purpose.CALLBACK, failure: HttpFailure | None = None) -> Sent:
    call = WebhookCall(f"http://a.test{path}", "POST", ABOUT, purpose)
    answer = HttpAnswer(200, (("content-type", "text/xml"),), b"<Response/>" * 1_000, call.url)
    return Sent(call, (Attempt(call.url, 5.0, 0.25, None if failure else answer, failure),), 0.25, failure)


def story(tell: Callable[[Desk], Awaitable[None]], most: int = 100) -> None:
    async def main() -> None:
        desk = Desk(most)
        await tell(desk)
        desk.store.close()

    run_virtual(main())


def test_what_was_sent_is_written_down() -> None:
    async def tell(desk: Desk) -> None:
        desk.log.sent(sent())
        [kept] = await desk.kept()
        assert (kept.url, kept.method, kept.parameters) == ("http://a.test/status", "POST", ABOUT)
        assert (kept.call_sid, kept.conference_sid, kept.error_code) == (CALL, ROOM, None)
        assert kept.date_created == NOON - timedelta(seconds=0.25)
        [attempt] = kept.attempts
        assert (attempt.status, attempt.began_ms, attempt.took_ms) == (200, 0, 250)
        assert (kept.content_type, len(kept.response_body)) == ("text/xml", 4_096)

    story(tell)


def test_only_the_last_are_kept() -> None:
    async def tell(desk: Desk) -> None:
        for number in range(26):
            desk.log.sent(sent(f"/{number}"))
        assert [kept.url for kept in await desk.kept()] == [f"http://a.test/{number}" for number in range(6, 26)]

    story(tell, most=20)


def test_a_node_that_starts_again_counts_on_and_keeps_to_a_smaller_number() -> None:
    async def tell(desk: Desk) -> None:
        for number in range(8):
            desk.log.sent(sent(f"/{number}"))
        desk.most = 3
        again = desk.restarted()
        await again.restore()
        again.sent(sent("/8"))
        assert [kept.url[-1] for kept in await desk.kept()] == ["6", "7", "8"]

    story(tell)


def test_nothing_is_written_when_nothing_is_kept() -> None:
    async def tell(desk: Desk) -> None:
        desk.log.sent(sent())
        assert await desk.kept() == []

    story(tell, most=0)


def test_a_webhook_is_sent_again() -> None:
    async def tell(desk: Desk) -> None:
        desk.log.sent(sent(failure=HttpFailure(11200, "5xx", "it answered 500")))
        [first] = await desk.kept()
        desk.app.answers("/status", "")
        again = await desk.log.replay(first, None)
        [asked] = desk.app.requests
        assert (asked.path, asked["Digits"], again.replay_of, again.error_code) == ("/status", "42", first.sid, None)
        assert [kept.sid for kept in await desk.kept()] == [first.sid, again.sid]
        assert first.sid < again.sid

    story(tell)


def test_a_replay_goes_elsewhere_when_asked_to_and_its_failure_is_its_outcome() -> None:
    async def tell(desk: Desk) -> None:
        desk.log.sent(sent())
        [first] = await desk.kept()
        again = await desk.log.replay(first, "http://nowhere.test/")
        assert (again.url, again.error_code, again.attempts[0].status) == ("http://nowhere.test/", 11210, None)

    story(tell)


def test_an_alert_names_the_document_or_the_callback_that_it_is_about() -> None:
    async def tell(desk: Desk) -> None:
        alerts = AlertLog(desk.log, desk.store, desk.clock, desk.sids, 100)
        desk.log.sent(sent("/voice", Purpose.DOCUMENT))
        failed = sent("/status", failure=HttpFailure(11200, "5xx", "it answered 500"))
        desk.log.sent(failed)
        alerts.callback_failed(Delivery(ROOM, failed.call, 16011), HttpFailure(11200, "5xx", "it answered 500"))
        alerts.about_call(CALL, 12100, "no XML")
        document, callback = await desk.kept()
        first, second = sorted(await desk.store.query(AlertRecord), key=lambda alert: alert.sid)
        assert (first.code, first.level, first.webhook_sid) == (16011, "warning", callback.sid)
        assert (first.conference_sid, first.call_sid) == (ROOM, CALL)
        assert (second.code, second.level, second.webhook_sid) == (12100, "error", document.sid)
        assert (second.request_url, second.message) == ("http://a.test/voice", "no XML")

    story(tell)


def test_a_callback_that_was_never_tried_has_no_webhook() -> None:
    async def tell(desk: Desk) -> None:
        alerts = AlertLog(desk.log, desk.store, desk.clock, desk.sids, 100)
        desk.log.sent(sent("/other"))
        dropped = Delivery(CALL, sent("/dropped").call, 15003)
        alerts.callback_failed(dropped, HttpFailure(15003, "full", "Dropped"))
        [alert] = await desk.store.query(AlertRecord)
        assert (alert.webhook_sid, alert.call_sid, alert.request_url) == (None, CALL, "http://a.test/dropped")

    story(tell)
