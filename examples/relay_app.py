"""An opening-hours line in text: ConversationRelay against a Mixminus node or Twilio's cloud. It needs only aiohttp.

    export TWILIO_AUTH_TOKEN=…                        # `mixminus credentials` prints a node's
    export RELAY_URL=wss://relay.example.com/relay    # for a node on this machine ws://127.0.0.1:8767/relay
    python examples/relay_app.py

Point the voice URL of a number at http://127.0.0.1:8767/voice, and call it. Ask for the hours, or for a person.
"""

import base64
import hashlib
import hmac
import json
import os
from typing import Any
from xml.sax.saxutils import quoteattr

from aiohttp import WSMsgType, web

RELAY_URL = os.environ.get("RELAY_URL", "ws://127.0.0.1:8767/relay")
GREETING = "Hello. You can ask for our opening hours, our address, or a person."
ANSWERS = {
    ("hour", "open", "close", "when"): "We are open from eight to six, Monday to Friday.",
    ("address", "where", "street"): "You find us at twelve Mill Street, next to the station.",
}


def answer(said: str) -> str | None:
    """What to say; None: the caller wants a person."""
    words = said.lower()
    if any(word in words for word in ("person", "human", "somebody", "agent")):
        return None
    return next((text for cues, text in ANSWERS.items() if any(cue in words for cue in cues)), "Sorry? " + GREETING)


async def voice(request: web.Request) -> web.Response:
    relay = f"<ConversationRelay url={quoteattr(RELAY_URL)} welcomeGreeting={quoteattr(GREETING)}/>"
    twiml = f'<Response><Connect action="/after">{relay}</Connect></Response>'
    return web.Response(text=twiml, content_type="text/xml")


async def after(request: web.Request) -> web.Response:
    """The session is over: somebody wants a person, or something went wrong."""
    form = await request.post()
    handoff = json.loads(str(form.get("HandoffData") or "{}"))
    said = "I will put you through." if handoff.get("reason") == "person" else "Please call again later."
    return web.Response(text=f"<Response><Say>{said}</Say></Response>", content_type="text/xml")


async def relay(request: web.Request) -> web.WebSocketResponse:
    """One call."""
    if not is_signed(request):
        raise web.HTTPForbidden
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await take(ws, json.loads(message.data))
    return ws


async def take(ws: web.WebSocketResponse, told: dict[str, Any]) -> None:
    """One message of the node's."""
    match told["type"]:
        case "prompt" if told["last"]:
            text = answer(told["voicePrompt"])
            if text is None:
                await ws.send_json({"type": "end", "handoffData": json.dumps({"reason": "person"})})
            else:
                await ws.send_json({"type": "text", "token": text, "last": True})
        case "interrupt":
            print(f"The caller heard: {told['utteranceUntilInterrupt']!r}")
        case "error":
            print(f"The node says: {told['description']}")


def is_signed(request: web.Request) -> bool:
    """Whether it comes from whoever knows the token: HMAC-SHA1 over the URL that was dialled."""
    token = os.environ.get("TWILIO_AUTH_TOKEN", "")
    expected = base64.b64encode(hmac.new(token.encode(), RELAY_URL.encode(), hashlib.sha1).digest()).decode()
    return hmac.compare_digest(expected, request.headers.get("X-Twilio-Signature", ""))


def application() -> web.Application:
    app = web.Application()
    app.router.add_post("/voice", voice)
    app.router.add_post("/after", after)
    app.router.add_get("/relay", relay)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=8767)
