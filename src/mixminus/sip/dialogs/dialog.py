"""A dialog: what both sides remember so that later requests find their way (RFC 3261 12)."""

from dataclasses import dataclass, field

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.message import HeaderLines, Request, Response
from mixminus.sip.messages.routing import Routed, routed
from mixminus.sip.messages.uri import AddressError, Uri, target_of
from mixminus.sip.places.networks import literal, reach
from mixminus.sip.places.whereabouts import Finder, nowhere


@dataclass(slots=True)
class Dialog:
    """`local` and `remote` are whole From/To values, tags included. `flow` is where the peer was last heard."""

    call_id: str
    local: str
    local_tag: str
    remote: str
    remote_tag: str | None
    local_cseq: int
    remote_cseq: int | None
    remote_target: str
    route_set: tuple[str, ...]
    flow: Address | None
    lost_flow: Address | None = None
    """Where it was heard, by a connection that broke."""
    dead: set[str] = field(default_factory=set)
    """Hosts behind names that failed a request inside the dialog."""

    @classmethod
    def of_server(cls, request: Request, local_tag: str, source: Address) -> "Dialog":
        """The dialog that our answer to *request* makes (12.1.1)."""
        return cls(
            call_id=request.call_id,
            local=f"{request.get('To')};tag={local_tag}",
            local_tag=local_tag,
            remote=request.get("From") or "",
            remote_tag=request.from_.tag,
            local_cseq=0,
            remote_cseq=request.cseq.number,
            remote_target=request.contact or request.from_.uri,
            route_set=tuple(request.all("Record-Route")),
            flow=source,
        )

    @classmethod
    def of_client(cls, request: Request, response: Response, flow: Address) -> "Dialog":
        """The dialog that a response to our *request* makes (12.1.2)."""
        return cls(
            call_id=request.call_id,
            local=request.get("From") or "",
            local_tag=request.from_.tag or "",
            remote=response.get("To") or "",
            remote_tag=response.to.tag,
            local_cseq=request.cseq.number,
            remote_cseq=None,
            remote_target=response.contact or request.uri,
            route_set=tuple(reversed(response.all("Record-Route"))),
            flow=flow,
        )

    def belongs(self, request: Request) -> bool:
        """Whether the peer's tag is the one we know (12.2.2); an old peer may have none."""
        return request.from_.tag == self.remote_tag

    def accepts_cseq(self, request: Request) -> bool:
        """Take the request's number if it moves forward (12.2.2)."""
        if self.remote_cseq is not None and request.cseq.number <= self.remote_cseq:
            return False
        self.remote_cseq = request.cseq.number
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """A re-INVITE and its 2xx may move the peer (12.2.1.2, 12.2.2)."""
        self.remote_target = message.contact or self.remote_target

    def request(self, method: str, cseq: int, headers: HeaderLines, body: bytes = b"") -> Request:
        """A request inside the dialog, with the Via and Contact lines that the caller passes in *headers*."""
        way = self._way()
        lines = (
            *headers,
            ("Max-Forwards", "70"),
            *way.lines,
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        )
        return Request(lines, body, method, way.uri)

    def connection_lost(self, address: Address) -> None:
        """The way back that the peer's connection was is gone; its Contact has to do."""
        if self.flow == address:
            self.flow, self.lost_flow = None, self.flow

    def heard_from(self, source: Address) -> None:
        """The peer's requests come from there now: its NAT, or its connection, is another one. Behind proxies it is
        they who are heard.
        """
        if not self.route_set or self.flow is None:
            self.flow = source

    def goes_elsewhere(self, failed: Address, find: Finder) -> bool:
        """Whether the name that requests go to has another place than the one that failed (RFC 3263 4.3). They go
        there from now on.
        """
        hosts = {place.host for place in find(self._way().next_uri or "")}
        if failed.host not in hosts or hosts <= self.dead | {failed.host}:
            return False
        self.dead.add(failed.host)
        return True

    def next_cseq(self) -> int:
        self.local_cseq += 1
        return self.local_cseq

    @property
    def request_uri(self) -> str:
        return self._way().uri

    def next_hop(self, find: Finder = nowhere) -> Address | None:
        """Where a request inside the dialog is sent; None when neither a route nor the peer's address can be used.

        *find* knows the places of names and of GRUUs. Where it does not, or the peer was last heard from one of them,
        requests go back to where that was.
        """
        way = self._way()
        try:
            target = target_of(way.next_uri or "")
        except AddressError:
            return self.flow
        if self.flow is not None and self.flow.transport.is_websocket:
            return self.flow
        if literal(target.host) is None or _is_gruu(way.next_uri or ""):
            return self._next_place(find(way.next_uri or ""), target)
        if target.transport.is_websocket:
            return self._way_back(target)
        if self.flow is None:
            return target if self._may_go_to(target, way) else None
        return self.flow if not way.routes and _is_better(self.flow, target) else target.like(self.flow)

    def _next_place(self, places: tuple[Address, ...], target: Address) -> Address | None:
        """Where the peer was last heard, if that is one of the places of the name, or nobody knows any."""
        places = tuple(place for place in places if place.host not in self.dead) or places
        heard_there = self.flow is not None and self.flow.host in {place.host for place in places}
        if places and not heard_there:
            return places[0]
        return self._way_back(target) or (places[0] if places else None)

    def _may_go_to(self, target: Address, way: Routed) -> bool:
        """Whether it can stand in for the connection that was lost. Over TLS keys were told, which others must not
        read; and behind a NAT the peer is not where it claims to be.
        """
        lost = self.lost_flow
        if lost is None:
            return True
        if lost.transport.is_secure and not target.transport.is_secure:
            return False
        return bool(way.routes) or not _is_behind_nat(lost, target)

    def _way_back(self, target: Address) -> Address | None:
        """Nothing that is to be kept from others goes back in the clear."""
        if self.flow is None or (target.transport.is_secure and not self.flow.transport.is_secure):
            return None
        return self.flow

    def _way(self) -> Routed:
        return routed(self.remote_target, self.route_set)


def _is_gruu(uri: str) -> bool:
    """Whether it is the address of a phone and not of a place (RFC 5627 3.3)."""
    return "gr" in Uri.parse(uri).parameters


def _is_better(flow: Address, target: Address) -> bool:
    """An open connection is kept (RFC 5923), and a phone behind a NAT is where its packets come from, not where its
    Contact claims to be: an address of a narrower reach than the one it talks from.
    """
    if target.transport.is_secure and not flow.transport.is_secure:
        return False
    if flow.transport is not Transport.UDP:
        return flow.transport.is_secure or target.transport is flow.transport
    return _is_behind_nat(flow, target)


def _is_behind_nat(flow: Address, target: Address) -> bool:
    claimed, seen = literal(target.host), literal(flow.host)
    return claimed is not None and seen is not None and reach(claimed) < reach(seen)
