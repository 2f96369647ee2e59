"""The ways to phones behind NATs, which close when nothing goes through them for a while (RFC 4787 4.3)."""

from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address, DialogKey, Question, Transport
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.uri import AddressError, target_of
from mixminus.sip.places.names import contact_uri
from mixminus.sip.registrar.registrar import Binding, Registrar
from mixminus.sip.services.asking import Asking

SILENCE_S: Final = 5.0
"""How long an answer is waited for. There may be none: what matters went through the NAT."""


@dataclass(frozen=True, slots=True)
class _Way:
    """To a phone, through its NAT."""

    ways: "WaysKeptOpen"
    user: str
    source: Address

    def wake(self, now: float) -> None:
        self.ways.keep(self, now)


class WaysKeptOpen:
    """An OPTIONS every `keepalive_s` to each phone that registered by UDP from elsewhere than it claims to be. Its
    answer comes from inside, which is what NATs count (RFC 4787, REQ-6).
    """

    def __init__(self, endpoint: Endpoint, registrar: Registrar) -> None:
        self._endpoint = endpoint
        self._registrar = registrar

    def registered(self, user: str, source: Address, now: float) -> None:
        """Somebody registered *user* from there, or took that back."""
        keepalive_s = self._endpoint.settings.keepalive_s
        if source.transport is Transport.UDP and keepalive_s:
            self._endpoint.sleepers.set(_Way(self, user, source), now + keepalive_s)

    def keep(self, way: _Way, now: float) -> None:
        """Until its registration is over."""
        binding = next((b for b in self._registrar.contacts(way.user, now) if b.source == way.source), None)
        if binding is None or not is_behind_nat(binding):
            return
        Asking(self._endpoint, self._question(binding), now)
        self.registered(way.user, way.source, now)

    def _question(self, binding: Binding) -> Question:
        us = contact_uri(self._endpoint.local(binding.source))
        return Question(
            key=DialogKey(self._endpoint.token()),
            method="OPTIONS",
            target=binding.uri,
            via=binding.source,
            from_uri=us,
            to_uri=binding.uri,
            call_id=self._endpoint.token(),
            cseq=1,
            silence_s=SILENCE_S,
        )


def is_behind_nat(binding: Binding) -> bool:
    """Whether a phone is seen elsewhere than where it says it is."""
    try:
        claimed = target_of(binding.uri)
    except AddressError:
        return False
    return (claimed.host, claimed.port) != (binding.source.host, binding.source.port)
