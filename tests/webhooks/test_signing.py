"""X-Twilio-Signature (twilio-conference-api 7.2)."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from mixminus.base.types import FormPairs
from mixminus.webhooks.contract import Limits, WebhookCall
from mixminus.webhooks.request import build
from mixminus.webhooks.signing import signature

TOKEN = "0123456789abcdef0123456789abcdef"


class Form(MultiDict[str]):
    """What Flask hands to the validator, as far as the validator asks."""

    def getlist(self, name: str) -> list[str]:
        return self.getall(name)


@pytest.mark.parametrize(
    ("token", "url", "form", "expected"),
    [
        (
            TOKEN,
            "https://app.example.com/voice/status?tenant=7",
            "CallSid=CA00000000000000000000000000000001&From=%2B15005550006&To=client:agent_1"
            "&CallStatus=in-progress&SequenceNumber=2",
            "Fc51jCRv5Ve3C+chW2Z7KLj+XB8=",
        ),
        (
            TOKEN,
            "https://app.example.com/wait?ConferenceSid=CF00000000000000000000000000000001"
            "&CallSid=CA00000000000000000000000000000001",
            "",
            "lj/5YCPHYzR2XdoXncAE6G0YLzs=",
        ),
        (
            TOKEN,
            "https://app.example.com/hook"
            "?bodySHA256=f15bfc93d70801047473922f67fed863ecc7f82f0677ebb7122923aee81e0f97",
            "",
            "taazYtPEIoAUkrfWzm7ARu6gLVE=",
        ),
        (
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309",
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
    ],
    ids=["form", "get", "json", "published"],
)
def test_published_vectors(token: str, url: str, form: str, expected: str) -> None:
    assert signature(token, url, tuple(parse_qsl(form))) == expected


def test_a_value_that_is_sent_twice_is_signed_once() -> None:
    form = Form([("b", "2"), ("a", "2"), ("a", "1"), ("a", "2")])
    signed = signature(TOKEN, "https://a.test/", tuple(form.items()))
    assert RequestValidator(TOKEN).validate("https://a.test/", form, signed)
    assert signed == signature(TOKEN, "https://a.test/", (("a", "1"), ("a", "2"), ("b", "2")))


TEXT = st.text(max_size=12)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=8).map(tuple)
URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["app.test", "APP.test", "bücher.test", "127.0.0.1"]),
    st.sampled_from(["", ":80", ":443", ":8443"]),
    st.sampled_from(["", "/", "/voice/in", "/ü ä", "/a%20b/", "//x"]),
    st.one_of(
        st.just(""),
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="#"), max_size=20).map(
            "?{}".format
        ),
    ),
)


@given(url=URLS, parameters=PAIRS, method=st.sampled_from(["GET", "POST"]))
def test_the_official_validator_accepts_every_request(url: str, parameters: FormPairs, method: str) -> None:
    """Judged by what arrives: the URL that a server sees, and the form that it decodes."""
    request = build(WebhookCall(url, method, parameters), TOKEN, "token", Limits())
    form = Form(parse_qsl(request.body.decode(), keep_blank_values=True))
    sent = dict(request.headers)["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(request.url, form, sent)
    assert not RequestValidator("another token").validate(request.url, form, sent)


@given(url=URLS, parameters=PAIRS, method=st.sampled_from(["GET", "POST"]))
def test_parameters_arrive_as_they_were_given(url: str, parameters: FormPairs, method: str) -> None:
    request = build(WebhookCall(url, method, parameters), TOKEN, "token", Limits())
    carried = request.body.decode() if method == "POST" else request.url.partition("?")[2]
    arrived = parse_qsl(carried, keep_blank_values=True)
    given_pairs = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in parameters
    ]
    assert arrived[len(arrived) - len(given_pairs) :] == given_pairs
