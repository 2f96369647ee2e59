"""`<Connect><Stream>`: the call is an agent's, alone or in the conferences that both are moved to."""

import asyncio

from mixminus.app.conferences.sitting import leave, sit
from mixminus.app.documents.stage import Stage
from mixminus.calls.streams import StreamWish
from mixminus.streams.contract import StreamError


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
    """With the stream that is here, or in the conference where both were moved, as often as that changes.

    It is over when there is neither: the stream has ended or gone elsewhere, or a conference let the call go.
    """
    streams, company = stage.services.streams, stage.services.streams.company
    company.keep(stage)
    try:
        while True:
            if (seat := company.seat(stage)) is not None:
                await sit(stage, seat)
                if company.seat(stage) is seat:
                    company.sits(stage, None)
            elif (held := streams.at(stage)) is not None:
                fault = await streams.stay(stage, held)
                if held.place is stage:
                    stage.agent_gone(fault)
            else:
                return
    except asyncio.CancelledError:
        forsake(stage)
        raise
    finally:
        company.forget(stage)


def forsake(stage: Stage) -> None:
    """The call ends, or does something else: also what nobody has taken notice of yet."""
    streams = stage.services.streams
    if (seat := streams.company.forget(stage)) is not None:
        leave(stage, seat)
    if (held := streams.at(stage)) is not None:
        streams.end(held)
