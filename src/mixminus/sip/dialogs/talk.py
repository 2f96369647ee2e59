"""What a confirmed call remembers of itself and of its peer; whoever speaks in it shares this."""

from collections.abc import Callable
from dataclasses import dataclass

from mixminus.sip.contract import DialogKey
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.dialog_request import DialogRequest, Outcome
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import HeaderLines, Message
from mixminus.sip.trust.proof import Proof


@dataclass(slots=True)
class Talk:
    endpoint: Endpoint
    key: DialogKey
    dialog: Dialog
    we_called: bool
    """Whose Call-ID it is decides who waits longer after a collision (RFC 3261 14.1)."""
    sdp: bytes
    """The last description of ours."""
    peer_sdp: bytes | None
    proof: Proof
    peer_methods: frozenset[str] = frozenset()
    offering: bool = False
    """Whether an offer of ours waits for its answer."""

    def learn(self, message: Message) -> None:
        """What the peer says of its abilities, and its media."""
        if message.get("Allow") is not None:
            self.peer_methods = frozenset(method.upper() for method in message.all("Allow"))
        self.peer_sdp = message.sdp or self.peer_sdp

    def ask(
        self,
        method: str,
        answered: Callable[[Outcome, float], None],
        now: float,
        headers: HeaderLines = (),
        body: bytes = b"",
    ) -> None:
        """Send a request in the dialog; *answered* gets its final answer, at once if there is no way to the peer."""
        DialogRequest(self.endpoint, self.dialog, self.proof, method, answered).send(headers, body, now)
