"""Which numbers may be called: prefixes that are allowed and prefixes that are denied."""

from collections.abc import Iterable


def permitted(number: str, allow: Iterable[str], deny: Iterable[str]) -> bool:
    """The longest prefix that matches decides, and of equals the denial. Without any *allow*, all others may be."""
    allowed = _longest(number, tuple(allow) or ("",))
    return allowed >= 0 and allowed > _longest(number, deny)


def _longest(number: str, prefixes: Iterable[str]) -> int:
    """The length of the longest prefix that matches; -1: none."""
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=-1)
