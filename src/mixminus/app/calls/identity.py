"""How we call ourselves in SIP."""

from dataclasses import dataclass

from mixminus.sip.messages.uri import bracketed


@dataclass(frozen=True, slots=True)
class SipIdentity:
    """The address that phones and gateways reach us by."""

    host: str
    port: int

    def uri(self, user: str) -> str:
        return f"sip:{user}@{bracketed(self.host)}:{self.port}"
