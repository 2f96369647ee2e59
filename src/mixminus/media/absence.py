"""What commands are answered with while there is no worker: nobody may wait for an answer that never comes."""

from collections.abc import Iterable

from mixminus.media.contract import (
    AskStatistics,
    Command,
    DigitsSent,
    Event,
    LegRefused,
    OpenLeg,
    Play,
    PlayerFinished,
    RecordingStopped,
    SendDigits,
    StartRecording,
    Statistics,
)
from mixminus.media.figures import WorkerHealth


def answers_of_nobody(commands: Iterable[Command], reason: str) -> tuple[Event, ...]:
    """One event for each command that the contract answers; the others change what is gone anyway."""
    return tuple(event for command in commands if (event := _answer(command, reason)) is not None)


def _answer(command: Command, reason: str) -> Event | None:
    match command:
        case OpenLeg(leg):
            return LegRefused(leg, reason)
        case AskStatistics(query):
            return Statistics(query, WorkerHealth())
        case Play(player):
            return PlayerFinished(player, reason)
        case SendDigits(leg):
            return DigitsSent(leg)
        case StartRecording(recording):
            return RecordingStopped(recording, 0, 0, True, reason)
        case _:
            return None
