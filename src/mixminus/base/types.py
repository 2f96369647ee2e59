"""The few shapes that everything passes around."""

from collections.abc import Callable
from typing import NewType

Sid = NewType("Sid", str)
"""Two letters and 32 lower-case hex digits, such as `CA…` for a call."""

FormPairs = tuple[tuple[str, str], ...]
"""A form body or query: ordered, repeats and blank values kept, because blank means something to Twilio."""

Draw = Callable[[int], int]
"""A random number below that one: `secrets.randbelow`."""

RandomBytes = Callable[[int], bytes]
"""`os.urandom` in production, a seeded source under test."""
