"""Reading and writing messages and addresses."""

import time

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import BadRequest, MalformedMessage, Request, Response, parse
from mixminus.sip.messages.uri import AddressError, NameAddr, Uri, name_addr, sip_uri, split_outside_quotes, target_of

HEAD = (
    b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
)


def options(*extra: bytes, body: bytes = b"") -> Request:
    message = parse(
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"".join(line + b"\r\n" for line in extra) + b"\r\n" + body
    )
    assert isinstance(message, Request)
    return message


def test_compact_names_folded_lines_and_odd_case_are_understood() -> None:
    message = parse(
        b"\r\nOPTIONS sip:c@d SIP/2.0\r\nv: SIP / 2.0 / UDP  h : 5062 ;branch=z9hG4bK1\r\n"
        b"f: <sip:a@b>\r\n\t;tag=1\r\ntO: <sip:c@d>\r\ni: 1\r\ncseq:  1   OPTIONS\r\nl: 0\r\n\r\n"
    )
    assert message.via.port == 5062
    assert message.from_.tag == "1"
    assert (message.call_id, message.cseq.number) == ("1", 1)


def test_the_body_of_a_datagram_is_cut_to_its_length() -> None:
    assert options(b"Content-Length: 4", body=b"bodyrest").body == b"body"
    assert options(body=b"all of it").body == b"all of it"
    with pytest.raises(BadRequest):
        options(b"Content-Length: 5", body=b"body")


def test_a_message_is_written_as_it_was_read() -> None:
    message = options(b"X-Case: 7", b"Route: <sip:p;lr>, <sip:q;lr>", body=b"v=0")
    again = parse(bytes(message))
    assert again == message


def test_an_answer_repeats_what_rfc3261_8_2_6_2_wants() -> None:
    request = options()
    response = response_to(request, 404, to_tag="t")
    assert [response.get(name) for name in ("Via", "From", "Call-ID", "CSeq")] == [
        request.get(name) for name in ("Via", "From", "Call-ID", "CSeq")
    ]
    assert (response.reason, response.to.tag) == ("Not Found", "t")


def test_an_answer_is_read_by_a_library_that_is_not_ours() -> None:
    theirs = sipmessage.Message.parse(bytes(response_to(options(), 200, to_tag="t", body=b"v=0")))
    assert isinstance(theirs, sipmessage.Response)
    assert (theirs.code, theirs.to_address.parameters["tag"], theirs.content_length) == (200, "t", 3)


def test_lists_are_split_between_values_only() -> None:
    message = options(b'Contact: "a, b" <sip:x@h;q=1,2>;p="c,d", <sip:y@h>', b"Contact: sip:z@h")
    assert message.all("Contact") == ['"a, b" <sip:x@h;q=1,2>;p="c,d"', "<sip:y@h>", "sip:z@h"]


@pytest.mark.parametrize(
    "data",
    [
        b"SIP/2.0 20 OK\r\n" + HEAD + b"\r\n",
        b"SIP/2.0 ok\r\n" + HEAD + b"\r\n",
        b"OPTIONS\r\n" + HEAD + b"\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD,
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"no colon\r\n\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"X: 1\r\n" * 300 + b"\r\n",
        b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"\r\n" + b"x" * 70_000,
    ],
)
def test_what_is_no_sip_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(data)


@pytest.mark.parametrize("number", ["2147483648", "١", "", "-1"])
def test_a_request_with_an_impossible_cseq_deserves_an_answer_and_a_response_none(number: str) -> None:
    head = HEAD.replace(b"CSeq: 1", f"CSeq: {number}".encode()) + b"\r\n"
    with pytest.raises(BadRequest):
        parse(b"OPTIONS sip:c@d SIP/2.0\r\n" + head)
    with pytest.raises(MalformedMessage):
        parse(b"SIP/2.0 200 OK\r\n" + head)


LONG = [" ", "\r\n ", ";a=b", ",", '"', "<", "\\", ";", "a-", "=", '"",', "\t"]


@pytest.mark.parametrize("filler", LONG, ids=range(len(LONG)))
@pytest.mark.parametrize("name", ["Via: SIP/2.0/UDP h", "From: x", "To: <x", "Contact: x", "CSeq: 1"])
def test_reading_takes_linear_time_whatever_it_is_fed(name: str, filler: str) -> None:
    filled = (filler * 60_000)[:60_000]
    data = f"OPTIONS sip:c@d SIP/2.0\r\n{name}{filled}!\r\n".encode() + HEAD + b"\r\n"
    started = time.process_time()
    try:
        _ = parse(data).contact
    except (MalformedMessage, BadRequest):
        pass
    assert time.process_time() - started < 1.0  # a quadratic pattern takes half a minute


