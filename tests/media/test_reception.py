"""The RTP receiver and its playout, seen from the frames that the engine takes from a phone."""

import numpy as np
import pytest
from tests.media.studio import FRAME, Phone, Studio, hum, notes

from mixminus.audio import g711
from mixminus.rtp.packet import RtpPacket


def coded(samples: np.ndarray) -> np.ndarray:
    """What is left of samples after µ-law."""
    return g711.decode_ulaw(g711.encode_ulaw(samples))


def voice(frames: int, seed: int = 1) -> list[np.ndarray]:
    """Frames of which no two are alike."""
    noise = np.random.default_rng(seed).integers(-8000, 8000, (frames, FRAME))
    return [coded(frame.astype(np.int16)) for frame in noise]


def play(phone: Phone, arriving: list[list[RtpPacket]]) -> list[np.ndarray]:
    """Let packets arrive, a list a tick; what the engine took out, a frame a tick."""
    taken = []
    for packets in arriving:
        for packet in packets:
            phone.send(packet)
        phone.studio.tick()
        taken.append(phone.said())
    return taken


def same(got: list[np.ndarray], want: list[np.ndarray]) -> bool:
    return len(got) == len(want) and all(np.array_equal(g, w) for g, w in zip(got, want, strict=True))


def test_a_packet_is_played_at_the_next_tick(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(5)
    assert same(play(phone, [[phone.packet(frame)] for frame in frames]), frames)
    assert phone.count("received") == 5
    assert phone.count("concealed_samples") == 0


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_both_laws_are_understood_at_any_packet(studio: Studio, codec: str) -> None:
    phone = studio.phone(1, codec=codec)
    for payload_type in (0, 8, 8, 0):
        phone.say(hum(400, phone.timestamp), payload_type=payload_type)
        studio.tick()
        assert notes(phone.said()) == {400}


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 60])
def test_any_packet_length_is_heard_without_a_gap(studio: Studio, ptime_ms: int) -> None:
    phone, samples = studio.phone(1), ptime_ms * 8
    stream = coded(np.concatenate(voice(60)))
    sent_ms, taken = 0, []
    for tick in range(55):
        while sent_ms <= tick * 20:
            phone.say(stream[sent_ms * 8 : sent_ms * 8 + samples])
            sent_ms += ptime_ms
        studio.tick()
        taken.append(phone.said())
    heard = np.concatenate(taken)[10 * FRAME :]
    delay = next(d for d in range(481) if np.array_equal(heard[:FRAME], stream[1600 - d : 1760 - d]))
    assert delay <= ptime_ms * 8
    assert np.array_equal(heard, stream[1600 - delay : 1600 - delay + len(heard)])


