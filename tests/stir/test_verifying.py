"""Which signed callers are believed (RFC 8224 6.2, RFC 8226, RFC 8588)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stir.carrier import NOW, ONE_NUMBER, Authority, Carrier, new_key

from mixminus.stir.passport import BadPassport, canonical, read_passport, shaken_identity
from mixminus.stir.verifying import BadCertificate, Verdict, read_roots, verify

ROOT = Authority.root()
ISSUER = ROOT.authority()
CARRIER = ISSUER.carrier()
CHAIN = CARRIER.pem + ISSUER.pem


def judged(
    identity: str,
    *,
    chain: bytes = CHAIN,
    roots: Authority = ROOT,
    caller: str = "+15551234567",
    called: tuple[str, ...] = ("+15550001111",),
    at: datetime = NOW,
) -> str:
    verdict: Verdict = verify(read_passport(identity), chain, [roots.certificate], caller, called, at)
    return verdict.word


@pytest.mark.parametrize("attest", ["A", "B", "C"])
def test_a_signed_caller_passes_with_what_its_carrier_vouches_for(attest: str) -> None:
    assert judged(CARRIER.identity(attest=attest)) == f"TN-Validation-Passed-{attest}"


@pytest.mark.parametrize(
    "changed",
    [
        {"caller": "+15551234568"},
        {"caller": ""},
        {"called": ("+15550002222",)},
        {"at": NOW + timedelta(seconds=61)},
        {"at": NOW - timedelta(seconds=61)},
        {"roots": Authority.root()},
        {"chain": CARRIER.pem},
        {"chain": b""},
        {"chain": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"chain": ISSUER.carrier().pem + ISSUER.pem},
        {"chain": ISSUER.pem},
        {"at": NOW + timedelta(days=31)},
    ],
)
def test_what_does_not_hold_fails_and_says_what_was_claimed(changed: dict[str, Any]) -> None:
    assert judged(CARRIER.identity(), **changed) == "TN-Validation-Failed-A"


def test_a_signature_is_made_over_what_is_claimed() -> None:
    token, _, rest = CARRIER.identity(attest="C").partition(";")
    head, _, signature = token.split(".")
    _, claims, _ = CARRIER.identity(attest="A").partition(";")[0].split(".")
    assert judged(f"{head}.{claims}.{signature};{rest}") == "TN-Validation-Failed-A"


def signed_by(carrier: Carrier, issuer: Authority = ISSUER) -> str:
    return judged(carrier.identity(), chain=carrier.pem + issuer.pem)


def test_a_certificate_for_something_else_than_a_carrier_is_not_believed() -> None:
    assert signed_by(ISSUER.carrier(list_=None)) == "TN-Validation-Failed-A"
    assert signed_by(ISSUER.carrier(list_=ONE_NUMBER)) == "TN-Validation-Failed-A"
    assert signed_by(ISSUER.carrier(list_=b"")) == "TN-Validation-Failed-A"


def test_an_expired_certificate_is_not_believed() -> None:
    assert signed_by(ISSUER.carrier(days=-1)) == "TN-Validation-Failed-A"


def test_a_carrier_is_no_authority() -> None:
    false_authority = Authority(CARRIER.certificate, CARRIER.key)
    carrier = false_authority.carrier()
    assert judged(carrier.identity(), chain=carrier.pem + CHAIN) == "TN-Validation-Failed-A"


def test_a_root_may_sign_carriers_itself() -> None:
    carrier = ROOT.carrier()
    assert judged(carrier.identity(), chain=carrier.pem) == "TN-Validation-Passed-A"


def test_keys_are_on_p256() -> None:
    with pytest.raises(Exception, match=r".*"):  # PyJWT does not sign ES256 with another curve
        ISSUER.carrier(key=new_key(ec.SECP384R1())).identity()
    other = ISSUER.carrier(key=new_key(ec.SECP384R1()))
    assert judged(CARRIER.identity(), chain=other.pem + ISSUER.pem) == "TN-Validation-Failed-A"


@pytest.mark.parametrize(
    "changed",
    [
        {"attest": "D"},
        {"attest": None},
        {"iat": None},
        {"iat": "1767323045"},
        {"iat": True},
        {"orig": None},
        {"orig": {"uri": "sip:a@b"}},
        {"orig": []},
        {"dest": {"tn": "15550001111"}},
        {"dest": {"tn": [1]}},
        {"origid": None},
        {"h_typ": "JWT"},
        {"h_ppt": "div"},
        {"h_x5u": "https://elsewhere.example.com/x.pem"},
    ],
)
def test_a_passport_that_lacks_something_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(BadPassport):
        read_passport(CARRIER.identity(**changed))


@pytest.mark.parametrize(
    "identity", ["", "x", "a.b.c", "a.b.c;info=<https://x>", "..s;info=<https://x>;alg=ES256", "€"]
)
def test_what_is_no_passport_at_all_is_refused(identity: str) -> None:
    with pytest.raises(BadPassport):
        read_passport(identity)


def test_the_identity_of_shaken_is_found_among_others() -> None:
    shaken = CARRIER.identity()
    rich = shaken.replace('ppt="shaken"', "ppt=rcd")
    assert shaken_identity([rich, "..sig;info=<https://x>;ppt=shaken", shaken]) == shaken
    assert shaken_identity([shaken.replace(';ppt="shaken"', "")]) is not None
    assert shaken_identity([rich, "nonsense", ""]) is None


@pytest.mark.parametrize(
    ("number", "same"),
    [
        ("+1 (555) 123-4567", "15551234567"),
        ("5551234567", "15551234567"),
        ("+4930123456", "4930123456"),
        ("+5551234567", "5551234567"),
        ("911", "911"),
        ("+15551234567;ext=3", "15551234567"),
    ],
)
def test_numbers_are_compared_by_their_digits(number: str, same: str) -> None:
    assert canonical(number) == same


def test_roots_are_certificates() -> None:
    assert len(read_roots(ROOT.pem + ISSUER.pem)) == 2
    with pytest.raises(BadCertificate):
        read_roots(b"hello")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 900), st.characters(codec="utf-8"))
def test_a_damaged_identity_never_passes_as_something_else(at: int, char: str) -> None:
    identity = CARRIER.identity()
    damaged = identity[:at] + char + identity[at + 1 :]
    try:
        passport = read_passport(damaged)
    except BadPassport:
        return
    verdict = verify(passport, CHAIN, [ROOT.certificate], "+15551234567", ["+15550001111"], NOW)
    assert (
        verdict.word == "TN-Validation-Failed-A"
        or passport.token == read_passport(identity).token
        or ((passport.origin, passport.attestation) == ("15551234567", "A"))
    )
