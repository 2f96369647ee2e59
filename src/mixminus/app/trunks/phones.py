"""How a user's phones are rung: by preference, each once, by another flow if one fails (RFC 3261 16.6, 5626 5.3)."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from mixminus.app.calls.line import Unlimited
from mixminus.app.trunks.attempts import Attempt, Calling, Destination, Hop
from mixminus.sip.messages.routing import routed
from mixminus.sip.registrar.registrar import Binding, Phone

RING_S: Final = 20.0
"""How long phones ring before those of a lower `q` ring instead."""


class ByPreference(Unlimited):
    """Phones of the same `q` ring together; the next ones when these refuse, or do not answer in time."""

    def __init__(self, phones: tuple[Phone, ...], calling: Calling) -> None:
        self._groups = [
            tuple(Destination(hops_to(phone), calling) for phone in group)
            for _, group in groupby(phones, lambda phone: phone.q)
        ]

    def attempts(self) -> Iterator[Attempt]:
        for group in self._groups:
            is_last = group is self._groups[-1]
            yield Attempt(group, ring_s=None if is_last else RING_S, stands_for_all=False)

    def leave(self) -> None:
        """There is always room."""


def hops_to(phone: Phone) -> tuple[Hop, ...]:
    """Its flows, the newest first."""
    return tuple(_hop_by(flow) for flow in phone.flows)


def _hop_by(flow: Binding) -> Hop:
    """Through the proxies that it came through (RFC 3327 5.3), or back to where it came from: behind a NAT there is
    no other way.
    """
    if flow.path:
        return Hop(flow.uri, routed(flow.uri, flow.path).next_uri or flow.source, flow.path)
    return Hop(flow.uri, flow.source)
