"""Serves agents: a WebSocket that any Media Streams server connects to."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import structlog
from loguru import logger as pipecat_logger
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from mixminus.agents.description import Agent
from mixminus.agents.io.conversation import Conversation, Models
from mixminus.agents.io.recogniser import Recogniser
from mixminus.agents.io.voice import Voice
from mixminus.agents.start import Api, BadStart, Start, api_of, read_start
from mixminus.tools.conference import NoRoom, OnTheCall, Room, conference_tools
from mixminus.tools.contract import ToolStore
from mixminus.tools.io.backplane import Backplane, World
from mixminus.tools.io.twilio_room import TellingHttpClient, TwilioRoom
from mixminus.tools.toolbox import Toolbox
from mixminus.webhooks.signing import signature

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.agent")

START_WITHIN_S: Final = 10.0
TRY_AGAIN: Final = 1013
"""Close codes (RFC 6455, 7.4.1, and IANA's registry): overload, policy, and no Media Stream."""
POLICY: Final = 1008
NOT_A_STREAM: Final = 1002


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may connect: so many at once, and with *auth_token* only who signs the upgrade with it."""

    at_once: int = 8
    auth_token: str = ""
    public_url: str = ""
    """What the signature was made over, `wss://agent.example.com`; else what the request's `Host` says."""


class AgentServer:
    """An agent, for as many calls at once as the gate lets in.

    `async with AgentServer(…) as server`, then `server.app`. *environment* holds the address and the keys of REST, and those of model services.
    """

    def __init__(
        self,
        agent: Agent,
        own_tools: Toolbox,
        store: ToolStore,
        world: World,
        gate: Gate,
        environment: Mapping[str, str],
    ) -> None:
        self._agent = agent
        self._environment = environment
        self._own_tools = own_tools
        self._store = store
        self._world = world
        self._gate = gate
        self._calls = 0
        self.app = Starlette(routes=[Route("/healthz", self._health), WebSocketRoute("/{path:path}", self._stream)])

    async def __aenter__(self) -> Self:
        """Load and warm what all calls share."""
        pipecat_logger.disable("pipecat")  # its lines hold what callers say
        folder = self._agent.listening.moonshine
        self._models = Models(Recogniser(Path(folder) if folder else None), Voice())
        await self._models.voice.say("Hello.", self._agent.voice)
        log.info("agent_ready", agent=self._agent.name, recogniser=self._models.recogniser.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._models.recogniser.close()
        await self._models.voice.close()

    async def _health(self, _: Request) -> Response:
        return PlainTextResponse(f"{self._calls} calls\n")

    async def _stream(self, websocket: WebSocket) -> None:
        if not self._signed(websocket):
            log.warning("stream_not_signed")
            await websocket.close(POLICY)
            return
        await websocket.accept()
        if self._calls >= self._gate.at_once:
            log.warning("stream_refused", calls=self._calls)
            await websocket.close(TRY_AGAIN)
            return
        self._calls += 1
        try:
            await self._talk(websocket, await _start_of(websocket))
        except (BadStart, TimeoutError) as error:
            log.warning("not_a_media_stream", error=str(error))
            await websocket.close(NOT_A_STREAM)
        except WebSocketDisconnect:
            pass  # it left before it had begun
        finally:
            self._calls -= 1

    async def _talk(self, websocket: WebSocket, start: Start) -> None:
        with structlog.contextvars.bound_contextvars(call_sid=start.call_sid, stream_sid=start.stream_sid):
            api = api_of(start, self._environment)
            who = OnTheCall(start.call_sid, self._agent.on_call, self._agent.from_number)
            built_in = conference_tools(_room(start, api), who, self._world.sleep)
            tools = Toolbox(built_in, self._own_tools)
            async with Backplane(tools, self._store, self._world) as backplane:
                log.info("call_began", session=start.session)
                await Conversation(self._agent, self._models, start, websocket, backplane).run()
                log.info("call_ended")

    def _signed(self, websocket: WebSocket) -> bool:
        """Media Streams sign the upgrade over the wss URL (twiml-and-streams.md, 4.2)."""
        if not self._gate.auth_token:
            return True
        base = self._gate.public_url or f"wss://{websocket.headers.get('host', '')}"
        expected = signature(self._gate.auth_token, base.rstrip("/") + websocket.url.path)
        return hmac.compare_digest(expected, websocket.headers.get("x-twilio-signature", ""))


async def _start_of(websocket: WebSocket) -> Start:
    """`connected` and then `start`. Raises `BadStart`, TimeoutError, `WebSocketDisconnect`."""
    async with asyncio.timeout(START_WITHIN_S):
        await websocket.receive_text()  # `connected`
        return read_start(await websocket.receive_text())


def _room(start: Start, api: Api | None) -> Room:
    if api is None:
        return NoRoom("no address and key of the REST API are known")
    transport = TellingHttpClient(AsyncTwilioHttpClient(timeout=5))
    client = Client(api.username, api.password, api.account_sid, http_client=transport)
    if api.url:
        client.api.base_url = api.url
    return TwilioRoom(client, start.call_sid, start.conference)
