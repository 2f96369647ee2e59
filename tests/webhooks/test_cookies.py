"""Cookies of one call (twiml-and-streams 1.3)."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.webhooks.contract import HttpAnswer
from mixminus.webhooks.cookies import MAX_COOKIES, CookieJar


def jar_of(*cookies: str, url: str = "https://a.test/voice/in") -> CookieJar:
    jar = CookieJar()
    jar.keep(HttpAnswer(200, tuple(("set-cookie", cookie) for cookie in cookies), b"", url))
    return jar


def test_cookies_go_back_to_the_host_that_set_them() -> None:
    jar = jar_of("session=abc; HttpOnly", "seen=1; Path=/")
    assert jar.header("https://a.test/other") == "session=abc; seen=1"
    assert jar.header("https://b.test/") is None


def test_a_path_bounds_a_cookie() -> None:
    jar = jar_of("x=1; Path=/voice")
    assert jar.header("https://a.test/voice") == jar.header("https://a.test/voice/x") == "x=1"
    assert jar.header("https://a.test/voices") is None


def test_a_later_cookie_replaces_and_max_age_0_deletes() -> None:
    assert jar_of("x=1", "x=2").header("https://a.test/") == "x=2"
    assert jar_of("x=1", "x=; Max-Age=0").header("https://a.test/") is None


def test_a_secure_cookie_stays_off_plain_http() -> None:
    jar = jar_of("x=1; Secure")
    assert jar.header("http://a.test/") is None
    assert jar.header("https://a.test/") == "x=1"


def test_the_jar_is_bounded() -> None:
    jar = jar_of(*(f"c{number}=1" for number in range(MAX_COOKIES + 10)), "big=" + "x" * 5_000)
    header = jar.header("https://a.test/") or ""
    assert header.count("=") == MAX_COOKIES
    assert "big" not in header


@given(st.text(max_size=80))
def test_any_header_is_taken_or_ignored(cookie: str) -> None:
    header = jar_of(cookie).header("https://a.test/")
    assert header is None or (header.isascii() and header.isprintable())
