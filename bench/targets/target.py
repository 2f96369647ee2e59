"""What the benchmark wants from a server."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


class TargetFailed(Exception):
    """The server did not start, or refused what the benchmark needs."""


class Target(Protocol):
    """A conference server under test. Its adapter alone knows how it is started and how a room is dialled."""

    async def start(self, rooms: int) -> tuple[str, int]:
        """Start a fresh server with *rooms* empty rooms and return its SIP address (UDP)."""

    def pids(self) -> list[int]:
        """Return the processes whose CPU counts, with all their descendants."""

    def dial_string(self, room: int) -> str:
        """Return the user part of the request-URI that leads to a room."""

    async def stop(self) -> None:
        """End the server."""


@runtime_checkable
class Steered(Target, Protocol):
    """A target whose participants can be changed while they talk."""

    async def change(self, leg_name: str, form: Mapping[str, str]) -> tuple[int, int]:
        """Change the participant who called as *leg_name* by the Participants API's parameters.

        Returns when the request was sent and when its answer had arrived, ns since 1970.
        """

    def call_sid(self, leg_name: str) -> str:
        """Return the SID of the call that came from *leg_name*."""


@runtime_checkable
class Tunable(Target, Protocol):
    """A target that can be set up in more than one way."""

    def tune(self, wish: str) -> None:
        """Grant one of the wishes of `bench.shapes` at the next start; raises `TargetFailed` when it cannot."""
