"""RTCP and the figures that a leg tells (RFC 3550 section 6), in virtual time."""

from itertools import pairwise

import numpy as np
import pytest
from tests.media.studio import FRAME, Phone, Studio

from mixminus.media.contract import AskStatistics, CloseLeg, Statistics
from mixminus.media.figures import LegQuality
from mixminus.rtp.rtcp import Compound, Report, ReportBlock, Sending, compound, middle_of, ntp_time

SECOND = 50
SILENCE = np.zeros(FRAME, np.int16)


class Listener:
    """The far end's RTCP: what arrives at its control port, and when."""

    def __init__(self, studio: Studio, phone: Phone, muxed: bool = False) -> None:
        self.phone, self.studio, self.reports, self.ticks = phone, studio, list[Report](), list[int]()
        self._port = phone.port + (not muxed)
        self._address = (phone.address[0], phone.address[1] + (not muxed))
        self._rtp = studio.plane._send
        studio.plane._send = self._carry

    def _carry(self, local_port: int, destination: tuple[str, int], packet: bytes) -> None:
        if 192 <= packet[1] <= 223:
            assert (local_port, destination) == (self._port, self._address)
            self.reports.extend(Compound.parse(packet).reports)
            self.ticks.append(self.studio.engine.ticks)
        else:
            self._rtp(local_port, destination, packet)

    def say(self, report: Report) -> None:
        self.studio.plane.receive(self._port, compound(report, "far"), self._address)


def quality(studio: Studio, leg: int = 1) -> LegQuality:
    studio.apply(AskStatistics(7, (leg,)))
    studio.plane.deliver()
    statistics = studio.events.pop()
    assert isinstance(statistics, Statistics)
    assert statistics.query == 7
    return statistics.legs[0]


def block(studio: Studio, **changes: int) -> ReportBlock:
    row = studio.engine.legs.slots.row(1)
    fields = {"ssrc": int(studio.engine.legs.transmission.ssrc[row]), "fraction_lost": 0, "lost": 0}
    fields |= {"highest_sequence": 0, "jitter": 0, "last_sender_report": 0, "delay_since_sender_report": 0}
    return ReportBlock(**fields | changes)


def test_rfc3550_6_2_a_leg_reports_every_five_seconds_and_not_in_step(studio: Studio) -> None:
    listener = Listener(studio, studio.phone(1, hums=400))
    studio.tick(100 * SECOND)
    gaps = [later - earlier for earlier, later in pairwise(listener.ticks)]
    assert 16 <= len(gaps) <= 24
    assert min(gaps) >= 125
    assert max(gaps) <= 375
    assert len(set(gaps)) > 5


def test_a_sender_report_tells_what_was_sent_and_when(studio: Studio) -> None:
    phone = studio.phone(1, hums=400)
    listener = Listener(studio, phone)
    studio.tick(10 * SECOND)
    sending, tick = listener.reports[0].sending, listener.ticks[0]
    assert sending is not None
    assert (sending.packets, sending.octets) == (tick, tick * FRAME)
    assert sending.ntp_time == ntp_time(tick * 0.02)
    assert sending.rtp_timestamp == (phone.packets[0].timestamp + tick * FRAME) % 2**32
    assert listener.reports[0].ssrc == phone.packets[0].ssrc


