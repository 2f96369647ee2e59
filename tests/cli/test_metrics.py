"""What `/metrics` tells while people talk and after they have gone."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.peers.exchange import NUMBER, Exchange, exchange, until

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest
from mixminus.webhooks.io.timed import TimedFetch


class SlowServer:
    """Takes as long as it is told, on a clock of its own."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        self.takes_s = 0.0
        self.fails = False

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        self.clock_s += self.takes_s
        if self.fails:
            raise HttpFailure(11205, "ct", "nobody there")
        return HttpAnswer(404, (), b"", request.url)


async def test_a_timed_fetch_counts_answers_failures_and_durations() -> None:
    server = SlowServer()
    fetch, request = TimedFetch(server, lambda: server.clock_s), HttpRequest("POST", "http://app/")
    for server.takes_s in (0.005, 0.2, 20.0):
        await fetch(request)
    server.fails, server.takes_s = True, 0.0
    with pytest.raises(HttpFailure):
        await fetch(request)
    assert (fetch.answers, fetch.failures) == ({"4xx": 3}, {11205: 1})
    at_most = dict(fetch.durations.cumulative())
    assert (at_most["0.005"], at_most["0.1"], at_most["0.25"], at_most["15.0"], at_most["+Inf"]) == (2, 2, 3, 3, 4)
    assert fetch.durations.total_s == pytest.approx(20.205)


async def shown(at: Exchange) -> dict[str, float]:
    """Every sample by its name, labels in braces."""
    async with aiohttp.ClientSession() as http, http.get(f"{at.node.base_url}/metrics") as answer:
        assert answer.status == 200
        text = await answer.text()
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.network
async def test_a_node_shows_its_calls_webhooks_signalling_and_processes(tmp_path: Path) -> None:
    async with exchange(tmp_path / "node") as at, at.phone("alice") as alice, at.phone("bob") as bob:
        before = await shown(at)
        assert before["mixminus_live_calls"] == 0
        assert before["mixminus_taking_calls"] == 1
        call = await alice.dial(NUMBER)
        bob.rejects(486)
        asked = {"from_": NUMBER, "to": bob.uri, "url": f"{at.app_url}/voice"}
        asked["status_callback"] = "http://127.0.0.1:9/nobody"
        await asyncio.to_thread(lambda: at.twilio.calls.create(**asked))
        await until(lambda: bool(at.node.world.failed_callbacks))
        during = await shown(at)
        assert during["mixminus_live_calls"] == 1
        assert during["mixminus_live_conferences"] == 1
        assert during["mixminus_live_participants"] == 1
        assert during["mixminus_calls_total{outbound-api}{busy}"] == 1
        assert sum(value for name, value in during.items() if name.startswith("mixminus_callbacks_failed_total")) == 1
        assert during["mixminus_http_answers_total{2xx}"] == 1
        assert during["mixminus_http_seconds_count"] >= 2
        assert during["mixminus_sip_messages_total"] > before["mixminus_sip_messages_total"]
        assert during["mixminus_sip_dialogs"] >= 1
        assert during["mixminus_sip_packets_received_total{udp}"] > 0
        assert during["mixminus_sip_packets_sent_total{udp}"] > 0
        assert during["mixminus_sip_connections{tcp}"] == during["mixminus_sip_connections_unproven"] == 0
        assert during["mixminus_store_backlog"] >= 0
        assert during["mixminus_media_process_resident_memory_bytes"] > 0
        assert during["process_resident_memory_bytes"] > 0
        await (await bob.dial(NUMBER)).hang_up()
        await until(lambda: len(at.node.world.node.exchange.live_calls) == 1)
        assert (await shown(at))["mixminus_live_participants"] == 1, "who has left is no participant"
        await call.hang_up()
        await at.quiet()
        after = await shown(at)
        assert after["mixminus_live_calls"] == 0
        assert after["mixminus_calls_total{inbound}{completed}"] == 2
        assert after["mixminus_media_worker_losses_total"] == 0
