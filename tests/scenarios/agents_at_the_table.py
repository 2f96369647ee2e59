"""Agents in a conference, each with an application and a voice of its own."""

import asyncio
import json
from typing import Any

from tests.scenarios.cast import NUMBER, Scene
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from mixminus.testing.rest import AsgiHttpClient
from mixminus.testing.stream_agent import StreamAgent, StreamConversation


def url_of(name: str) -> str:
    return f"wss://{name}.example.com/media"


def connect(name: str, **attributes: str) -> str:
    """`<Connect><Stream>`; attributes are written as they are: ours are not in the SDK."""
    written = "".join(f' {attribute}="{value}"' for attribute, value in attributes.items())
    return f'<Response><Connect><Stream url="{url_of(name)}"{written}/></Connect></Response>'


async def post(scene: Scene, path: str, **form: Any) -> dict[str, Any]:
    """A POST with parameters that the SDK does not know. Raises what the SDK raises."""
    url = f"https://api.twilio.com/2010-04-01/Accounts/{scene.world.account_sid}{path}.json"
    answer = await scene.twilio.request_async("POST", url, data=form)
    said: dict[str, Any] = json.loads(answer.text)
    if answer.status_code >= 400:
        raise TwilioRestException(answer.status_code, url, said["message"], said["code"])
    return said


async def application(scene: Scene, name: str, document: str) -> str:
    """Its address."""
    scene.app.answers(f"/{name}", document)
    made = await scene.twilio.applications.create_async(friendly_name=name, voice_url=scene.world.url(f"/{name}"))
    return f"app:{made.sid}"


async def seat(
    scene: Scene, name: str, conference: str = "room", document: str | None = None, **form: Any
) -> tuple[str, StreamConversation]:
    """An agent is added to a conference by that name. Returns its call SID, and its stream."""
    agent: StreamAgent = scene.world.agents.at(url_of(name))
    number = len(agent.conversations)
    to = await application(scene, name, document or connect(name, reportRole="true"))
    added = await post(scene, f"/Conferences/{conference}/Participants", From=NUMBER, To=to, Beep="false", **form)
    talk = await agent.conversation(number)
    await asyncio.sleep(0.3)
    return str(added["call_sid"]), talk


def roles(talk: StreamConversation) -> list[dict[str, Any]]:
    """All that it was told of its role."""
    return [dict(message["role"]) for message in talk.said("role")]


def moderator(scene: Scene, told: Any) -> Any:
    """The official SDK with the key that a stream was given."""
    transport = AsgiHttpClient(scene.world.api)
    return Client(told["apiKey"], told["apiSecret"], scene.world.account_sid, http_client=transport)
