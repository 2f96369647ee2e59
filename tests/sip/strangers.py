"""A stranger that writes raw requests to an agent, and reads what comes back."""

import random
from collections.abc import Iterator
from typing import Any

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Credentials, SipEvent, Transmit, Transport
from mixminus.sip.messages.message import Request, Response, parse
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.digest import answer_challenge

THERE = Address(Transport.UDP, "203.0.113.9", 5070)


class Stranger:
    """Keeps what the agent sent here, and what it told its owner."""

    def __init__(self, settings: SipSettings, source: Address = THERE) -> None:
        self.agent = SipAgent(settings, random.Random(7).randbytes)
        self.source = source
        self.events: list[SipEvent] = []
        self.inbox: list[Request] = []
        self.tag = ""
        """The agent's, in a dialog."""
        self._sent = 0

    def says(self, method: str, *lines: str, body: bytes = b"", now: float = 0.0, **changed: Any) -> list[Response]:
        """A request with sane headers; keywords change them. Each has a branch and a number of its own."""
        self._sent += 1
        headers = {
            "Via": f"SIP/2.0/UDP {self.source.host}:{self.source.port};branch=z9hG4bKs{self._sent};rport",
            "Max-Forwards": "70",
            "From": f"<sip:bob@{self.source.host}>;tag=b1",
            "To": "<sip:alice@node>",
            "Call-ID": "c1@phone",
            "CSeq": f"{self._sent} {method}",
            "Contact": f"<sip:bob@{self.source.host}:{self.source.port}>",
        }
        uri = changed.pop("uri", "sip:alice@node")
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        told = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in headers.items()), *lines]
        data = "\r\n".join([*told, f"Content-Length: {len(body)}", "", ""]).encode() + body
        self.agent.receive(data, self.source, now)
        return [message for message in self.heard() if isinstance(message, Response)]

    def proves(self, who: Credentials, method: str, *lines: str, now: float = 0.0, **changed: Any) -> list[Response]:
        """Say it, be challenged, say it with credentials."""
        [challenge] = self.says(method, *lines, now=now, **changed)
        uri = changed.get("uri", "sip:alice@node")
        answer = answer_challenge(challenge.lines("WWW-Authenticate"), who, method, uri, "cnonce")
        self.inbox.clear()
        return self.says(method, f"Authorization: {answer}", *lines, now=now, **changed)

    def answers(self, request: Request, status: int, *lines: str, now: float = 0.0) -> None:
        """Answer a request of the agent."""
        told = [f"SIP/2.0 {status} Whatever"]
        told += [
            f"{name}: {value}" for name, value in request.headers if name in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        data = "\r\n".join([*told, *lines, "Content-Length: 0", "", ""]).encode()
        self.agent.receive(data, self.source, now)

    def heard(self) -> list[Request | Response]:
        """What the agent sent since; requests stay in `inbox`."""
        heard: list[Request | Response] = []
        for output in self._outputs():
            if isinstance(output, Transmit):
                heard.append(parse(output.data))
            else:
                self.events.append(output)
        self.inbox += [message for message in heard if isinstance(message, Request)]
        return heard

    def passes(self, until: float) -> list[Request]:
        """Let time go by; the requests that came meanwhile, each once."""
        self.inbox.clear()
        while (due := self.agent.deadline()) is not None and due <= until:
            self.agent.handle_timeout(due)
            self.heard()
        self.heard()
        return list({(request.method, request.cseq.number): request for request in self.inbox}.values())

    def _outputs(self) -> Iterator[Transmit | SipEvent]:
        while (output := self.agent.poll()) is not None:
            yield output
