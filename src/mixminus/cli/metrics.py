"""What `/metrics` shows: read from the node's parts when somebody asks, so that counting costs a call nothing."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from mixminus.app.world import World


def registry_of(world: World) -> CollectorRegistry:
    """Everything about a node, its two processes included."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(world))
    PlatformCollector(registry=registry)
    ProcessCollector(registry=registry)
    ProcessCollector(namespace="mixminus_media", pid=lambda: world.media_pid or 0, registry=registry)
    return registry


class NodeCollector(Collector):
    """The node's own numbers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterator[Metric]:
        yield from self._calls()
        yield from self._webhooks()
        yield from self._sip()
        yield from self._media()
        yield from self._streams()
        yield from self._machine()

    def describe(self) -> Iterable[Metric]:
        """Nothing at registration: the node has not started then."""
        return ()

    def _calls(self) -> Iterator[Metric]:
        exchange = self._world.node.exchange
        rooms = exchange.live_conferences
        yield _gauge("live_calls", "Calls that have not ended", len(exchange.live_calls))
        yield _gauge("live_conferences", "Conferences that have not ended", len(rooms))
        people = sum(participant.live for room in rooms for participant in room.machine.participants())
        yield _gauge("live_participants", "Participants of live conferences, those being dialled included", people)
        calls = CounterMetricFamily(
            "mixminus_calls", "Calls that ended, by direction and status", labels=("direction", "status")
        )
        for (direction, status), count in exchange.ended_calls.items():
            calls.add_metric((direction.value, status.value), count)
        yield calls

    def _webhooks(self) -> Iterator[Metric]:
        outbox, fetch = self._world.sender.outbox, self._world.fetch
        yield _counter("callbacks_finished", "Status callbacks that are settled", outbox.finished_count)
        yield _gauge("callbacks_owed", "Status callbacks that wait or are under way", len(outbox))
        yield _by("callbacks_failed", "Status callbacks that did not arrive", "code", self._world.failed_callbacks)
        dropped = {rule.value: count for rule, count in outbox.dropped.items()}
        yield _by("callbacks_dropped", "Status callbacks never tried, by the bound that was full", "bound", dropped)
        yield _by("http_answers", "Answers of applications to any request of ours", "status", fetch.answers)
        yield _by("http_failures", "Requests without a usable answer", "code", fetch.failures)
        yield HistogramMetricFamily(
            "mixminus_http_seconds",
            "How long applications took to answer",
            buckets=list(fetch.durations.cumulative()),
            sum_value=fetch.durations.total_s,
        )

    def _sip(self) -> Iterator[Metric]:
        world, agent = self._world, self._world.sip
        counted = agent.counters
        yield _counter("sip_messages", "SIP messages received", counted.received)
        yield _counter("sip_malformed", "SIP messages that could not be read, and were dropped", counted.malformed)
        yield _counter("sip_refused", "SIP requests that were refused", counted.refused)
        yield _counter("sip_ignored", "SIP messages of hosts that were refused too often", counted.ignored)
        yield _counter("sip_limited", "SIP requests answered with 503, since a peer asked too much", counted.limited)
        yield _counter("sip_flooded", "SIP requests not answered, since a peer asked far too much", counted.flooded)
        yield _gauge("sip_banned_hosts", "Hosts that are not listened to", len(world.node.exchange.bans()))
        bans = {offence.value: count for offence, count in agent.bans_counted.items()}
        yield _by("sip_bans", "Bans of hosts, by what for", "reason", bans)
        yield _counter("sip_unmatched", "SIP responses to nothing that we asked", counted.unmatched_responses)
        yield _gauge("sip_dialogs", "Calls whose peer may still speak to us", agent.open_calls)
        yield from self._wires()
        yield _gauge("sip_subscriptions", "Lamps and the like that phones subscribed to", agent.open_subscriptions)
        texts = self._world.node.texts.counted
        yield _by("sip_texts", "Texts that came in by MESSAGE", "status", texts)
        yield _gauge("sip_transactions", "SIP transactions in memory", agent.open_transactions)

        phones = GaugeMetricFamily("mixminus_registered_phones", "Phones that a user registered", labels=("user",))
        for user, count in self._world.node.presence.phones_of_everybody().items():
            phones.add_metric((user,), count)
        yield phones
        yield from self._trunks()

    def _wires(self) -> Iterator[Metric]:
        wires = self._world.sip_listener
        if wires is None:
            return
        counts = wires.counts
        yield _by("sip_packets_received", "SIP messages received, by transport", "transport", counts.received)
        yield _by("sip_packets_sent", "SIP messages sent, by transport", "transport", counts.sent)
        yield _by("sip_packets_unsent", "SIP messages that found no way out", "transport", counts.dropped)
        yield _by("sip_connections_ended", "Connections that we ended or did not take", "reason", counts.closed)
        open_now = GaugeMetricFamily("mixminus_sip_connections", "Connections that are open", labels=("transport",))
        for transport, count in wires.connections().items():
            open_now.add_metric((transport,), count)
        yield open_now
        half = wires.doorman.unproven
        yield _gauge("sip_connections_unproven", "Connections that have not brought a message yet", half)

    def _trunks(self) -> Iterator[Metric]:
        trunks = self._world.node.trunks
        labels = ("trunk", "gateway")
        usable = GaugeMetricFamily("mixminus_gateway_usable", "Whether a gateway is not passed over", labels=labels)
        for names, is_usable in trunks.usable().items():
            usable.add_metric(names, int(is_usable))
        yield usable
        live = GaugeMetricFamily("mixminus_trunk_registered", "Whether a carrier knows us", labels=("trunk",))
        for name, is_live in self._world.node.registering.live(self._world.clock.now()).items():
            live.add_metric((name,), int(is_live))
        yield live
        calls = GaugeMetricFamily("mixminus_trunk_calls", "Calls out over a trunk", labels=("trunk",))
        for name, count in trunks.calls().items():
            calls.add_metric((name,), count)
        yield calls
        spent = GaugeMetricFamily("mixminus_trunk_spent_today", "Cost of calls today", labels=("trunk",))
        for name, micros in trunks.spending.today_micros().items():
            spent.add_metric((name,), micros / 1_000_000)
        yield spent
        yield _gauge("queued_calls", "Calls that wait until a trunk has room", len(trunks.queue))
        failures = CounterMetricFamily("mixminus_gateway_failures", "Calls that a gateway failed", labels=labels)
        for names, count in trunks.failures.items():
            failures.add_metric(names, count)
        yield failures

    def _media(self) -> Iterator[Metric]:
        health = self._world.node.qualities.worker
        yield _gauge("media_legs", "Legs of the media worker", health.legs)
        yield _gauge("media_rooms", "Rooms of the media worker", health.rooms)
        yield _counter("media_ticks", "Ticks of 20 ms", health.ticks)
        yield _counter("media_late_ticks", "Ticks that began more than 5 ms late", health.late_ticks)
        yield _counter("media_missed_ticks", "Ticks that were left out", health.missed_ticks)
        yield _gauge("media_lateness_seconds", "The latest tick so far", health.max_lateness_ms / 1000)
        yield _counter("rtp_received", "RTP packets taken in", health.received)
        yield _counter("rtp_sent", "RTP packets sent", health.sent)
        yield _counter("rtp_lost", "RTP packets that never came", health.lost)
        yield _counter("rtp_late", "RTP packets that came too late to be played", health.late)
        yield _counter("rtp_concealed_seconds", "Sound that was made up for packets", health.concealed_ms / 1000)
        yield _counter("rtp_stray", "RTP packets of strangers to their calls", health.stray)
        yield _counter("rtp_forged", "RTP packets that were not made with their calls' keys", health.forged)
        yield _counter("rtp_replayed", "Secured RTP packets that came again", health.replayed)
        yield _counter("rtp_refused", "RTP packets that the system did not send", health.refused_packets)
        yield _counter("media_checks_refused", "Datagrams of ICE and DTLS from strangers", health.refused_checks)
        yield _counter("media_handshakes_failed", "Calls without keys for their audio", health.failed_handshakes)
        yield _counter("recording_lost_flushes", "Writes that the disk was too slow for", health.lost_flushes)
        yield _counter("recording_overdue_syncs", "Syncs that came too late for a second", health.overdue_syncs)

    def _streams(self) -> Iterator[Metric]:
        streams = self._world.node.streams
        yield _gauge("live_streams", "Media Streams that have not ended, those being dialled included", len(streams))
        yield _by("streams_failed", "Media Streams that did not begin or broke off", "code", streams.failures)
        yield _counter("stream_frames_skipped", "Frames that agents read too slowly for", streams.skipped_frames)
        left_out = self._world.node.qualities.worker.left_out_frames
        yield _counter("stream_frames_left_out", "Frames that the control process was too busy for", left_out)
        refused = streams.refused_messages
        yield _counter("stream_messages_refused", "Messages of agents that were not understood", refused)
        relays = self._world.node.relays
        yield _gauge("live_relays", "Sessions of ConversationRelay, those being dialled included", len(relays))
        yield _by("relays_failed", "Sessions that did not begin or broke off", "code", relays.failures)

    def _machine(self) -> Iterator[Metric]:
        world = self._world
        yield _gauge("taking_calls", "Whether calls are taken: 1, or 0", int(world.node.exchange.taking_calls))
        yield _counter("media_worker_losses", "How often the media worker died", world.watch.losses)
        yield _gauge(
            "tasks", "Work under way beside signalling: a few of the node, some for each call", len(world.node.tasks)
        )
        yield _gauge("store_backlog", "Records that wait for the database", world.store.backlog)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mixminus_{name}", meaning, value=value)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"mixminus_{name}", meaning, value=value)


def _by(name: str, meaning: str, label: str, counts: "Mapping[str, int] | Mapping[int, int]") -> Metric:
    family = CounterMetricFamily(f"mixminus_{name}", meaning, labels=(label,))
    for word, count in counts.items():
        family.add_metric((str(word),), count)
    return family
