"""`a=crypto`, row by row (RFC 4568, RFC 7714)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sdp.crypto import (
    KEY_AND_SALT_BYTES,
    OFFERED_BYTES,
    AgreedKeys,
    Crypto,
    accepted,
    answered,
    cryptos_of,
    offered_keys,
)
from mixminus.sdp.description import Stream

KEY = bytes(range(30))
INLINE = base64.b64encode(KEY).decode()
CM_80 = "AES_CM_128_HMAC_SHA1_80"

OURS = offered_keys(bytes(range(OFFERED_BYTES)))


def stream(*cryptos: str) -> Stream:
    return Stream("audio", 4000, "RTP/SAVP", ("0",), None, tuple(("crypto", crypto) for crypto in cryptos))


def test_we_offer_every_suite_with_a_key_of_its_own_strongest_first() -> None:
    assert [(key.tag, key.suite) for key in OURS] == [
        (1, "AEAD_AES_256_GCM"),
        (2, "AEAD_AES_128_GCM"),
        (3, "AES_CM_128_HMAC_SHA1_80"),
        (4, "AES_CM_128_HMAC_SHA1_32"),
    ]
    assert [len(key.key) for key in OURS] == [44, 28, 30, 30]  # RFC 7714 14.2, RFC 4568 6.2
    assert len({key.key[:16] for key in OURS}) == 4


def test_rfc4568_9_1_what_is_written_reads_back() -> None:
    assert cryptos_of(stream(*(key.text for key in OURS))) == list(OURS)


def test_an_example_of_rfc4568_10_3() -> None:
    said = "1 AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20|1:32"
    assert cryptos_of(stream(said)) == []  # it has an MKI
    (crypto,) = cryptos_of(stream(said.removesuffix("|1:32")))
    assert crypto.key == b"70xwPH5@/,L:S1wY\"~='EpgT%(i_Vc"


@pytest.mark.parametrize(
    "said",
    [
        f"1 {CM_80} inline:{INLINE}",
        f"1 {CM_80} inline:{INLINE}|2^20",
        f"1 {CM_80} inline:{INLINE}|2^48",
        f"1 {CM_80} inline:{INLINE}|1000000",
        f"1 aes_cm_128_hmac_sha1_80 inline:{INLINE}",
        f"1 {CM_80} inline:{INLINE} WSH=128",
        f"1  {CM_80}  inline:{INLINE}  -NEW=x",
    ],
)
def test_keys_that_we_can_use(said: str) -> None:
    assert cryptos_of(stream(said)) == [Crypto(1, CM_80, KEY)]


@pytest.mark.parametrize(
    "said",
    [
        f"1 {CM_80} inline:{INLINE}|2^20|1:4",
        f"1 {CM_80} inline:{INLINE}|1:4",
        f"1 {CM_80} inline:{INLINE}|2^20|1:4;inline:{INLINE}|2^20|2:4",
        f"1 {CM_80} inline:{INLINE}|0",
        f"1 {CM_80} inline:{INLINE}|2^49",
        f"1 {CM_80} inline:{INLINE}|2^999999999999999",
        f"1 {CM_80} inline:{INLINE} UNENCRYPTED_SRTP",
        f"1 {CM_80} inline:{INLINE} UNAUTHENTICATED_SRTP",
        f"1 {CM_80} inline:{INLINE} WSH=64 UNENCRYPTED_SRTCP",
        f"1 {CM_80} inline:{INLINE} KDR=3",
        f"1 {CM_80} inline:{INLINE} FEC_ORDER=FEC_SRTP",
        f"1 {CM_80} inline:{INLINE} NEW=x",
        f"1 {CM_80} inline:{INLINE[:-4]}",
        f"1 {CM_80} inline:{INLINE}AAAA",
        f"1 AEAD_AES_256_GCM inline:{INLINE}",
        f"1 F8_128_HMAC_SHA1_80 inline:{INLINE}",
        f"1 {CM_80} uri:https://example.com/key",
        f"x {CM_80} inline:{INLINE}",
        f"01 {CM_80} inline:{INLINE}",
        f"9999999999 {CM_80} inline:{INLINE}",
        "",
    ],
)
def test_keys_that_we_cannot_use_are_passed_over(said: str) -> None:
    good = f"7 {CM_80} inline:{INLINE}"
    assert cryptos_of(stream(said, good)) == [Crypto(7, CM_80, KEY)]


def test_rfc4568_5_1_2_an_answer_has_the_tag_of_the_first_key_that_we_can_use() -> None:
    found = accepted(stream(f"5 F8_128_HMAC_SHA1_80 inline:{INLINE}", f"8 {CM_80} inline:{INLINE}"), OURS)
    ours = OURS[2].key
    assert found == (Crypto(8, CM_80, ours), AgreedKeys(CM_80, ours, KEY))


def test_an_offer_whose_suites_are_not_ours_is_not_taken() -> None:
    assert accepted(stream(f"1 {CM_80} inline:{INLINE}"), [OURS[0]]) is None
    assert accepted(stream(f"1 {CM_80} inline:{INLINE}"), ()) is None
    assert accepted(stream(), OURS) is None


def test_rfc4568_5_1_3_an_answer_chooses_by_tag_and_suite() -> None:
    assert answered(stream(f"3 {CM_80} inline:{INLINE}"), OURS) == AgreedKeys(CM_80, OURS[2].key, KEY)
    assert answered(stream(f"1 {CM_80} inline:{INLINE}"), OURS) is None  # that tag is another suite
    assert answered(stream(f"9 {CM_80} inline:{INLINE}"), OURS) is None


def test_no_key_is_in_what_a_log_would_say() -> None:
    agreed = AgreedKeys(CM_80, OURS[2].key, KEY)
    for written in (repr(OURS), repr(agreed), str(agreed)):
        assert "\\x" not in written
        assert INLINE not in written


@given(st.text(max_size=200), st.sampled_from(sorted(KEY_AND_SALT_BYTES)))
def test_hostile_attributes_do_no_harm(junk: str, suite: str) -> None:
    cryptos_of(stream(junk, f"1 {suite} {junk}", f"1 {suite} inline:{junk}"))
