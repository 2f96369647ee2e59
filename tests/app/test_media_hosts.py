"""Which addresses a far end is told: of its IP version, and as near as it is."""

import pytest

from mixminus.app.calls.media_hosts import told_hosts

SITE, PUBLIC, SIX = "10.0.0.5", "203.0.113.5", "2001:db8::5"


@pytest.mark.parametrize(
    ("far", "told"),
    [
        ("198.51.100.9", (PUBLIC, SIX)),
        ("10.0.0.77", (SITE, SIX)),
        ("2001:db8::9", (SIX, PUBLIC)),
        ("", (PUBLIC, SIX)),
        ("phone.example.com", (PUBLIC, SIX)),
    ],
)
def test_the_address_follows_the_far_end(far: str, told: tuple[str, str]) -> None:
    assert told_hosts((PUBLIC, SITE, SIX), far) == told


def test_a_single_address_is_told_to_everybody() -> None:
    assert told_hosts((PUBLIC,), "2001:db8::9") == (PUBLIC, None)
    assert told_hosts((PUBLIC, SITE), "10.0.0.1") == (SITE, None)
