"""Lamps on phones that show who is talking (RFC 4235), and texts that phones send (RFC 3428)."""

import asyncio
from xml.etree import ElementTree

from tests.scenarios.cast import Scene, scenario_with

from mixminus.app.calls.texts import Text
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.user_agent.message import Request, Response, parameter
from mixminus.testing.user_agent.transactions import ServerTransaction

PASSWORDS = {"alice": "a", "bob": "b"}
STATE = "{urn:ietf:params:xml:ns:dialog-info}state"


def outside(phone: VirtualPhone, method: str, user: str, body: bytes = b"", **headers: str) -> Request:
    """A request of a phone that belongs to no call."""
    host, port = phone.server
    request = Request(method, f"sip:{user}@{host}:{port}", body=body)
    told = {
        "Max-Forwards": "70",
        "From": f"<{phone.identity}>;tag={phone.agent.token()}",
        "To": f"<sip:{user}@{host}:{port}>",
        "Call-ID": phone.agent.token(),
        "CSeq": f"1 {method}",
    }
    for name, value in (told | headers).items():
        request.headers.add(name.replace("_", "-"), value)
    return request


class Lamp:
    """Shows the calls of another user on a phone."""

    def __init__(self, phone: VirtualPhone) -> None:
        self.phone = phone
        self.shown: list[list[str]] = []

    async def watch(self, user: str) -> Response:
        request = outside(self.phone, "SUBSCRIBE", user, Event="dialog", Expires="600", Contact=f"<{self.phone.uri}>")
        headers = request.headers
        self.phone.agent.attach(headers.get("Call-ID"), parameter(headers.get("From"), "tag"), self)
        return await self.phone.agent.ask(request, self.phone.server)

    def requested(self, transaction: ServerTransaction) -> None:
        root = ElementTree.fromstring(transaction.request.body)
        self.shown.append([entry.findtext(STATE) or "" for entry in root])
        tag = parameter(transaction.request.headers.get("To"), "tag")
        transaction.respond(self.phone.agent.response(transaction, 200, tag))


@scenario_with(users=PASSWORDS)
async def test_a_lamp_follows_a_users_calls_in_and_out(scene: Scene) -> None:
    bob: VirtualPhone = await scene.phone("bob", password="b")
    lamp = Lamp(bob)
    assert (await lamp.watch("alice")).status == 200
    alice: VirtualPhone = await scene.phone("alice", password="a")
    await alice.register()
    alice.answers(after_s=3.0)
    await asyncio.sleep(2)  # the last NOTIFY was a second ago
    scene.app.answers("/hello", "<Response><Pause length='5'/></Response>")
    await scene.twilio.calls.create_async(to="client:alice", from_="+15550009000", url=scene.world.url("/hello"))
    await asyncio.sleep(12)
    assert lamp.shown == [[], ["trying"], ["early"], ["confirmed"], ["terminated"]]
    assert scene.world.sip.open_subscriptions == 1
    await asyncio.sleep(700)
    assert scene.world.sip.open_subscriptions == 0


@scenario_with(users=PASSWORDS)
async def test_a_text_to_a_number_or_a_user_is_taken_and_others_are_not(scene: Scene) -> None:
    taken: list[Text] = []

    async def take(text: Text) -> None:
        taken.append(text)

    scene.world.node.texts.takers.append(take)
    bob: VirtualPhone = await scene.phone("bob", password="b")
    number = await scene.number_for("support", "<Response/>")
    statuses = []
    for called in (number, "alice", "nobody"):
        request = outside(bob, "MESSAGE", called, b"Hallo", Content_Type="text/plain")
        statuses.append((await bob.agent.ask(request, bob.server)).status)
    assert statuses == [202, 202, 404]
    assert [(text.to, text.body, text.number is not None) for text in taken] == [
        (number, "Hallo", True),
        ("alice", "Hallo", False),
    ]
    assert scene.world.node.texts.counted == {202: 2, 404: 1}
