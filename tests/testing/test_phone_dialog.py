"""A dialog keeps its route, its numbers and the far end's Contact (RFC 3261 section 12)."""

from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.message import Headers, Request, Response

ROUTES = [("Record-Route", "<sip:10.0.0.20;lr>, <sip:10.0.0.21:5070;lr>")]
IDENTITIES = [("From", "<sip:a@x>;tag=1"), ("To", "<sip:b@x>"), ("Call-ID", "c"), ("CSeq", "4 INVITE")]


def invite() -> Request:
    return Request("INVITE", "sip:b@x", Headers([*ROUTES, *IDENTITIES, ("Contact", "<sip:a@10.0.0.1:40000>")]))


def ok() -> Response:
    answered = [(name, value + ";tag=2" if name == "To" else value) for name, value in IDENTITIES]
    return Response(200, "OK", Headers([*ROUTES, *answered, ("Contact", "<sip:b@10.0.0.2:40002>")]))


def test_rfc3261_12_1_2_the_caller_s_route_is_reversed() -> None:
    dialog = Dialog.of_caller(invite(), ok())
    assert dialog.routes == ["<sip:10.0.0.21:5070;lr>", "<sip:10.0.0.20;lr>"]
    assert dialog.next_hop == ("10.0.0.21", 5070)
    bye = dialog.request("BYE")
    assert bye.uri == "sip:b@10.0.0.2:40002"
    assert bye.headers.all("Route") == dialog.routes
    assert bye.headers.get("To") == "<sip:b@x>;tag=2"
    assert bye.headers.get("CSeq") == "5 BYE"


def test_rfc3261_12_1_1_the_callee_s_route_is_not() -> None:
    dialog = Dialog.of_callee(invite(), "2")
    assert dialog.next_hop == ("10.0.0.20", 5060)
    bye = dialog.request("BYE")
    assert bye.uri == "sip:a@10.0.0.1:40000"
    assert bye.headers.get("From") == "<sip:b@x>;tag=2"
    assert bye.headers.get("To") == "<sip:a@x>;tag=1"
    assert bye.headers.get("CSeq") == "1 BYE"


def test_rfc3261_13_2_2_4_an_ack_takes_the_number_of_its_invite() -> None:
    dialog = Dialog.of_caller(invite(), ok())
    assert dialog.request("ACK").headers.get("CSeq") == "4 ACK"
    assert dialog.request("INVITE").headers.get("CSeq") == "5 INVITE"
    assert dialog.request("ACK").headers.get("CSeq") == "5 ACK"


def test_without_a_route_requests_go_to_the_contact() -> None:
    response = ok()
    response.headers.pairs.pop(0)
    dialog = Dialog.of_caller(invite(), response)
    assert dialog.next_hop == ("10.0.0.2", 40002)
    dialog.refresh(Response(200, "OK", Headers([("Contact", "<sip:b@10.0.0.3:5062>")])))
    assert dialog.next_hop == ("10.0.0.3", 5062)
    dialog.refresh(Response(200, "OK"))
    assert dialog.next_hop == ("10.0.0.3", 5062)
