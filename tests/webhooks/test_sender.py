"""Callbacks in order, and what a slow or dead server delays: itself. In virtual time."""

import asyncio
from collections.abc import Callable

import pytest

from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.webhook_app import WebhookApp
from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, WebhookCall
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.sender import WebhookSender
from mixminus.webhooks.outbox import Bounds, Delivery

CourierWith = Callable[..., Courier]


class Failures:
    """What was reported."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def __call__(self, delivery: Delivery, failure: HttpFailure) -> None:
        self.seen.append((delivery.key, delivery.failure_code, failure.code))


def callback(path: str, number: int = 0, host: str = "a.test") -> WebhookCall:
    return WebhookCall(f"https://{host}/{path}", "POST", (("SequenceNumber", str(number)),))


def test_callbacks_of_a_call_arrive_in_order(app: WebhookApp, courier_with: CourierWith) -> None:
    delays = iter([3.0, 0.0, 1.0])

    async def slowly(request: object) -> str:
        await asyncio.sleep(next(delays))
        return ""

    async def main() -> None:
        app.answers("/cb", slowly)
        sender = WebhookSender(courier_with(), Failures())
        for number in range(3):
            sender.send("CA1", callback("cb", number), 15003)
        assert await sender.drain(10.0) == 0

    run_virtual(main())
    assert [request["SequenceNumber"] for request in app.requests] == ["0", "1", "2"]


def test_a_stalled_call_delays_no_other(app: WebhookApp, courier_with: CourierWith) -> None:
    async def main() -> None:
        app.stalls("/slow", 60.0)
        sender = WebhookSender(courier_with(), Failures())
        sender.send("CA1", callback("slow"), 15003)
        sender.send("CA1", callback("after"), 15003)
        sender.send("CF1", callback("live"), 16011)
        await asyncio.sleep(1.0)
        assert [request.path for request in app.requests] == ["/slow", "/live"]
        assert await sender.drain(30.0) == 0
        assert [request.path for request in app.requests] == ["/slow", "/live", "/after"]

    run_virtual(main())


def test_a_dead_host_takes_only_its_share_of_connections(app: WebhookApp, courier_with: CourierWith) -> None:
    open_now = most_open = 0

    async def dead(request: HttpRequest) -> HttpAnswer:
        nonlocal open_now, most_open
        if "live.test" in request.url:
            return HttpAnswer(204, (), b"", request.url)
        open_now += 1
        most_open = max(most_open, open_now)
        await asyncio.sleep(request.limits.connect_ms / 1000)
        open_now -= 1
        raise HttpFailure(11201, "ct", "no connection in time")

    async def main() -> None:
        failures = Failures()
        sender = WebhookSender(courier_with(dead), failures, Bounds(running_per_host=4))
        for number in range(200):
            sender.send(f"CA{number}", callback("x", host="dead.test"), 15003)
        sender.send("CF1", callback("x", host="live.test"), 16011)
        await asyncio.sleep(0.1)
        assert sender.outbox.finished_count == 1
        assert most_open == 4
        await sender.drain(3_000.0)
        assert sorted(failures.seen) == sorted((f"CA{number}", 15003, 11201) for number in range(200))

    run_virtual(main())


@pytest.mark.parametrize(("key", "code"), [("CA1", 15003), ("CF1", 16011)])
def test_a_refusing_server_is_reported_with_the_subjects_code(
    key: str, code: int, app: WebhookApp, courier_with: CourierWith
) -> None:
    failures = Failures()

    async def main() -> None:
        app.fails("/cb")
        sender = WebhookSender(courier_with(), failures)
        sender.send(key, callback("cb"), code)
        await sender.drain(10.0)

    run_virtual(main())
    assert failures.seen == [(key, code, 11200)]


def test_a_bug_in_the_network_does_not_stop_the_next_callback(courier_with: CourierWith) -> None:
    failures = Failures()

    async def buggy(request: HttpRequest) -> HttpAnswer:
        raise RuntimeError("bug")

    async def main() -> None:
        sender = WebhookSender(courier_with(buggy), failures)
        for number in range(3):
            sender.send("CA1", callback("cb", number), 15003)
        assert await sender.drain(10.0) == 0

    run_virtual(main())
    assert len(failures.seen) == 3


def test_a_dropped_callback_is_reported(app: WebhookApp, courier_with: CourierWith) -> None:
    failures = Failures()

    async def main() -> None:
        app.stalls("/cb", 1.0)
        sender = WebhookSender(courier_with(), failures, Bounds(waiting_per_key=1))
        for number in range(3):
            sender.send("CA1", callback("cb", number), 15003)
        await sender.drain(10.0)

    run_virtual(main())
    assert [request["SequenceNumber"] for request in app.requests] == ["0", "2"]
    assert failures.seen == [("CA1", 15003, 15003)]


def test_draining_gives_up_after_its_time_and_says_what_is_left(app: WebhookApp, courier_with: CourierWith) -> None:
    async def main() -> None:
        app.stalls("/cb", 60.0)
        sender = WebhookSender(courier_with(), Failures())
        assert await sender.drain(1.0) == 0
        sender.send("CA1", callback("cb"), 15003)
        sender.send("CA1", callback("cb"), 15003)
        assert await sender.drain(1.0) == 2
        assert asyncio.get_running_loop().time() == 1.0
        await sender.close()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())
