"""One side's view of a dialog (RFC 3261 section 12): identities, route, sequence numbers."""

from dataclasses import dataclass, field

from mixminus.testing.network import Address
from mixminus.testing.user_agent.message import (
    Headers,
    Message,
    Request,
    Response,
    address_of,
    cseq_of,
    parameter,
    uri_of,
)


@dataclass(slots=True)
class Dialog:
    """Makes the requests inside a dialog. `local` and `remote` are From and To values with their tags."""

    call_id: str
    local: str
    remote: str
    target: str
    """The far end's Contact."""
    routes: list[str]
    cseq: int
    remote_cseq: int = field(default=0)

    @classmethod
    def of_caller(cls, invite: Request, response: Response) -> "Dialog":
        """12.1.2: made by a response to our INVITE."""
        return cls(
            call_id=invite.headers.get("Call-ID"),
            local=invite.headers.get("From"),
            remote=response.headers.get("To"),
            target=contact_of(response) or invite.uri,
            routes=response.headers.listed("Record-Route")[::-1],
            cseq=cseq_of(invite)[0],
        )

    @classmethod
    def of_callee(cls, invite: Request, local_tag: str) -> "Dialog":
        """12.1.1: made by our answer to an INVITE."""
        return cls(
            call_id=invite.headers.get("Call-ID"),
            local=f"{invite.headers.get('To')};tag={local_tag}",
            remote=invite.headers.get("From"),
            target=contact_of(invite) or uri_of(invite.headers.get("From")),
            routes=invite.headers.listed("Record-Route"),
            cseq=0,
            remote_cseq=cseq_of(invite)[0],
        )

    @property
    def local_tag(self) -> str:
        return parameter(self.local, "tag")

    @property
    def remote_tag(self) -> str:
        return parameter(self.remote, "tag")

    @property
    def next_hop(self) -> Address:
        """Where requests go: the first route, else the target (all routers are taken to be loose, 12.2.1.1)."""
        return address_of(uri_of(self.routes[0]) if self.routes else self.target)

    def request(self, method: str) -> Request:
        """The next request in this dialog; an ACK takes the number of the INVITE before it."""
        if method != "ACK":
            self.cseq += 1
        headers = Headers([("Route", route) for route in self.routes])
        headers.add("Max-Forwards", "70")
        headers.add("From", self.local)
        headers.add("To", self.remote)
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", f"{self.cseq} {method}")
        return Request(method, self.target, headers)

    def refresh(self, message: Message) -> None:
        """12.2: a re-INVITE or its answer may move the far end's Contact."""
        self.target = contact_of(message) or self.target


def contact_of(message: Message) -> str:
    """The URI of the first Contact; empty when there is none."""
    contacts = message.headers.listed("Contact")
    return uri_of(contacts[0]) if contacts else ""
