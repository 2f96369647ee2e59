"""A contact center in one file: customers wait with music, agents hold, consult, transfer and are coached.

It needs Flask and the official Twilio SDK, and runs unchanged against a Mixminus node or Twilio's cloud:

    mixminus credentials                              # prints the account of a node
    export TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=…
    export API_URL=http://127.0.0.1:8080              # leave it out for Twilio's cloud
    export PUBLIC_URL=http://127.0.0.1:5000           # where webhooks reach this program
    export CALLER_ID=+15550001000                     # the number that agents see
    python examples/contact_center.py

Point the voice URL of a number at PUBLIC_URL/voice, and call it. An agent is a name: `ana` is rung at `client:ana`,
every phone or browser registered as that user. What an agent does, the agent's desktop posts:

    POST /rooms/ROOM/connect   agent=ana              ring Ana and put her through
    POST /rooms/ROOM/mute      who=ana                she still hears the customer (also: unmute)
    POST /rooms/ROOM/hold                             the customer hears music and nothing else (also: unhold)
    POST /rooms/ROOM/consult   agent=ben              warm transfer: brief Ben while the customer is on hold …
    POST /rooms/ROOM/leave     who=ana                … unhold, and leave
    POST /rooms/ROOM/transfer  from=ben agent=cleo    cold transfer: Ben is out, Cleo is rung, the customer has music
    POST /rooms/ROOM/coach     supervisor=sam agent=ben    Sam hears both, only Ben hears Sam
    POST /rooms/ROOM/barge     supervisor=sam         from now on everybody hears Sam
    POST /rooms/ROOM/end
    GET  /rooms                                       the live rooms and who is in them

Every call is a conference from the start: nothing has to be rebuilt when it is held, transferred or coached.
Nothing is kept here either; the server knows the rooms, so this program may be restarted during calls.
These routes trust whoever reaches them: put your own login in front.
"""

import os
from typing import Any

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance
from twilio.twiml.voice_response import VoiceResponse

CUSTOMER = "customer"
UNREACHED = ("busy", "no-answer", "failed", "canceled")
RING_S = 20


