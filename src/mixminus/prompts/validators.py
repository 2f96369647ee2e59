"""When an answer that we hold may be used again (RFC 9111), for the GETs of `<Play>`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Validators:
    """What the last good answer for a URL said about itself, and under which name its audio is kept."""

    name: str
    etag: str | None
    last_modified: str | None
    fresh_until: float

    def request_headers(self) -> dict[str, str]:
        """Headers that let the server say 304 (RFC 9110, sections 13.1.2 and 13.1.3)."""
        headers = {}
        if self.etag is not None:
            headers["If-None-Match"] = self.etag
        if self.last_modified is not None:
            headers["If-Modified-Since"] = self.last_modified
        return headers


def validators(name: str, headers: Mapping[str, str], now: float) -> Validators | None:
    """Remember an answer, or None where it may not be stored (`no-store`).

    Without `max-age` it is asked about again each time.
    """
    control = headers.get("cache-control", "").lower()
    if "no-store" in control:
        return None
    age = _MAX_AGE.search(control)
    fresh_s = int(age[1]) if age and "no-cache" not in control else 0
    return Validators(name, headers.get("etag"), headers.get("last-modified"), now + fresh_s)
