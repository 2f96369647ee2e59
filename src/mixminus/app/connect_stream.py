"""`<Connect><Stream>`: the call is an agent's, alone or in the conferences that both are moved to."""

from mixminus.app.conference_seat import ConferenceSeat
from mixminus.app.sitting import sit
from mixminus.app.stage import Stage
from mixminus.calls.streams import StreamWish
from mixminus.streams.contract import Fault, StreamError


async def connect_stream(stage: Stage, wish: StreamWish) -> None:
    """Returns when the call goes on without the agent. What goes wrong is told, and never raised."""
    try:
        stage.services.streams.connect(stage, wish)
    except StreamError as error:
        stage.warn(error.code, error.message)
        stage.agent_gone(error.fault)
    else:
        await converse(stage)


async def converse(stage: Stage) -> None:
    """With the stream that is here. If both go to a conference, the call is back when that lets it go.

    It is over when the stream is, or has gone elsewhere, and when the call comes back without it.
    """
    streams = stage.services.streams
    while (held := streams.at(stage)) is not None:
        outcome = await streams.stay(stage, held)
        match outcome:
            case ConferenceSeat():
                await sit(stage, outcome)
            case Fault() | None if held.place is stage:
                stage.agent_gone(outcome)
