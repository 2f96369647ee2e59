"""An assistant answers, fetches the human who is on call, whispers to them, and leaves.

It needs Flask and the official Twilio SDK, and runs unchanged against a Mixminus node or Twilio's cloud:

    export TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=…
    export API_URL=http://127.0.0.1:8080              # leave it out for Twilio's cloud
    export PUBLIC_URL=http://127.0.0.1:5000           # where webhooks reach this program
    export CALLER_ID=+15550001000                     # the number that the human sees
    export AGENT_URL=ws://127.0.0.1:8765/agent        # any program that speaks Media Streams
    export ON_CALL=client:dana,client:eli             # who is rung, one after another
    python examples/escalation.py

Point the voice URL of a number at PUBLIC_URL/voice, and call it:

1. The caller is in the conference af-CA…, and the assistant joins it: a participant whose address is a TwiML
   application. The application's TwiML connects the leg to AGENT_URL.
2. The assistant's tool escalate(reason) posts to /rooms/af-CA…/escalate. The human is paged, and dialled in.
3. When the human answers, the assistant becomes their coach: it hears both, and only the human hears it. The caller
   does not notice.
4. POST /rooms/af-CA…/dismiss: the assistant leaves.

If the human hangs up first, the assistant is there for the caller again. Nothing is kept here: the server knows the
rooms. The routes under /rooms trust whoever reaches them; put your own login in front.
"""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance
from twilio.twiml.voice_response import VoiceResponse

CALLER, ASSISTANT, HUMAN = "caller", "assistant", "human"
UNREACHED = ("busy", "no-answer", "failed")
RING_S = 20

Page = Callable[[str, str], None]
"""Told whom to page, and why."""


