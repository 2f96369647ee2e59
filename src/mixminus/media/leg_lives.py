"""A leg comes, is agreed on, and goes: what each part of the engine is told of it, and in which order."""

from typing import TYPE_CHECKING

from mixminus.media.contract import LegOpened, LegRefused, SetLegMedia, WatchKeys
from mixminus.media.ports import NoPortError

if TYPE_CHECKING:
    from mixminus.media.engine import Engine


def open_leg(engine: "Engine", leg: int) -> LegOpened | LegRefused:
    """With a port of its own."""
    legs = engine.legs
    reason = "the leg is open already" if leg in legs.slots else _make_room(engine, 1)
    if reason is not None:
        return LegRefused(leg, reason)
    try:
        host, port = engine.ports.open(legs.open(leg))
    except NoPortError as error:
        legs.close(leg)
        return LegRefused(leg, str(error))
    return LegOpened(leg, host, port)


def open_pipe(engine: "Engine", leg: int, other: int) -> tuple[LegRefused, ...]:
    """Two legs that hear each other; refusals, if they cannot be had."""
    slots = engine.legs.slots
    taken = leg == other or leg in slots or other in slots
    reason = "the leg is open already" if taken else _make_room(engine, 2)
    if reason is not None:
        return LegRefused(leg, reason), LegRefused(other, reason)
    engine.legs.join(leg, other)
    return ()


def set_media(engine: "Engine", media: SetLegMedia) -> None:
    """What SDP says, to those who obey it, keys after the rest."""
    row = engine.legs.slots.row(media.leg)
    if row is None or not engine.legs.set_media(media):
        return
    engine.sealing.set_media(media)
    engine.handshakes.set_media(media)
    engine.wideband.sharing.seat(media.leg)
    engine.reports.enrol(media)
    if engine.legs.line.event_payload_type[row] < 0:
        engine.hearing.watch_keys(WatchKeys(media.leg, True))
    if not media.rtcp_mux:
        engine.ports.open_control(row)


def close_leg(engine: "Engine", leg: int) -> None:
    """All forget it before its row is anybody else's."""
    row = engine.legs.slots.row(leg)
    if row is None:
        return
    engine.players.stop_on(leg=leg)
    engine.digits.drop(leg)
    engine.hearing.forget(leg)
    engine.polishing.forget(leg)
    engine.reports.drop(leg)
    engine.handshakes.drop(leg)
    engine.sealing.forget(leg)
    engine.recorders.forget_leg(leg)
    engine.streaming.forget_leg(leg)
    engine.formatted.forget_leg(leg)
    engine.rooms.leave(leg)
    engine.ports.close(row)
    engine.legs.close(leg)


def _make_room(engine: "Engine", legs: int) -> str | None:
    """Grow if so many more legs need it. Returns why they cannot be had."""
    slots = engine.legs.slots
    if slots.count + legs > engine.max_legs:
        return f"there are {slots.count} legs already"
    if slots.count + legs > slots.capacity:
        capacity = max(2 * slots.capacity, slots.count + legs)
        engine.legs.grow(capacity)
        engine.sealing.grow(capacity)
        for lane in engine.lanes:
            lane.grow(capacity)
    return None
