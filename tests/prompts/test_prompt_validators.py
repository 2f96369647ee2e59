"""RFC 9111 for the GETs of <Play>."""

import pytest

from mixminus.prompts.validators import validators


def test_a_second_request_carries_what_the_first_answer_said_about_itself() -> None:
    held = validators("n", {"etag": '"a"', "last-modified": "Fri, 18 Feb 2011 19:26:50 GMT"}, 0.0)
    assert held is not None
    assert held.request_headers() == {
        "If-None-Match": '"a"',
        "If-Modified-Since": "Fri, 18 Feb 2011 19:26:50 GMT",
    }


def test_an_empty_etag_is_not_an_absent_one() -> None:
    held = validators("n", {"etag": ""}, 0.0)
    assert held is not None
    assert held.request_headers() == {"If-None-Match": ""}


def test_no_store_is_not_remembered() -> None:
    assert validators("n", {"cache-control": "private, No-Store", "etag": '"a"'}, 0.0) is None


@pytest.mark.parametrize(
    ("control", "fresh_s"),
    [
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ("max-age=60, no-cache", 0),
        ("s-maxage=60", 0),
        ("max-age=soon", 0),
        ("", 0),
    ],
)
def test_max_age_says_how_long_nobody_need_ask(control: str, fresh_s: int) -> None:
    held = validators("n", {"cache-control": control}, 100.0)
    assert held is not None
    assert held.fresh_until == 100.0 + fresh_s
