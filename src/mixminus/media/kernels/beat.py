"""A lane's beat, in the order in which it is done: whose turn it is, what they say, what they hear, what departs."""

from typing import Final, NamedTuple

from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import Packets, Planes
from mixminus.media.kernels.accept import accept
from mixminus.media.kernels.mix import mix
from mixminus.media.kernels.packetise import packetise
from mixminus.media.kernels.playout import playout
from mixminus.media.kernels.record import record
from mixminus.media.kernels.turns import Turns, channels_due, legs_due, players_due, rooms_due
from mixminus.media.kernels.views import Layout, view
from mixminus.media.shared_state import Audience
from mixminus.media.state import (
    I16,
    I32,
    I64,
    U8,
    Edges,
    Happenings,
    Inbox,
    Line,
    Mixing,
    Outbox,
    PlayerRows,
    Reception,
    RecorderRows,
    Segments,
    Taps,
    Transmission,
)

ROOMS, LEGS, PLAYERS, CHANNELS = range(4)
"""Columns of `Due.counts`, and of how many rows there are to choose from."""


class Due(NamedTuple):
    """Rows of whoever is served in this beat: the first `counts` of each list."""

    rooms: I32
    legs: I32
    players: I32
    channels: I32
    counts: I64


class Actives(NamedTuple):
    """Rows in use: the first `counts` of each list."""

    rooms: I32
    legs: I32
    players: I32
    channels: I32
    counts: I64


class Buses(NamedTuple):
    """By room."""

    narrow: I32


class Space(NamedTuple):
    """What kernels write and nobody reads later."""

    work: I16
    total: I32


class Codes(NamedTuple):
    """G.711's tables, by codec."""

    decodings: I16
    encodings: U8


LAYOUT: Final = Layout(
    actives=Actives,
    due=Due,
    line=Line,
    reception=Reception,
    transmission=Transmission,
    mixing=Mixing,
    packets=Packets,
    planes=Planes,
    leg_turns=Turns,
    room_turns=Turns,
    channel_turns=Turns,
    buses=Buses,
    audience=Audience,
    edges=Edges,
    players=PlayerRows,
    segments=Segments,
    recorders=RecorderRows,
    taps=Taps,
    inbox=Inbox,
    outbox=Outbox,
    happenings=Happenings,
    space=Space,
    codes=Codes,
)
"""Of a lane's table."""

AT: Final = LAYOUT.places()


@kernel
def choose_rooms(table: I64, now: int, beats: int, lane: int) -> int:
    """Whose turn it is, of the rooms. Returns how many."""
    actives, due = view(Actives, table, AT.actives), view(Due, table, AT.due)
    turns = view(Turns, table, AT.room_turns)
    due.counts[ROOMS] = rooms_due(actives.rooms, actives.counts[ROOMS], turns, now, beats, lane, due.rooms)
    return int(due.counts[ROOMS])


@kernel
def choose(table: I64, now: int, beats: int, lane: int) -> int:
    """Whose turn it is, of all others. Returns how many legs."""
    actives, due = view(Actives, table, AT.actives), view(Due, table, AT.due)
    leg_turns, room_turns = view(Turns, table, AT.leg_turns), view(Turns, table, AT.room_turns)
    due.counts[LEGS] = legs_due(
        actives.legs, actives.counts[LEGS], leg_turns, room_turns, view(Mixing, table, AT.mixing),
        view(Planes, table, AT.planes), now, beats, lane, due.legs,
    )  # fmt: skip
    due.counts[PLAYERS] = players_due(
        actives.players, actives.counts[PLAYERS], view(PlayerRows, table, AT.players), leg_turns, room_turns,
        now, lane, due.players,
    )  # fmt: skip
    due.counts[CHANNELS] = channels_due(
        actives.channels, actives.counts[CHANNELS], view(RecorderRows, table, AT.recorders),
        view(Turns, table, AT.channel_turns), leg_turns, room_turns, now, beats, lane, due.channels,
    )  # fmt: skip
    return int(due.counts[LEGS])


@kernel
def take_in(table: I64, arrived: int, tick: int, offset: int) -> None:
    """From packets to what everybody says. `offset`: of this beat in its tick, in samples."""
    due, line, reception = view(Due, table, AT.due), view(Line, table, AT.line), view(Reception, table, AT.reception)
    happenings = view(Happenings, table, AT.happenings)
    accept(
        view(Inbox, table, AT.inbox), arrived, line, reception, view(Packets, table, AT.packets), happenings,
        view(Codes, table, AT.codes).decodings, tick, offset,
    )  # fmt: skip
    playout(
        due.legs, due.counts[LEGS], line, reception, view(Mixing, table, AT.mixing), happenings,
        view(Space, table, AT.space).work,
    )  # fmt: skip


@kernel
def mix_and_record(table: I64) -> None:
    """From what everybody says to what everybody hears, and recordings keep."""
    due, space = view(Due, table, AT.due), view(Space, table, AT.space)
    bus, mixing = view(Buses, table, AT.buses).narrow, view(Mixing, table, AT.mixing)
    mix(
        due.rooms, due.counts[ROOMS], due.legs, due.counts[LEGS], due.players, due.counts[PLAYERS], bus,
        view(Audience, table, AT.audience), mixing,
        view(Edges, table, AT.edges), view(Line, table, AT.line), view(PlayerRows, table, AT.players),
        view(Segments, table, AT.segments), view(Happenings, table, AT.happenings), space.work, space.total,
    )  # fmt: skip
    record(
        due.channels, due.counts[CHANNELS], view(RecorderRows, table, AT.recorders), view(Taps, table, AT.taps), bus,
        mixing, space.total,
    )  # fmt: skip


@kernel
def send_off(table: I64, departing: int) -> int:
    """From what everybody hears to packets, behind *departing* others. Returns how many there are then."""
    due = view(Due, table, AT.due)
    return packetise(
        due.legs, due.counts[LEGS], view(Line, table, AT.line), view(Transmission, table, AT.transmission),
        view(Mixing, table, AT.mixing), view(Audience, table, AT.audience), view(Outbox, table, AT.outbox), departing,
        view(Codes, table, AT.codes).encodings,
    )  # fmt: skip
