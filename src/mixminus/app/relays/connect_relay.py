"""`<Connect><ConversationRelay>`: the call is an application's until one of them ends it."""

import asyncio

from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.stage import Stage
from mixminus.streams.contract import Fault
from mixminus.twiml.effects import RelayAttributes, Relayed


async def connect_relay(stage: Stage, said: RelayAttributes) -> Relayed:
    """Returns when the application has ended it, or it failed; the call goes on then.

    A leg that an application speaks for is answered when its WebSocket is up, as with `<Stream>`.
    """
    await stage.open()
    session = stage.services.relays.prepare(stage, said)
    try:
        await session.run()
    except asyncio.CancelledError as cancellation:
        raise Interrupted(session.result()) from cancellation
    relayed = session.result()
    stage.agent_gone(_fault(relayed))
    return relayed


def _fault(relayed: Relayed) -> Fault | None:
    if relayed.error_code is None:
        return None
    return Fault(relayed.error_code, relayed.error_message or "The session failed")
