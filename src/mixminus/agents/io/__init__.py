"""Shells of the agent runtime: the WebSocket, the speech pipeline, and the services it uses. Needs `mixminus[ai]`."""

from contextlib import suppress

with suppress(ModuleNotFoundError):  # a file that describes an agent can be read without the extra
    from loguru import logger

    logger.disable("pipecat")  # its lines hold what callers say; before it is imported, so that none is written