def create_app(client: Client, auth_token: str, public_url: str, caller_id: str) -> Flask:
    """The application. *client* is the SDK's, *public_url* is where webhooks reach us."""
    app = Flask(__name__)
    app.logger.setLevel("INFO")
    validator = RequestValidator(auth_token)

    # --- webhooks: what the server asks, and tells ------------------------------------------------------------------

    @app.before_request
    def check_signature() -> None:
        """Webhooks come from our account, or are refused. The signature covers the URL as it was configured."""
        if request.path.startswith("/rooms"):
            return
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(f"{public_url}{request.path}{query}", request.form, signature):
            abort(403)

    @app.post("/voice")
    def voice() -> ResponseReturnValue:
        """A customer calls: into a room of its own, recorded, with music until an agent comes."""
        response = VoiceResponse()
        response.dial().conference(
            f"call-{request.form['CallSid']}",
            participant_label=CUSTOMER,
            start_conference_on_enter=False,
            record="record-from-start",
            status_callback=f"{public_url}/events",
            status_callback_event="start end join leave mute hold modify",
        )
        return twiml(response)

    @app.post("/events")
    def events() -> ResponseReturnValue:
        """What happens in the rooms, in order. A real desktop would be told from here."""
        happened = request.form
        app.logger.info(
            "%s %s %s", happened["FriendlyName"], happened["StatusCallbackEvent"], happened.get("CallSid")
        )
        return "", 204

    @app.post("/transferred/<room>")
    def transferred(room: str) -> ResponseReturnValue:
        """The agent of a cold transfer has answered: end the music. Or cannot be reached: say so."""
        customer = conference(room).participants(CUSTOMER)
        if request.form["CallStatus"] == "in-progress":
            customer.update(hold=False)
        elif request.form["CallStatus"] in UNREACHED:
            apology = VoiceResponse()
            apology.say("Nobody can take your call now. We will call you back.")
            client.calls(customer.fetch().call_sid).update(twiml=str(apology))
        return "", 204

    # --- what agents and supervisors do -----------------------------------------------------------------------------

    @app.get("/rooms")
    def rooms() -> ResponseReturnValue:
        live = client.conferences.list(status="init") + client.conferences.list(status="in-progress")
        return jsonify({room.friendly_name: [leg.label for leg in room.participants.list()] for room in live})

    @app.post("/rooms/<room>/connect")
    def connect(room: str) -> ResponseReturnValue:
        ring(room, request.form["agent"])
        return "", 204

    @app.post("/rooms/<room>/mute", defaults={"muted": True})
    @app.post("/rooms/<room>/unmute", defaults={"muted": False})
    def mute(room: str, muted: bool) -> ResponseReturnValue:
        conference(room).participants(request.form["who"]).update(muted=muted)
        return "", 204

    @app.post("/rooms/<room>/hold", defaults={"held": True})
    @app.post("/rooms/<room>/unhold", defaults={"held": False})
    def hold(room: str, held: bool) -> ResponseReturnValue:
        conference(room).participants(CUSTOMER).update(hold=held)
        return "", 204

    @app.post("/rooms/<room>/consult")
    def consult(room: str) -> ResponseReturnValue:
        conference(room).participants(CUSTOMER).update(hold=True)  # first: the customer must not hear the briefing
        ring(room, request.form["agent"])
        return "", 204

    @app.post("/rooms/<room>/transfer")
    def transfer(room: str) -> ResponseReturnValue:
        here = conference(room)
        here.participants(CUSTOMER).update(hold=True)
        here.participants(request.form["from"]).delete()
        ring(
            room,
            request.form["agent"],
            status_callback=f"{public_url}/transferred/{room}",
            status_callback_event=["answered", "completed"],
        )
        return "", 204

    @app.post("/rooms/<room>/coach")
    def coach(room: str) -> ResponseReturnValue:
        agent = conference(room).participants(request.form["agent"]).fetch()
        ring(room, request.form["supervisor"], coaching=True, call_sid_to_coach=agent.call_sid)
        return "", 204

    @app.post("/rooms/<room>/barge")
    def barge(room: str) -> ResponseReturnValue:
        conference(room).participants(request.form["supervisor"]).update(coaching=False)
        return "", 204

    @app.post("/rooms/<room>/leave")
    def leave(room: str) -> ResponseReturnValue:
        conference(room).participants(request.form["who"]).delete()
        return "", 204

    @app.post("/rooms/<room>/end")
    def end(room: str) -> ResponseReturnValue:
        conference(room).update(status="completed")
        return "", 204

    # --- the SDK ----------------------------------------------------------------------------------------------------

    def ring(room: str, name: str, **options: Any) -> None:
        """Call somebody into the room. The name is also the label by which every later request finds them."""
        client.conferences(room).participants.create(
            to=f"client:{name}", from_=caller_id, label=name, timeout=RING_S, **options
        )

    def conference(room: str) -> ConferenceInstance:
        """Participants are changed through the conference's SID; its name is unique, since a call SID is in it."""
        found: list[ConferenceInstance] = client.conferences.list(friendly_name=room, limit=1)
        if not found:
            abort(404, f"There is no room {room}.")
        return found[0]

    @app.errorhandler(TwilioRestException)
    def refused(refusal: TwilioRestException) -> ResponseReturnValue:
        """The server's reason is the best explanation there is."""
        return jsonify(code=refusal.code, message=refusal.msg), refusal.status

    return app


def twiml(response: VoiceResponse) -> ResponseReturnValue:
    return str(response), {"Content-Type": "text/xml"}


def connect_sdk(environment: "os._Environ[str]") -> Client:
    """The official SDK, pointed at a node by its base URL alone."""
    client = Client(environment["TWILIO_ACCOUNT_SID"], environment["TWILIO_AUTH_TOKEN"])
    if "API_URL" in environment:
        client.api.base_url = environment["API_URL"]
    return client


def main() -> None:
    port = int(os.environ.get("PORT", "5000"))
    public_url = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}")
    auth_token, caller_id = os.environ["TWILIO_AUTH_TOKEN"], os.environ["CALLER_ID"]
    create_app(connect_sdk(os.environ), auth_token, public_url, caller_id).run(port=port, threaded=True)


if __name__ == "__main__":
    main()
