"""G.722 from the ring to the queue. It holds an octet for each tick of the RTP clock, which is two samples."""

from mixminus.audio import g722
from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import BLEND_SAMPLES, FADE_SAMPLES, faded, pitch_lag
from mixminus.media.coded_state import Coders
from mixminus.media.kernels.playout import LONGEST_RUN, samples_ready
from mixminus.media.kernels.queue import end_of_queue
from mixminus.media.state import CONCEALED, HOLE, RING_SAMPLES, Line, Reception


@kernel
def decode_ready(reception: Reception, coders: Coders, slot: int, most: int) -> bool:
    """Decode what follows without a hole, up to so many octets; False if there is none."""
    ring, decode_at = reception.ring[slot], coders.decode_at[slot]
    ready = samples_ready(ring, decode_at, most)
    run, lag, blend = int(reception.hole_run[slot]), int(reception.lag[slot]), int(reception.blend[slot])
    queue, decoder = coders.queue[slot], coders.g722_decoder[slot]
    at = end_of_queue(coders, slot)
    for n in range(ready):
        place = (decode_at + n) & (RING_SAMPLES - 1)
        g722.decode_octet(decoder, int(ring[place]), queue[at : at + g722.SAMPLES_PER_OCTET])
        ring[place] = HOLE
        if run > 0:
            for i in range(at, at + g722.SAMPLES_PER_OCTET):
                gone_on = faded(int(queue[i - 2 * lag]), lag, run + BLEND_SAMPLES + 1 - blend)
                queue[i] = (gone_on * blend + int(queue[i]) * (BLEND_SAMPLES - blend)) // BLEND_SAMPLES
            blend = max(0, blend - 1)
            run = run if blend > 0 else 0
        at += g722.SAMPLES_PER_OCTET
    if ready > 0:
        reception.hole_run[slot], reception.blend[slot] = run, blend
    coders.queued[slot] += ready * g722.SAMPLES_PER_OCTET
    coders.decode_at[slot] = (decode_at + ready) & 0xFFFFFFFF
    return bool(ready > 0)


@kernel
def make_up_octets(line: Line, reception: Reception, coders: Coders, slot: int, octets: int) -> None:
    """Lengthen the queue by what might have been there: the last pitch period, fading out."""
    run, lag = int(reception.hole_run[slot]), int(reception.lag[slot])
    queue = coders.queue[slot]
    at = end_of_queue(coders, slot)
    if run == 0:
        # The pitch is looked for at 8 kHz: every other sample is enough for it.
        lag, voiced = pitch_lag(queue[at & 1 :: 2], at >> 1)
        reception.lag[slot], reception.voiced[slot] = lag, voiced
    for _ in range(octets):
        run += 1
        for i in range(at, at + g722.SAMPLES_PER_OCTET):
            queue[i] = faded(int(queue[i - 2 * lag]), lag, run)
        at += g722.SAMPLES_PER_OCTET
        line.counters[slot, CONCEALED] += run < FADE_SAMPLES
    reception.hole_run[slot], reception.blend[slot] = min(run, LONGEST_RUN), BLEND_SAMPLES
    coders.queued[slot] += octets * g722.SAMPLES_PER_OCTET


@kernel
def bridge_octets(line: Line, reception: Reception, coders: Coders, slot: int, most: int) -> None:
    """Fill the hole that is due, or so much of it."""
    ring, decode_at = reception.ring[slot], coders.decode_at[slot]
    missing = 1
    while missing < most and ring[(decode_at + missing) & (RING_SAMPLES - 1)] == HOLE:
        missing += 1
    make_up_octets(line, reception, coders, slot, missing)
    coders.decode_at[slot] = (decode_at + missing) & 0xFFFFFFFF
