"""RFC 4475: messages that are legal and hardly look it, and messages that are not and must do no harm.

docs/torture.md shows the table; it is written by this module and compared here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.sip.test_agent_strangers import OPEN, PHONE, agent, outputs

from mixminus.sip.contract import Address, Invited, Transmit, Transport
from mixminus.sip.messages.message import Request, parse
from mixminus.sip.registrar.contacts import RegisterRefused
from mixminus.sip.registrar.registrar import Registrar

MESSAGES: Final = Path(__file__).with_name("torture_messages.txt")
PAGE: Final = Path(__file__).parents[2] / "docs" / "torture.md"

CALL: Final = "a call"
"""Somebody calls: our owner is told."""
DROPPED: Final = "dropped"
"""No answer, and nobody is told."""


@dataclass(frozen=True)
class Case:
    name: str
    rfc: str
    """What section of RFC 4475 asks of an endpoint."""
    outcome: int | str
    """What we do with it: answer so, tell of a call, or drop it."""


CASES: Final = (
    Case("wsinv", "legal; in a dialog that we do not have", 481),
    Case("intmeth", "legal; 405 or 501, the method is unknown", 405),
    Case("esc01", "legal", CALL),
    Case("escnull", "legal; both contacts are bound", 401),
    Case("esc02", "legal; the method is not REGISTER", 405),
    Case("lwsdisp", "legal", 200),
    Case("longreq", "legal", CALL),
    Case("dblreq", "legal; what follows the REGISTER is ignored", 401),
    Case("semiuri", "legal; the user is `user;par=u@example.net`", 200),
    Case("transports", "legal", 200),
    Case("mpart01", "legal; 415 where only text is taken", 415),
    Case("unreason", "legal; matches no request of ours", DROPPED),
    Case("noreason", "legal; matches no request of ours", DROPPED),
    Case("badinv01", "400", 400),
    Case("clerr", "400 over UDP", 400),
    Case("ncl", "400, or the connection is closed", 400),
    Case("scalar02", "400", 400),
    Case("scalarlg", "dropped", DROPPED),
    Case("quotbal", "400", 400),
    Case("ltgtruri", "400", 400),
    Case("lwsruri", "400", 400),
    Case("lwsstart", "400, or the spaces are ignored", CALL),
    Case("trws", "400, or the spaces are ignored", 200),
    Case("escruri", "400, or the header is ignored", CALL),
    Case("baddate", "400, or the date is ignored", CALL),
    Case("regbadct", "400", 401),
    Case("badaspec", "400, or the spaces are ignored", 200),
    Case("baddn", "400, or taken for what was meant", 200),
    Case("badvers", "505", 505),
    Case("mismatch01", "400", 400),
    Case("mismatch02", "400 or 501", 400),
    Case("bigcode", "dropped", DROPPED),
    Case("badbranch", "handled as RFC 2543 did, or 400", 200),
    Case("insuf", "400", 400),
    Case("unkscm", "416", 416),
    Case("novelsc", "416", 416),
    Case("unksm2", "no trouble; 400 or 404", 401),
    Case("bext01", "420, naming what is not supported", 420),
    Case("invut", "415, naming what is", 415),
    Case("regaut01", "401: as if no credentials were given", 401),
    Case("multi01", "400", 400),
    Case("mcl01", "400", 400),
    Case("bcast", "dropped, not sent to everybody", DROPPED),
    Case("zeromf", "an endpoint answers as ever", 200),
    Case("cparam01", "legal; the parameter is not the address's", 401),
    Case("cparam02", "legal; the parameter is the address's", 401),
    Case("regescrt", "legal; the header is the address's", 401),
    Case("sdp01", "406", 406),
    Case("inv2543", "legal", CALL),
)


def read_messages() -> dict[str, tuple[str, bytes]]:
    """Section and octets by name."""
    _, *pieces = MESSAGES.read_text().split("\n==== ")
    found: dict[str, tuple[str, bytes]] = {}
    for piece in pieces:
        title, _, text = piece.partition("\n")
        name, section = title.split()
        found[name] = (section, on_the_wire(text + "\n"))
    return found


def on_the_wire(text: str) -> bytes:
    """`{word 3}` is the word three times; the rest is explained in the file."""
    text = re.sub(r"\{([\w ]+?) (\d+)\}", lambda found: found[1] * int(found[2]), text)
    data = text.replace("\n", "\r\n").encode()
    data = re.sub(rb"<([0-9a-f]{2})>", lambda found: bytes.fromhex(found[1].decode()), data)
    return data.replace(b"{length}", b"%d" % len(data.partition(b"\r\n\r\n")[2]))


TORTURE: Final = read_messages()


def outcome_of(name: str) -> tuple[int | str, bytes | Invited | None]:
    """What an agent that is open to this machine does with the message: an answer, an event, or nothing."""
    sip = agent(OPEN)
    sip.receive(TORTURE[name][1], PHONE, 0.0)
    for output in outputs(sip):
        if isinstance(output, Invited):
            return CALL, output
        # The answer to what lacks a header lacks it, too, and is no message by itself.
        if isinstance(output, Transmit) and not output.data.startswith(b"SIP/2.0 100 "):
            return int(output.data.split(b" ", 2)[1]), output.data
    return DROPPED, None


def test_every_message_of_the_rfc_is_here() -> None:
    assert [case.name for case in CASES] == list(TORTURE)
    assert len(CASES) == 49


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_gets_what_the_rfc_says(case: Case) -> None:
    assert outcome_of(case.name)[0] == case.outcome


def test_the_page_shows_the_table() -> None:
    assert PAGE.read_text() == page()


# --- what was understood ------------------------------------------------------------------------------------------


def request(name: str) -> Request:
    message = parse(TORTURE[name][1])
    assert isinstance(message, Request)
    return message


def call(name: str) -> Invited:
    _, invited = outcome_of(name)
    assert isinstance(invited, Invited)
    return invited


def registered(name: str) -> list[str]:
    """The contacts that the registrar keeps once their owner has shown who it is."""
    source = Address(Transport.UDP, "192.0.2.9", 5060)
    return sorted(binding.uri for binding in Registrar(lambda: "token").register("user", request(name), source, 0.0))


def test_a_folded_and_spaced_invite_is_understood() -> None:
    tortuous = request("wsinv")
    assert (tortuous.method, tortuous.cseq.number, tortuous.get("Max-Forwards")) == ("INVITE", 9, "0068")
    assert (tortuous.from_.tag, tortuous.to.tag) == ("98asjd8", "1918181833n")
    assert tortuous.from_.display == 'J Rosenberg \\"'
    assert (tortuous.via.host, tortuous.via.branch) == ("192.0.2.2", "390skdjuw")
    assert len(tortuous.all("Via")) == 3
    assert tortuous.contact == "sip:jdrosen@example.com"
    assert tortuous.get("NewFangledHeader") == "newfangled value continued newfangled value"
    assert (tortuous.sdp or b"").startswith(b"v=0")


def test_escapes_are_read_where_they_are_escapes_and_nowhere_else() -> None:
    assert call("esc01").called == "sips:user@example.com"
    assert call("esc01").request_uri == "sip:sips%3Auser%40example.com@example.net"
    assert request("esc02").method == "RE%47IST%45R"
    assert request("esc02").all("Contact") == ["<sip:alias1@host1.example.com>", "<sip:alias3@host3.example.com>"]
    assert registered("escnull") == ["sip:%00%00@host5.example.com", "sip:%00@host5.example.com"]


def test_long_values_are_kept_whole() -> None:
    long = request("longreq")
    assert len(long.all("Via")) == 19
    assert len(long.from_.tag or "") == 155
    assert long.call_id == "longreq.one" + "really" * 20 + "longcallid"


def test_a_datagram_ends_where_its_length_says() -> None:
    assert request("dblreq").body == b""


def test_parameters_belong_where_the_brackets_put_them() -> None:
    assert registered("cparam01") == ["sip:+19725552222@gw1.example.net"]
    assert registered("cparam02") == ["sip:+19725552222@gw1.example.net;unknownparam"]
    assert registered("regescrt") == ["sip:user@example.com?Route=%3Csip:sip.example.com%3E"]


@pytest.mark.parametrize("name", ["regbadct", "unksm2"])
def test_a_contact_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RegisterRefused) as refused:
        registered(name)
    assert refused.value.status == 400


def test_refusals_say_what_would_have_been_taken() -> None:
    answers = {name: outcome_of(name)[1] for name in ("bext01", "invut", "intmeth", "sdp01")}
    named = {name: parse(answer) for name, answer in answers.items() if isinstance(answer, bytes)}
    assert named["bext01"].get("Unsupported") == "nothingSupportsThis, nothingSupportsThisEither"
    assert named["invut"].get("Accept") == "application/sdp"
    assert "INVITE" in (named["intmeth"].get("Allow") or "")
    assert named["sdp01"].get("Accept") == "application/sdp"


# --- the page -----------------------------------------------------------------------------------------------------


def page() -> str:
    """docs/torture.md. `python -m tests.sip.test_torture` writes it."""
    rows = (f"| {case.name} | {TORTURE[case.name][0]} | {case.rfc} | {_done(case)} |" for case in CASES)
    head = (
        "# SIP torture test messages (RFC 4475)",
        "",
        "Each of the 49 messages is sent to an agent in `tests/sip/test_torture.py`, from memory of the RFC's text.",
        "The registrar asks for credentials first; what it does with a contact then is tested there, too.",
        "",
        "| message | section | the RFC says | we do |",
        "|---|---|---|---|",
    )
    return "\n".join((*head, *rows, ""))


def _done(case: Case) -> str:
    if case.outcome == CALL:
        return "take the call"
    return "drop it" if case.outcome == DROPPED else f"answer {case.outcome}"


if __name__ == "__main__":
    PAGE.write_text(page())
