"""Through which proxies a request goes: the route set, loose or strict (RFC 3261 12.2.1.1, 16.12)."""

from dataclasses import dataclass

from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.uri import Uri, address_in


@dataclass(frozen=True, slots=True)
class Routed:
    """What a request says of its way."""

    uri: str
    """The request-URI."""
    routes: tuple[str, ...]
    """Values of Route."""
    next_uri: str | None
    """The address of the first hop (8.1.2); None: the first route cannot be read."""

    @property
    def lines(self) -> HeaderLines:
        return tuple(("Route", route) for route in self.routes)


def routed(target: str, route_set: tuple[str, ...]) -> Routed:
    """A loose router is named by Route, and the target stays the request-URI. A strict one wants to be that itself,
    and the target goes to the end of Route.
    """
    if not route_set:
        return Routed(target, (), target)
    first = address_in(route_set[0])
    if first is not None and "lr" not in first.parameters:
        return Routed(first.text, (*route_set[1:], f"<{target}>"), first.text)
    return Routed(target, route_set, first.text if first is not None else None)


def destination(request: Request) -> str:
    """Whom a new request is for. A strict router before us wrote our address into the request-URI, and that of the
    called party at the end of Route (16.4).
    """
    routes = request.all("Route")
    last = address_in(routes[-1]) if routes and Uri.parse(request.uri).user is None else None
    return last.text if last is not None and last.user else request.uri


def loose(uri: str) -> str:
    """A Route through a proxy that somebody named by its address."""
    return f"<{uri}>" if "lr" in Uri.parse(uri).parameters else f"<{uri};lr>"


def is_route(text: str) -> bool:
    """Whether it can stand in Route, and be gone to."""
    uri = address_in(text)
    return uri is not None and bool(uri.host)
