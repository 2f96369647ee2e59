"""Where certificates are fetched from, and how long they are kept."""

import pytest

from mixminus.stir.certificates import (
    FAILURE_KEPT_S,
    MAX_KEPT,
    CertificateCache,
    NoCertificate,
    check_url,
    kept_s,
    may_be_asked,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://cr.example.com/x.pem",
        "ftp://cr.example.com/x.pem",
        "https://",
        "https://cr.example.com:22/x.pem",
        "https://user:secret@cr.example.com/x.pem",
        "https://127.0.0.1/x.pem",
        "https://[::1]/x.pem",
        "https://[::ffff:10.0.0.1]/x.pem",
        "https://10.1.2.3/x.pem",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/x.pem",
        "https://0x7f.1/x.pem",
        "https://cr.example.com:99999/x.pem",
        "https://cr.example.com/\r\nx.pem",
    ],
)
def test_what_a_stranger_must_not_make_us_fetch(url: str) -> None:
    with pytest.raises(NoCertificate):
        check_url(url, private=False)


@pytest.mark.parametrize("url", ["https://cr.example.com/x.pem", "https://8.8.8.8:8443/x.pem"])
def test_public_places_may_be_asked(url: str) -> None:
    check_url(url, private=False)


def test_a_laboratory_may_ask_itself_but_by_https_alone() -> None:
    check_url("https://127.0.0.1:4433/x.pem", private=True)
    with pytest.raises(NoCertificate):
        check_url("http://127.0.0.1/x.pem", private=True)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "100.64.0.1", "fe80::1", "fd00::1", "0.0.0.0", "224.0.0.1"]
)
def test_addresses_of_our_own_network_are_not_asked(host: str) -> None:
    assert not may_be_asked(host)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 3600), ("max-age=60", 60), ("public, max-age=999999", 86400), ("no-store", 0), ("max-age=x", 3600)],
)
def test_the_server_says_how_long_within_bounds(header: str | None, seconds: float) -> None:
    assert kept_s(header) == seconds


def test_what_was_fetched_is_kept_for_its_time_and_failures_for_a_moment() -> None:
    cache = CertificateCache()
    assert cache.find("u", 0.0) is None
    cache.keep("u", b"pem", 60.0, 0.0)
    assert cache.find("u", 59.0) == b"pem"
    assert cache.find("u", 60.0) is None
    cache.failed("u", 60.0)
    with pytest.raises(NoCertificate):
        cache.find("u", 61.0)
    assert cache.find("u", 60.0 + FAILURE_KEPT_S) is None


def test_so_many_are_kept_and_no_more() -> None:
    cache = CertificateCache()
    for number in range(MAX_KEPT + 10):
        cache.keep(f"u{number}", b"pem", 60.0, 0.0)
    assert len(cache) == MAX_KEPT