def test_packets_out_of_order_within_a_tick_are_put_in_order(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(4)
    first, second, third, fourth = (phone.packet(frame) for frame in frames)
    assert same(play(phone, [[first, third, second], [fourth], [], []])[:4], frames)


def test_a_duplicate_changes_nothing(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(6)
    packets = [phone.packet(frame) for frame in frames]
    arriving = [[packet, packet] if n % 2 else [packet, *packets[:n]] for n, packet in enumerate(packets)]
    assert same(play(phone, arriving), frames)
    assert phone.count("duplicate") == 3 + 2 + 4
    assert phone.count("late") == 0


def test_sequence_numbers_and_timestamps_wrap_unheard(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(6)
    phone.sequence, phone.timestamp = 65533, 2**32 - 400
    assert same(play(phone, [[phone.packet(frame)] for frame in frames]), frames)


def test_a_late_packet_is_played_whole_and_the_delay_grows_by_20_ms(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(8)
    packets = [phone.packet(frame) for frame in frames]
    taken = play(phone, [[packets[0]], [packets[1]], [], [packets[2], packets[3]], *([p] for p in packets[4:])])
    assert same(taken[:2], frames[:2])
    assert phone.count("late") == 0
    assert 0 < phone.count("concealed_samples") <= FRAME
    assert np.array_equal(taken[3][40:], frames[2][40:]), "after 4 ms of cross-fade"
    assert same(taken[4:], frames[3:7])


def test_the_delay_does_not_grow_above_its_ceiling(studio: Studio) -> None:
    phone, frames = studio.phone(1, jitter_buffer="small"), voice(60)
    packets = [phone.packet(frame) for frame in frames]
    arriving: list[list[RtpPacket]] = [[packet] for packet in packets[:20]]
    arriving += [[], [], [packets[20], packets[21], packets[22]], *([packet] for packet in packets[23:50])]
    taken = play(phone, arriving)
    late_by = next(d for d in range(4) if np.array_equal(taken[-1], frames[len(taken) - 1 - d]))
    assert late_by <= 1
    assert phone.count("late") >= 1


def test_without_a_jitter_buffer_late_packets_are_lost(studio: Studio) -> None:
    phone, frames = studio.phone(1, jitter_buffer="off"), voice(6)
    packets = [phone.packet(frame) for frame in frames]
    taken = play(phone, [[packets[0]], [], [packets[1], packets[2]], *([p] for p in packets[3:])])
    assert phone.count("late") == 1
    assert same(taken[3:], frames[3:])


def test_the_delay_shrinks_again_when_the_network_is_calm(studio: Studio) -> None:
    phone = studio.phone(1)
    frames = [frame // 100 for frame in voice(500)]
    packets = [phone.packet(frame) for frame in frames]
    play(phone, [[packets[0]], [], [packets[1], packets[2]]])
    taken = play(phone, [[packet] for packet in packets[3:]])
    assert np.array_equal(taken[0], coded(frames[2])), "20 ms late at first"
    assert np.array_equal(taken[-1], coded(frames[-1])), "on time at last"


def test_a_lost_packet_is_concealed_by_what_was_before(studio: Studio) -> None:
    phone = studio.phone(1)
    packets = [phone.packet(hum(200, 160 * n)) for n in range(8)]
    taken = play(phone, [[p] if n != 4 else [] for n, p in enumerate(packets)])
    assert notes(taken[4]) >= {200}
    assert np.abs(taken[4].astype(int) - hum(200)).max() < 1200, "the tone goes on, a little softer"
    assert phone.count("concealed_samples") == FRAME
    assert np.array_equal(taken[6], coded(hum(200)))


def test_a_sender_that_stops_fades_to_silence_within_60_ms(studio: Studio) -> None:
    phone = studio.phone(1, hums=200)
    studio.tick(5)
    phone.hums = None
    peaks = [int(np.abs(frame.astype(int)).max()) for frame in play(phone, [[]] * 5)]
    assert 3010 >= peaks[0] > peaks[1] > peaks[2] > 0
    assert peaks[3:] == [0, 0]


def test_a_pause_on_purpose_leaves_no_artefact(studio: Studio) -> None:
    """Silence suppression: timestamps go on, sequence numbers do not (RFC 3551 section 4.1)."""
    phone, frames = studio.phone(1), voice(6)
    silence = np.zeros(FRAME, np.int16)
    taken = play(phone, [[phone.packet(frame)] for frame in [*frames[:3], silence]] + [[]] * 50)
    assert not any(frame.any() for frame in taken[3:])
    phone.timestamp += 50 * FRAME
    taken = play(phone, [[phone.packet(frame, marker=n == 0)] for n, frame in enumerate(frames[3:])])
    assert np.array_equal(taken[0][40:], frames[3][40:])
    assert same(taken[1:], frames[4:])
    assert phone.count("late") == phone.count("concealed_samples") - 479 == 0


def test_a_clock_that_stood_still_in_a_pause_is_followed_at_once(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(6)
    play(phone, [[phone.packet(frame)] for frame in frames[:3]] + [[]] * 50)
    taken = play(phone, [[phone.packet(frame)] for frame in frames[3:]])
    assert np.array_equal(taken[0][40:], frames[3][40:])
    assert same(taken[1:], frames[4:])


@pytest.mark.parametrize("jump", [100_000, -100_000, 2**31])
def test_a_timestamp_that_jumps_is_followed_at_once(studio: Studio, jump: int) -> None:
    phone, frames = studio.phone(1), voice(6)
    play(phone, [[phone.packet(frame)] for frame in frames[:3]])
    phone.timestamp = (phone.timestamp + jump) % 2**32
    assert same(play(phone, [[phone.packet(frame)] for frame in frames[3:]]), frames[3:])
    assert phone.count("resynced") == 1


def test_a_burst_after_a_stall_does_not_leave_a_long_delay(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(150)
    packets = [phone.packet(frame) for frame in frames]
    play(phone, [[packet] for packet in packets[:10]])
    taken = play(phone, [[]] * 20 + [packets[10:31]] + [[packet] for packet in packets[31:]])
    late_by = next(d for d in range(30) if np.array_equal(taken[-1], frames[-1 - d]))
    assert late_by <= 3


def test_a_sender_that_runs_ahead_is_caught_up_with(studio: Studio) -> None:
    """300 ms at once, then 20 ms every 20 ms: within two seconds the delay is back under its ceiling."""
    phone, frames = studio.phone(1), voice(150)
    packets = [phone.packet(frame) for frame in frames]
    taken = play(phone, [packets[:15], *([packet] for packet in packets[15:])])
    said = np.concatenate(frames)
    late_by = next(d for d in range(30 * FRAME) if np.array_equal(taken[-1], said[len(said) - FRAME - d :][:FRAME]))
    assert late_by <= 3 * FRAME + 32, "what is less than 4 ms over is let be"
    assert phone.count("concealed_samples") == 0


def test_a_new_ssrc_is_followed_with_its_second_packet(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(6)
    play(phone, [[phone.packet(frame)] for frame in frames[:3]])
    phone.ssrc, phone.sequence, phone.timestamp = 99, 7, 7
    taken = play(phone, [[phone.packet(frame)] for frame in frames[3:]])
    assert np.array_equal(taken[1][40:], frames[4][40:])
    assert same(taken[2:], frames[5:])
    assert phone.count("stray") == 1


def test_a_new_ssrc_after_silence_is_followed_at_once(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(4)
    play(phone, [[phone.packet(frames[0])]] + [[]] * 15)
    phone.ssrc, phone.sequence, phone.timestamp = 99, 7, 7
    taken = play(phone, [[phone.packet(frame)] for frame in frames[1:]])
    assert same(taken[1:], frames[2:])
    assert phone.count("stray") == 0


def test_strays_of_many_streams_do_not_interrupt_a_living_one(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(20)
    taken = []
    for n, frame in enumerate(frames):
        stray = RtpPacket(0, 500 * n % 65536, 0, 1_000_000 + n, bytes(FRAME))
        taken += play(phone, [[phone.packet(frame), stray]])
    assert same(taken, frames)
    assert phone.count("stray") == 20


def test_what_comes_while_the_leg_is_not_to_receive_is_dropped(studio: Studio) -> None:
    phone = studio.phone(1, receives=False)
    play(phone, [[phone.packet(frame)] for frame in voice(2)])
    assert not phone.said().any()
    assert phone.count("unwanted") == 2


def test_comfort_noise_ends_a_talkspurt_without_concealment(studio: Studio) -> None:
    phone, frames = studio.phone(1), voice(2)
    play(phone, [[phone.packet(frame)] for frame in frames])
    noise = RtpPacket(13, phone.sequence, phone.timestamp, phone.ssrc, b"\x40")
    assert not play(phone, [[noise]])[0].any()
