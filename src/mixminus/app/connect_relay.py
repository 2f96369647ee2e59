"""`<Connect><ConversationRelay>`: the call is an application's until one of them ends it."""

import asyncio

from mixminus.app.interrupted import Interrupted
from mixminus.app.stage import Stage
from mixminus.twiml.effects import RelayAttributes, Relayed


async def connect_relay(stage: Stage, said: RelayAttributes) -> Relayed:
    """Returns when the application has ended it, or it failed; the call goes on then."""
    await stage.answer()
    session = stage.services.relays.prepare(stage, said)
    try:
        await session.run()
    except asyncio.CancelledError as cancellation:
        raise Interrupted(session.result()) from cancellation
    return session.result()
