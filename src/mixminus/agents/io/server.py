"""Serves agents: a WebSocket that any Media Streams server connects to."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from mixminus.agents.description import Agent, BadAgent, Kind
from mixminus.agents.io.conversation import Conversation, Told, Using
from mixminus.agents.io.realtime_call import RealtimeCall
from mixminus.agents.start import BadStart, Start, api_of, read_start
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
BROKEN: Final = 1011


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may connect: so many at once, and with *auth_token* only who signs the upgrade with it."""

    at_once: int = 8
    auth_token: str = ""
    public_url: str = ""
    """What the signature was made over, `wss://agent.example.com`; else what the request's `Host` says."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an agent has around it: memory, time, and a room for each stream."""

    using: Using
    store: ToolStore
    world: World
    room_of: Callable[[Start], Room]
    ended: Callable[[Start, Told], None] = lambda start, told: None
    """Is told what was said in a call when it is over."""


class AgentServer:
    """An agent, for as many calls at once as the gate lets in; `app` is the ASGI application."""

    def __init__(self, agent: Agent, own_tools: Toolbox, around: Surroundings, gate: Gate) -> None:
        self._agent = agent
        self._own_tools = own_tools
        self._around = around
        self._gate = gate
        self._calls = 0
        routes = [Route("/healthz", self._health), WebSocketRoute("/{path:path}", self._stream)]
        self.app = Starlette(routes=routes)

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
        except BadAgent as error:
            log.error("agent_cannot_talk", agent=self._agent.name, error=str(error))
            await websocket.close(BROKEN)
        except WebSocketDisconnect:
            pass  # it left before it had begun
        finally:
            self._calls -= 1

    async def _talk(self, websocket: WebSocket, start: Start) -> None:
        who = OnTheCall(start.call_sid, self._agent.on_call, self._agent.from_number)
        built_in = conference_tools(self._around.room_of(start), who, self._around.world.sleep)
        tools = Toolbox(built_in.only(self._agent.tools), self._own_tools)
        async with Backplane(tools, self._around.store, self._around.world) as backplane:
            log.info("call_began", call_sid=start.call_sid, session=start.session)
            told = await self._conversation(start, websocket, backplane).run()
            self._around.ended(start, told)
            log.info("call_ended", call_sid=start.call_sid)

    def _conversation(self, start: Start, websocket: WebSocket, tools: Backplane) -> Conversation | RealtimeCall:
        using = self._around.using
        if self._agent.kind is Kind.REALTIME:
            return RealtimeCall(self._agent, using, start, websocket, tools, self._around.world)
        return Conversation(self._agent, using, start, websocket, tools)

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
        await _text_of(websocket)  # `connected`
        return read_start(await _text_of(websocket))


async def _text_of(websocket: WebSocket) -> str:
    """A text message; a binary one is none of a Media Stream's. Raises `BadStart`, `WebSocketDisconnect`."""
    try:
        return await websocket.receive_text()
    except KeyError:
        raise BadStart("the stream did not begin with text") from None


def room_from(environment: Mapping[str, str], start: Start) -> Room:
    """The room of a stream, reached with the keys it brings, or those of *environment*."""
    api = api_of(start, environment)
    if api is None:
        return NoRoom("no address and key of the REST API are known")
    transport = TellingHttpClient(AsyncTwilioHttpClient(timeout=5))
    client = Client(api.username, api.password, api.account_sid, http_client=transport)
    if api.url:
        client.api.base_url = api.url
    return TwilioRoom(client, start.call_sid, start.conference)
