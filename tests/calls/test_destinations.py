"""Which numbers may be called."""

import pytest

from mixminus.calls.destinations import permitted


@pytest.mark.parametrize(
    ("number", "allow", "deny", "may"),
    [
        ("+15550001111", (), (), True),
        ("+15550001111", ("+1", "+44"), (), True),
        ("+4930123456", ("+1", "+44"), (), False),
        ("+19005550000", ("+1",), ("+1900",), False),
        ("+19005551234", ("+1", "+19005551"), ("+1900",), True),
        ("+19005550000", (), ("+1900",), False),
        ("+15550001111", (), ("+1900",), True),
        ("+15550001111", ("+1",), ("+1",), False),
        ("19005550000", ("+",), (), False),
        ("+15550001111", (), ("",), False),
        ("+15550001111", ("+1",), ("",), True),
    ],
)
def test_the_longest_prefix_decides(number: str, allow: tuple[str, ...], deny: tuple[str, ...], may: bool) -> None:
    assert permitted(number, allow, deny) is may
