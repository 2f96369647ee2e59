"""Names of conferences and labels of participants (reference, sections 0, 1.1, 2.1, 6.5)."""

import pytest

from mixminus.calls.labels import check_label, conference_name
from mixminus.calls.refusals import BadConferenceName, BadLabel, Origin


@pytest.mark.parametrize(
    "name", ["support", "My Room", "日本語", "🎧 line 1", "a" * 128, "50%2Foff", "CF" + "0" * 32]
)
def test_a_name_may_be_anything_that_fits_a_path(name: str) -> None:
    assert conference_name(name) == name


def test_blanks_around_a_name_do_not_count() -> None:
    assert conference_name("\n  My Room \t") == "My Room"
    assert conference_name(" " * 500 + "support") == "support"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a" * 129, "has 129 characters"),
        ("x" * 10_240, "has 10240 characters"),
        ("My Room/1", "slash"),
    ],
)
def test_a_bad_name_is_refused_with_16002_and_the_reason(name: str, why: str) -> None:
    with pytest.raises(BadConferenceName, match=why) as refused:
        conference_name(name)
    assert (refused.value.code, refused.value.http_status) == (16002, 400)


@pytest.mark.parametrize("label", ["customer", "Line 1", "🎧", "a" * 128, "CA123", "100%", "AC" + "0" * 32])
def test_section_2_1_a_label_may_be_anything_that_is_not_taken_for_a_call_sid(label: str) -> None:
    check_label(label, Origin.API)


@pytest.mark.parametrize("label", ["", "a" * 129, "a/b", "a%2Fb", "a%2fb", "CA" + "0" * 32, "CA" + "aB" * 16])
@pytest.mark.parametrize(("origin", "code"), [(Origin.TWIML, 16023), (Origin.API, 16024)])
def test_section_6_5_a_bad_label_has_a_code_for_each_origin(label: str, origin: Origin, code: int) -> None:
    with pytest.raises(BadLabel) as refused:
        check_label(label, origin)
    assert (refused.value.code, refused.value.http_status) == (code, 400)
