"""A lane's system calls: what the beat's legs were sent, and what they are sent."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.address_state import FarHosts
from mixminus.media.kernels.beat import AT, LEGS, Due, choose, mix_and_record, send_off, take_in
from mixminus.media.kernels.udp import Scratch, Sockets, receive, send
from mixminus.media.kernels.views import Layout, view
from mixminus.media.state import I64, Inbox, Line, Outbox, Reception

SHELL: Final = Layout(sockets=Sockets, far=FarHosts, scratch=Scratch)
"""Of the table of a lane's shell."""
IN_SHELL: Final = SHELL.places()


@kernel
def receive_due(table: I64, shell: I64, tick: int, due_ns: int, is_late: bool) -> int:
    """Fill the lane's inbox. Returns how many packets came. `due_ns`: when the beat was to begin."""
    due = view(Due, table, AT.due)
    return receive(
        due.legs,
        due.counts[LEGS],
        view(Sockets, shell, IN_SHELL.sockets),
        view(Line, table, AT.line),
        view(Reception, table, AT.reception),
        view(FarHosts, shell, IN_SHELL.far),
        view(Inbox, table, AT.inbox),
        view(Scratch, shell, IN_SHELL.scratch),
        tick,
        due_ns,
        is_late,
    )


@kernel
def send_departing(table: I64, shell: I64, departing: int) -> None:
    """Empty the lane's outbox."""
    outbox, sockets = view(Outbox, table, AT.outbox), view(Sockets, shell, IN_SHELL.sockets)
    far, scratch = view(FarHosts, shell, IN_SHELL.far), view(Scratch, shell, IN_SHELL.scratch)
    send(outbox, departing, sockets, far, scratch)


@kernel
def serve_plainly(
    table: I64, shell: I64, now: int, beats: int, lane: int, tick: int, offset: int, due_ns: int, is_late: bool
) -> int:
    """All of a lane's beat, when the interpreter has no part in it. Returns how many packets came."""
    choose(table, now, beats, lane)
    arrived = receive_due(table, shell, tick, due_ns, is_late)
    take_in(table, arrived, tick, offset)
    mix_and_record(table)
    send_departing(table, shell, send_off(table, 0))
    return arrived
