"""How a trunk wants numbers written: rules that are applied one after another.

| rule | +4930123456 becomes |
|---|---|
| `plain` | 4930123456 |
| `international 00` | 004930123456 |
| `national +49 0` | 030123456; a number of another country stays |
| `strip 3` | 30123456 |
| `prepend 9` | 9+4930123456 |
| `replace ^\\+49(.*) 0$1` | 030123456; `$1` is the first group, what does not match stays |
"""

import re
from collections.abc import Callable
from functools import lru_cache

from mixminus.base.errors import MixminusError

Rule = Callable[[str], str]


class BadRule(MixminusError):
    """A rule that nobody can follow."""


def rewritten(number: str, rules: tuple[str, ...]) -> str:
    """*number* as the rules say. Raises `BadRule`."""
    for rule in rules:
        number = compiled(rule)(number)
    return number


@lru_cache(maxsize=1024)
def compiled(rule: str) -> Rule:
    """Read one rule. Raises `BadRule`."""
    match rule.split():
        case ["plain"]:
            return lambda number: number.removeprefix("+")
        case ["international", prefix]:
            return lambda number: prefix + number[1:] if number.startswith("+") else number
        case ["national", country, *trunk] if len(trunk) <= 1:
            return lambda number: (
                "".join(trunk) + number.removeprefix(country) if number.startswith(country) else number
            )
        case ["strip", count] if count.isascii() and count.isdigit():
            return lambda number: number[int(count) :]
        case ["prepend", prefix]:
            return lambda number: prefix + number
        case ["replace", pattern, *replacement] if len(replacement) <= 1:
            return _replacing(rule, pattern, "".join(replacement))
    raise BadRule(f"{rule!r} is no rule for numbers: plain, international, national, strip, prepend, replace")


def _replacing(rule: str, pattern: str, replacement: str) -> Rule:
    template = re.sub(r"\$(\d)", r"\\g<\1>", replacement.replace("\\", r"\\"))
    try:
        expression = re.compile(pattern)
        groups = {int(digit) for digit in re.findall(r"\$(\d)", replacement)}
    except re.error as error:
        raise BadRule(f"{rule!r} is no rule for numbers: {error}") from error
    if max(groups, default=0) > expression.groups:
        raise BadRule(f"{rule!r} names a group that its expression does not have")
    return lambda number: expression.sub(template, number, count=1)