def create_app(
    client: Client,
    auth_token: str,
    public_url: str,
    *,
    caller_id: str,
    agent_url: str,
    on_call: Sequence[str],
    page: Page = lambda whom, reason: None,
) -> Flask:
    """The application. *client* is the SDK's, *public_url* is where webhooks reach us."""
    app = Flask(__name__)
    app.logger.setLevel("INFO")
    validator = RequestValidator(auth_token)

    # --- webhooks ---------------------------------------------------------------------------------------------------

    @app.before_request
    def check_signature() -> None:
        if request.path.startswith("/rooms"):
            return
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(f"{public_url}{request.path}{query}", request.form, signature):
            abort(403)

    @app.post("/voice")
    def voice() -> ResponseReturnValue:
        """A caller: into a conference of their own, which ends with them."""
        response = VoiceResponse()
        response.dial().conference(
            f"af-{request.form['CallSid']}",
            participant_label=CALLER,
            end_conference_on_exit=True,
            beep="false",
            record="record-from-start",
            status_callback=f"{public_url}/events",
            status_callback_event="join",
        )
        return twiml(response)

    @app.post("/events")
    def events() -> ResponseReturnValue:
        """The caller is in: add the assistant. Labels are unique in a room, so an event that comes twice adds one."""
        if request.form.get("ParticipantLabel") == CALLER:
            room = request.form["FriendlyName"]
            client.conferences(room).participants.create(
                from_=caller_id,
                to=f"app:{application_sid()}?{urlencode({'conference': room})}",
                label=ASSISTANT,
                beep="false",
            )
        return "", 204

    @app.post("/assistant")
    def assistant() -> ResponseReturnValue:
        """The assistant's leg. What stood behind `?` in its address comes as parameters."""
        response = VoiceResponse()
        stream = response.connect().stream(url=agent_url)
        stream.parameter(name="conference", value=request.form["conference"])
        return twiml(response)

    @app.post("/on-call/<room>/<int:number>")
    def on_call_leg(room: str, number: int) -> ResponseReturnValue:
        """The human who is rung: they answered, could not be reached, or hung up."""
        match request.form["CallStatus"]:
            case "in-progress":
                conference(room).participants(ASSISTANT).update(
                    coaching=True, call_sid_to_coach=request.form["CallSid"]
                )
            case status if status in UNREACHED:
                ring(room, number + 1, request.args["reason"])
            case "completed":  # they have talked: the assistant, if it is still there, is there for the caller again
                for live in client.conferences.list(friendly_name=room, status="in-progress"):
                    for leg in live.participants.list(coaching=True):
                        leg.update(coaching=False)
        return "", 204

    # --- what the assistant may do, and whoever supervises it -------------------------------------------------------

    @app.get("/rooms")
    def rooms() -> ResponseReturnValue:
        live = client.conferences.list(status="init") + client.conferences.list(status="in-progress")
        return jsonify({room.friendly_name: [leg.label for leg in room.participants.list()] for room in live})

    @app.post("/rooms/<room>/escalate")
    def escalate(room: str) -> ResponseReturnValue:
        """The assistant's tool escalate(reason). It may be called twice: only one human is rung."""
        present = {leg.label for leg in conference(room).participants.list()}
        if HUMAN not in present:
            ring(room, 0, request.form["reason"])
        return "", 204

    @app.post("/rooms/<room>/dismiss")
    def dismiss(room: str) -> ResponseReturnValue:
        conference(room).participants(ASSISTANT).delete()
        return "", 204

    # --- the SDK ----------------------------------------------------------------------------------------------------

    @functools.cache
    def application_sid() -> str:
        """The TwiML application whose voice URL is ours; it is made the first time."""
        voice_url = f"{public_url}/assistant"
        for application in client.applications.list():
            if application.voice_url == voice_url:
                return str(application.sid)
        return str(client.applications.create(friendly_name="assistant", voice_url=voice_url).sid)

    def ring(room: str, number: int, reason: str) -> None:
        """Page and ring the next one who is on call. Behind the last one the assistant goes on alone."""
        if number >= len(on_call):
            app.logger.warning("%s: nobody who is on call can be reached", room)
            return
        live = conference(room)  # by its SID: a caller who has hung up meanwhile gets no new room
        page(on_call[number], reason)
        live.participants.create(
            from_=caller_id,
            to=on_call[number],
            label=HUMAN,
            timeout=RING_S,
            early_media=False,
            beep="false",
            status_callback=f"{public_url}/on-call/{room}/{number}?{urlencode({'reason': reason})}",
            status_callback_event=["answered", "completed"],
        )

    def conference(room: str) -> ConferenceInstance:
        found: list[ConferenceInstance] = client.conferences.list(friendly_name=room, status="in-progress", limit=1)
        if not found:
            abort(404, f"There is no room {room}.")
        return found[0]

    @app.errorhandler(TwilioRestException)
    def refused(refusal: TwilioRestException) -> ResponseReturnValue:
        return jsonify(code=refusal.code, message=refusal.msg), refusal.status

    return app


def twiml(response: VoiceResponse) -> ResponseReturnValue:
    return str(response), {"Content-Type": "text/xml"}


def connect_sdk(environment: Mapping[str, str]) -> Client:
    """The official SDK, pointed at a node by its base URL alone."""
    client = Client(environment["TWILIO_ACCOUNT_SID"], environment["TWILIO_AUTH_TOKEN"])
    if "API_URL" in environment:
        client.api.base_url = environment["API_URL"]
    return client


def text_message(client: Client, from_: str, numbers: Mapping[str, str]) -> Page:
    """Pages by SMS whose number is known: PAGE=client:dana=+15550002000,…"""

    def page(whom: str, reason: str) -> None:
        if whom in numbers:
            client.messages.create(to=numbers[whom], from_=from_, body=f"A caller waits for you: {reason}")

    return page


def main() -> None:
    port = int(os.environ.get("PORT", "5000"))
    public_url = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}")
    client, caller_id = connect_sdk(os.environ), os.environ["CALLER_ID"]
    pagers = dict(pair.rsplit("=", 1) for pair in os.environ.get("PAGE", "").split(",") if pair)
    app = create_app(
        client,
        os.environ["TWILIO_AUTH_TOKEN"],
        public_url,
        caller_id=caller_id,
        agent_url=os.environ["AGENT_URL"],
        on_call=os.environ["ON_CALL"].split(","),
        page=text_message(client, caller_id, pagers),
    )
    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    main()