@given(st.binary(max_size=200), st.integers(0, 180))
def test_any_bytes_give_a_message_or_the_declared_errors(junk: bytes, at: int) -> None:
    good = b"OPTIONS sip:c@d SIP/2.0\r\n" + HEAD + b"\r\n"
    for data in (junk, good[:at] + junk + good[at:], good[:at] + junk):
        try:
            message = parse(data)
        except (MalformedMessage, BadRequest):
            continue
        assert isinstance(message, Request | Response)
        assert parse(bytes(message)) == message


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:alice@example.com", "alice", "example.com", None),
        ("SIP:alice:pw@Example.COM:5080;transport=tcp?subject=x", "alice", "example.com", 5080),
        ("sip:example.com", None, "example.com", None),
        ("sip:a%20b@h", "a b", "h", None),
        ("sip:a;b?c@h;lr", "a;b?c", "h", None),
        ("sip:*98#@my_app:5060", "*98#", "my_app", 5060),
        ("sip:a@[2001:db8::1]:5070", "a", "[2001:db8::1]", 5070),
        ("tel:+1-(500)-555.0006;phone-context=x", "+15005550006", "", None),
    ],
)
def test_an_address_has_parts(text: str, user: str | None, host: str, port: int | None) -> None:
    uri = Uri.parse(text)
    assert (uri.user, uri.host, uri.port, str(uri)) == (user, host, port, text)


@pytest.mark.parametrize("text", ["", "sip:", "sip:@h", "sip:a@", "sip:a@h:0", "sip:a@h:70000", "sip:a b@h", "a@h"])
def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(AddressError):
        Uri.parse(text)


def test_another_scheme_is_told_apart() -> None:
    with pytest.raises(AddressError) as error:
        Uri.parse("mailto:a@h")
    assert error.value.unknown_scheme


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("sip:a@192.0.2.1", Address(Transport.UDP, "192.0.2.1", 5060)),
        ("sip:a@h:5070;transport=TCP", Address(Transport.TCP, "h", 5070)),
        ("sip:a@[::1]", Address(Transport.UDP, "::1", 5060)),
        ("sip:a@h;maddr=192.0.2.7", Address(Transport.UDP, "192.0.2.7", 5060)),
        ("sips:a@h", Address(Transport.TLS, "h", 5061)),
        ("sips:a@h;transport=tcp", Address(Transport.TLS, "h", 5061)),
        ("sips:a@h;transport=ws", Address(Transport.WSS, "h", 443)),
        ("sip:a@h;transport=tls", Address(Transport.TLS, "h", 5061)),
        ("sip:a@h;transport=ws", Address(Transport.WS, "h", 80)),
    ],
)
def test_an_address_points_somewhere(uri: str, target: Address) -> None:
    assert target_of(uri) == target


@pytest.mark.parametrize("uri", ["tel:+15005550006", "sips:a@h;transport=udp", "sip:a@h;transport=sctp"])
def test_what_cannot_be_reached_over_a_transport_of_ours_points_nowhere(uri: str) -> None:
    with pytest.raises(AddressError):
        target_of(uri)


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ('"Bob \\"B\\" <x>" <sip:b@h;a=1>;tag=7', 'Bob "B" <x>', "sip:b@h;a=1", "7"),
        ("Jörg Ø <sip:b@h>", "Jörg Ø", "sip:b@h", None),
        ("sip:b@h;tag=7", "", "sip:b@h", "7"),
        ('<sip:b@h>;x="a;tag=no";TAG=yes', "", "sip:b@h", "yes"),
    ],
)
def test_a_name_and_an_address(text: str, display: str, uri: str, tag: str | None) -> None:
    value = NameAddr.parse(text)
    assert (value.display, value.uri, value.tag) == (display, uri, tag)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20))
def test_any_display_name_reads_back_as_it_was_written(name: str) -> None:
    assert NameAddr.parse(name_addr(name, "sip:a@h")).display == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_user_reads_back_as_it_was_written(user: str) -> None:
    assert Uri.parse(sip_uri(user, "192.0.2.1", 5060)).user == user


@given(st.text(alphabet='ab,;<>"\\ ', max_size=30))
def test_splitting_loses_nothing_but_separators_and_space(text: str) -> None:
    assert ",".join(split_outside_quotes(text, ",")).replace(" ", "") == text.replace(" ", "")
