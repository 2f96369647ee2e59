"""Two AIs in one conversation: one takes notes and only listens, one translates and whispers to the human agent.

It needs Flask and the official Twilio SDK, and runs unchanged against a Mixminus node or Twilio's cloud:

    export TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=…
    export API_URL=http://127.0.0.1:8080              # leave it out for Twilio's cloud
    export PUBLIC_URL=http://127.0.0.1:5000           # where webhooks reach this program
    export CALLER_ID=+15550001000                     # the number that human agents see
    export AGENT_URL=ws://127.0.0.1:8765              # the AIs: AGENT_URL/notes and AGENT_URL/translator
    python examples/two_agents.py

Point the voice URL of a number at PUBLIC_URL/voice, and call it. What the agent's desktop posts:

    POST /rooms/ROOM/connect    agent=ana     ring Ana (client:ana) and put her through
    POST /rooms/ROOM/notes                    the note taker joins: muted, so it hears all and nobody hears it
    POST /rooms/ROOM/translate  agent=ana     the translator joins as Ana's coach: it hears all, only Ana hears it
    POST /rooms/ROOM/hold                     the caller hears music; neither AI hears the caller, nor the music
    POST /rooms/ROOM/unhold
    POST /rooms/ROOM/dismiss    who=notes     an AI leaves (also: translator)
    GET  /rooms

The note taker does not hear what the translator whispers, and neither does the recording.
These routes trust whoever reaches them: put your own login in front.
"""

import functools
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance
from twilio.twiml.voice_response import VoiceResponse

CALLER, NOTES, TRANSLATOR = "caller", "notes", "translator"
RING_S = 20


def create_app(client: Client, auth_token: str, public_url: str, *, caller_id: str, agent_url: str) -> Flask:
    """The application. *client* is the SDK's, *public_url* is where webhooks reach us."""
    app = Flask(__name__)
    validator = RequestValidator(auth_token)

    # --- webhooks ---------------------------------------------------------------------------------------------------

    @app.before_request
    def check_signature() -> None:
        if request.path.startswith("/rooms"):
            return
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(f"{public_url}{request.path}", request.form, signature):
            abort(403)

    @app.post("/voice")
    def voice() -> ResponseReturnValue:
        """A caller: music until a human comes, and then a conversation that is recorded."""
        response = VoiceResponse()
        response.dial().conference(
            f"call-{request.form['CallSid']}",
            participant_label=CALLER,
            start_conference_on_enter=False,
            end_conference_on_exit=True,
            beep="false",
            record="record-from-start",
        )
        return str(response), {"Content-Type": "text/xml"}

    @app.post("/agent")
    def agent() -> ResponseReturnValue:
        """An AI's leg: each role has a program of its own. They are told which conversation this is."""
        response = VoiceResponse()
        stream = response.connect().stream(url=f"{agent_url}/{request.form['role']}")
        stream.parameter(name="conference", value=request.form["conference"])
        return str(response), {"Content-Type": "text/xml"}

    # --- what the agent's desktop asks ------------------------------------------------------------------------------

    @app.get("/rooms")
    def rooms() -> ResponseReturnValue:
        live = client.conferences.list(status="init") + client.conferences.list(status="in-progress")
        return jsonify({room.friendly_name: [leg.label for leg in room.participants.list()] for room in live})

    @app.post("/rooms/<room>/connect")
    def connect(room: str) -> ResponseReturnValue:
        name = request.form["agent"]
        add(room, to=f"client:{name}", label=name, timeout=RING_S)
        return "", 204

    @app.post("/rooms/<room>/notes")
    def notes(room: str) -> ResponseReturnValue:
        add_ai(room, NOTES, muted=True, start_conference_on_enter=False)
        return "", 204

    @app.post("/rooms/<room>/translate")
    def translate(room: str) -> ResponseReturnValue:
        human = conference(room).participants(request.form["agent"]).fetch()
        add_ai(room, TRANSLATOR, coaching=True, call_sid_to_coach=human.call_sid)
        return "", 204

    @app.post("/rooms/<room>/hold", defaults={"held": True})
    @app.post("/rooms/<room>/unhold", defaults={"held": False})
    def hold(room: str, held: bool) -> ResponseReturnValue:
        conference(room).participants(CALLER).update(hold=held)
        return "", 204

    @app.post("/rooms/<room>/dismiss")
    def dismiss(room: str) -> ResponseReturnValue:
        conference(room).participants(request.form["who"]).delete()
        return "", 204

    # --- the SDK ----------------------------------------------------------------------------------------------------

    @functools.cache
    def application_sid() -> str:
        """The TwiML application whose voice URL is ours; it is made the first time."""
        voice_url = f"{public_url}/agent"
        for application in client.applications.list():
            if application.voice_url == voice_url:
                return str(application.sid)
        return str(client.applications.create(friendly_name="two agents", voice_url=voice_url).sid)

    def add_ai(room: str, role: str, **options: Any) -> None:
        """An AI joins like anybody else, by one request; its address is the TwiML application."""
        about = urlencode({"role": role, "conference": room})
        add(room, to=f"app:{application_sid()}?{about}", label=role, **options)

    def add(room: str, **options: Any) -> None:
        client.conferences(room).participants.create(from_=caller_id, beep="false", **options)

    def conference(room: str) -> ConferenceInstance:
        found: list[ConferenceInstance] = client.conferences.list(friendly_name=room, limit=1)
        if not found:
            abort(404, f"There is no room {room}.")
        return found[0]

    @app.errorhandler(TwilioRestException)
    def refused(refusal: TwilioRestException) -> ResponseReturnValue:
        return jsonify(code=refusal.code, message=refusal.msg), refusal.status

    return app


def connect_sdk(environment: Mapping[str, str]) -> Client:
    """The official SDK, pointed at a node by its base URL alone."""
    client = Client(environment["TWILIO_ACCOUNT_SID"], environment["TWILIO_AUTH_TOKEN"])
    if "API_URL" in environment:
        client.api.base_url = environment["API_URL"]
    return client


def main() -> None:
    port = int(os.environ.get("PORT", "5000"))
    public_url = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}")
    client = connect_sdk(os.environ)
    app = create_app(
        client,
        os.environ["TWILIO_AUTH_TOKEN"],
        public_url,
        caller_id=os.environ["CALLER_ID"],
        agent_url=os.environ["AGENT_URL"],
    )
    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    main()
