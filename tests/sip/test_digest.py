"""Digest: the RFCs' own numbers, then both of our sides against each other."""

import re

import pytest

from mixminus.sip.contract import Credentials
from mixminus.sip.trust.digest import (
    NONCE_LIFETIME_S,
    Authenticated,
    Challenger,
    Verdict,
    answer_challenge,
    digest_response,
    is_stale,
    parse_digest,
)

RFC7616 = {
    "username": "Mufasa",
    "realm": "http-auth@example.org",
    "password": "Circle of Life",
    "method": "GET",
    "uri": "/dir/index.html",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "qop": "auth",
}
BOTH = ("SHA-256", "MD5")
USERS = {"alice": "open sesame"}
URI = "sip:+15005550006@example.com"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc7616_3_9_1(algorithm: str, response: str) -> None:
    assert digest_response(algorithm, **RFC7616) == response


def test_rfc2617_3_5() -> None:
    response = digest_response(
        "MD5",
        username="Mufasa",
        realm="testrealm@host.com",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        nc="00000001",
        cnonce="0a4f113b",
        qop="auth",
    )
    assert response == "6629fae49393a05397450978507c4ef1"


def test_rfc8760_2_4_the_first_challenge_that_we_know_is_met() -> None:
    challenges = [
        'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth, auth-int"',
        'Digest realm="r", nonce="3", algorithm=MD5, qop="auth"',
    ]
    answer = answer_challenge(challenges, Credentials("a", "b"), "INVITE", URI, "c")
    given = parse_digest(answer or "")
    assert given is not None
    assert (given["nonce"], given["algorithm"], given["qop"], given["nc"]) == ("2", "SHA-256", "auth", "00000001")


def test_a_challenge_without_qop_and_algorithm_is_met_as_rfc2069_wants() -> None:
    answer = answer_challenge(['Digest realm="r", nonce="n"'], Credentials("a", "b"), "BYE", URI, "c")
    given = parse_digest(answer or "") or {}
    expected = digest_response("MD5", username="a", realm="r", password="b", method="BYE", uri=URI, nonce="n")
    assert given["response"] == expected
    assert not {"qop", "nc", "cnonce"} & given.keys()


@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="r"', "Digest", 'Digest realm="r", nonce="n", qop="auth-int"', 'Digest nonce="n", algorithm=ROT13'],
)
def test_a_challenge_that_we_cannot_meet_is_not_answered(challenge: str) -> None:
    assert answer_challenge([challenge], Credentials("a", "b"), "INVITE", URI, "c") is None


# --- both sides --------------------------------------------------------------------------------------------------


def challenger() -> Challenger:
    return Challenger("mixminus", b"secret")


def met(challenges: tuple[str, ...], user: str = "alice", password: str = "open sesame") -> str:
    answer = answer_challenge(list(challenges), Credentials(user, password), "INVITE", URI, "cnonce")
    assert answer is not None
    return answer


@pytest.mark.parametrize("algorithm", [0, 1])
def test_what_we_answer_satisfies_what_we_ask(algorithm: int) -> None:
    server = challenger()
    answer = met(server.challenges(b"salt", 0.0, BOTH)[algorithm:])
    assert server.check(answer, USERS, "INVITE", URI, 1.0) == Authenticated("alice")


@pytest.mark.parametrize(("user", "password"), [("alice", "guess"), ("mallory", "open sesame"), ("mallory", "")])
def test_a_wrong_password_is_wrong(user: str, password: str) -> None:
    server = challenger()
    answer = met(server.challenges(b"salt", 0.0, BOTH), user, password)
    assert server.check(answer, USERS, "INVITE", URI, 1.0) is Verdict.WRONG


def test_an_answer_is_good_for_its_method_and_address_only() -> None:
    server = challenger()
    answer = met(server.challenges(b"salt", 0.0, BOTH))
    assert server.check(answer, USERS, "REGISTER", URI, 1.0) is Verdict.WRONG
    assert server.check(answer, USERS, "INVITE", "sip:other@example.com", 1.0) is Verdict.WRONG
    assert server.check(answer, USERS, "INVITE", URI + ";user=phone", 1.0) == Authenticated("alice")


def test_an_answer_cannot_be_replayed() -> None:
    server = challenger()
    answer = met(server.challenges(b"salt", 0.0, BOTH))
    server.check(answer, USERS, "INVITE", URI, 1.0)
    assert server.check(answer, USERS, "INVITE", URI, 2.0) is Verdict.STALE


def test_the_same_nonce_may_be_used_again_with_a_higher_count() -> None:
    server = challenger()
    first = met(server.challenges(b"salt", 0.0, BOTH))
    server.check(first, USERS, "INVITE", URI, 1.0)
    given = parse_digest(first) or {}
    response = digest_response(
        "SHA-256", username="alice", realm="mixminus", password="open sesame", method="INVITE", uri=URI,
        nonce=given["nonce"], nc="00000002", cnonce="cnonce", qop="auth",
    )  # fmt: skip
    second = re.sub('response="[0-9a-f]+"', f'response="{response}"', first).replace("nc=00000001", "nc=00000002")
    assert server.check(second, USERS, "INVITE", URI, 1.0) == Authenticated("alice")


def test_an_old_nonce_is_stale_and_the_new_challenge_says_so() -> None:
    server = challenger()
    answer = met(server.challenges(b"salt", 0.0, BOTH))
    assert server.check(answer, USERS, "INVITE", URI, NONCE_LIFETIME_S + 1) is Verdict.STALE
    assert is_stale(list(server.challenges(b"salt", 0.0, BOTH, stale=True)))
    assert not is_stale(list(server.challenges(b"salt", 0.0, BOTH)))


def test_a_nonce_that_somebody_else_signed_is_stale() -> None:
    answer = met(Challenger("mixminus", b"another secret").challenges(b"salt", 0.0, BOTH))
    assert challenger().check(answer, USERS, "INVITE", URI, 1.0) is Verdict.STALE


@pytest.mark.parametrize(
    "header",
    ["", "Basic YTpi", "Digest", 'Digest username="alice"', 'Digest realm="mixminus", qop=auth, nc=zz, response="é"'],
)
def test_credentials_that_make_no_sense_are_wrong(header: str) -> None:
    assert challenger().check(header, USERS, "INVITE", URI, 0.0) is Verdict.WRONG