def test_a_report_block_counts_what_is_missing(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.sequence = 65_000
    listener = Listener(studio, phone)
    for n in range(20 * SECOND):
        packet = phone.packet(SILENCE)
        if n % 10:
            phone.send(packet)
        studio.tick()
    last = listener.reports[-1].blocks[0]
    arrived = listener.ticks[-1]
    assert last.ssrc == phone.ssrc
    assert last.lost == pytest.approx(arrived / 10, abs=2), "neither the first nor one behind the last"
    assert last.fraction_lost == pytest.approx(25.6, abs=1.5)
    assert last.highest_sequence == pytest.approx(65_000 + arrived, abs=2)
    told = quality(studio)
    assert told.lost == pytest.approx(20 * SECOND / 10, abs=1)
    assert told.mos < 3.6


def test_a_packet_that_comes_late_is_not_lost(studio: Studio) -> None:
    phone = studio.phone(1)
    first, second, third = (phone.packet(SILENCE) for _ in range(3))
    for packet in (first, third):
        phone.send(packet)
    studio.tick()
    assert quality(studio).lost == 1
    phone.send(second)
    studio.tick()
    assert quality(studio).lost == 0


def test_the_round_trip_is_measured_by_the_answer_to_a_report(studio: Studio) -> None:
    listener = Listener(studio, studio.phone(1, hums=400))
    studio.tick(8 * SECOND)
    sending = listener.reports[0].sending
    assert sending is not None
    answered_after_s = (studio.engine.ticks - listener.ticks[0]) * 0.02
    held_s = answered_after_s - 0.12
    told = block(
        studio,
        fraction_lost=26,
        lost=5,
        jitter=80,
        last_sender_report=middle_of(sending.ntp_time),
        delay_since_sender_report=int(held_s * 65536),
    )
    listener.say(Report(1, None, (told,)))
    studio.tick()
    figures = quality(studio)
    assert figures.round_trip_ms == pytest.approx(120, abs=1)
    assert (figures.far_lost, figures.far_jitter_ms) == (5, 10.0)
    assert figures.far_mos is not None
    assert figures.far_mos < figures.mos


def test_the_far_ends_sender_report_is_answered_with_its_time(studio: Studio) -> None:
    listener = Listener(studio, studio.phone(1, hums=400))
    studio.tick(5)
    listener.say(Report(1, Sending(0x1234_5678_9ABC_DEF0, 0, 0, 0), ()))
    said_at = studio.engine.ticks
    studio.tick(8 * SECOND)
    answer = listener.reports[0].blocks[0]
    assert answer.last_sender_report == 0x5678_9ABC
    assert answer.delay_since_sender_report == pytest.approx((listener.ticks[0] - said_at) * 0.02 * 65536, abs=2)


def test_rfc5761_reports_may_share_the_port_of_audio(studio: Studio) -> None:
    phone = studio.phone(1, hums=400, rtcp_mux=True)
    listener = Listener(studio, phone, muxed=True)
    studio.tick(5)
    listener.say(Report(1, Sending(0x1234_5678_9ABC_DEF0, 0, 0, 0), ()))
    studio.tick(8 * SECOND)
    assert listener.reports[0].blocks[0].last_sender_report == 0x5678_9ABC
    assert phone.count("control") == 1
    assert phone.count("unwanted") == 0


def test_rfc3605_reports_go_where_sdp_says(studio: Studio) -> None:
    phone = studio.phone(1, hums=400, rtcp_port=9)
    listener = Listener(studio, phone)
    listener._address = (phone.address[0], 9)
    studio.tick(8 * SECOND)
    assert listener.reports


def test_reports_of_another_host_are_not_believed(studio: Studio) -> None:
    phone = studio.phone(1, hums=400)
    studio.tick(5)
    lie = Report(1, None, (block(studio, lost=500),))
    studio.plane.receive(phone.port + 1, compound(lie, "liar"), ("203.0.113.9", 7))
    studio.tick()
    assert quality(studio).far_lost is None


def test_a_flood_of_reports_is_read_five_times_a_second(studio: Studio) -> None:
    phone = studio.phone(1, hums=400, rtcp_mux=True)
    studio.tick(SECOND, each=lambda: phone.send(compound(Report(1, None, ()), "far")))
    assert phone.count("control") == 5
    assert phone.count("unwanted") == SECOND - 5


def test_a_leg_that_is_gone_reports_no_more(studio: Studio) -> None:
    listener = Listener(studio, studio.phone(1, hums=400))
    studio.apply(CloseLeg(1))
    studio.tick(20 * SECOND)
    assert listener.reports == []


def test_a_calm_leg_is_told_as_good(studio: Studio) -> None:
    studio.phone(1, hums=400)
    studio.tick(2 * SECOND)
    figures = quality(studio)
    assert (figures.received, figures.sent, figures.lost, figures.late) == (100, 100, 0, 0)
    assert figures.codec == "PCMU"
    assert figures.jitter_ms == 0
    assert figures.mos > 4.3


def test_legs_and_the_worker_can_be_asked_for(studio: Studio) -> None:
    studio.phone(1)
    studio.phone(2, codec="PCMA")
    studio.phone(3)
    studio.tick(3)
    studio.apply(CloseLeg(3), AskStatistics(1, (1, 2)), AskStatistics(2, (99,)), AskStatistics(3))
    studio.plane.deliver()
    everything, nobody, worker = studio.events
    assert isinstance(everything, Statistics)
    assert [leg.codec for leg in everything.legs] == ["PCMU", "PCMA"]
    assert (everything.worker.legs, everything.worker.ticks, everything.worker.sent) == (2, 3, 9)
    assert isinstance(nobody, Statistics)
    assert isinstance(worker, Statistics)
    assert nobody.legs == worker.legs == ()
