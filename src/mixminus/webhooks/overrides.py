"""Connection overrides: what a URL's fragment says about time-outs and retries (`#ct=2000&rp=ct,5xx`)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from mixminus.webhooks.contract import Limits

EDGE_INVALID: Final = 11240
EDGE_UNSUPPORTED: Final = 11241
POLICY_INVALID: Final = 11243

EDGES: Final = frozenset(
    {"ashburn", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo", "umatilla"},
)
POLICIES: Final = frozenset({"ct", "rt", "4xx", "5xx"})


@dataclass(frozen=True, slots=True)
class Range:
    """A number that the fragment may set."""

    least: int
    most: int
    applied: Callable[[Limits, int], Limits]


RANGES: Final = {
    "ct": Range(100, 10_000, lambda limits, value: replace(limits, connect_ms=value)),
    "rt": Range(100, 15_000, lambda limits, value: replace(limits, read_ms=value)),
    "tt": Range(100, 15_000, lambda limits, value: replace(limits, total_ms=value)),
    "rc": Range(0, 5, lambda limits, value: replace(limits, retries=value)),
}
"""twilio-conference-api 10.1."""


@dataclass(frozen=True, slots=True)
class OverrideWarning:
    """An override that was not understood: it has no effect, the request is made all the same."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Overridden:
    url: str
    """Without the fragment."""
    limits: Limits
    warnings: tuple[OverrideWarning, ...] = ()


def split_overrides(url: str, limits: Limits | None = None) -> Overridden:
    """Take the overrides off a URL and apply them to *limits* (default: Twilio's)."""
    address, _, fragment = url.partition("#")
    limits = limits or Limits()
    warnings: list[OverrideWarning] = []
    for key, value in parse_qsl(fragment, keep_blank_values=True):
        if key in RANGES:
            allowed = RANGES[key]
            if re.fullmatch("[0-9]{1,5}", value) and allowed.least <= int(value) <= allowed.most:
                limits = allowed.applied(limits, int(value))
            else:
                message = f"#{key} must be from {allowed.least} to {allowed.most}"
                warnings.append(OverrideWarning(POLICY_INVALID, message))
        elif key == "rp":
            chosen = frozenset(value.split(","))
            if chosen <= POLICIES | {"all"}:
                limits = replace(limits, retry_on=POLICIES if "all" in chosen else chosen)
            else:
                warnings.append(
                    OverrideWarning(POLICY_INVALID, f"#rp must be some of {', '.join(sorted(POLICIES))}, all")
                )
        elif key == "e":
            warnings.extend(_edge_warnings(value))
    return Overridden(address, limits, tuple(warnings))


def _edge_warnings(value: str) -> Iterator[OverrideWarning]:
    """A node has one way out, so an edge never has an effect."""
    for edge in value.split(","):
        if edge in EDGES:
            yield OverrideWarning(EDGE_UNSUPPORTED, f"#e={edge}: this server has no edges; it connects by itself")
        else:
            yield OverrideWarning(EDGE_INVALID, f"#e: there is no such edge; Twilio's are {', '.join(sorted(EDGES))}")
