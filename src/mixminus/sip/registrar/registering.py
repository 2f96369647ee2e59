"""A REGISTER: a user says where its phone is (RFC 3261 10.3)."""

from dataclasses import dataclass

from mixminus.sip.contract import Address, Registered
from mixminus.sip.dialogs.stranded import welcome_back
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.uri import AddressError, Uri
from mixminus.sip.registrar.contacts import MIN_EXPIRES_S, RegisterRefused
from mixminus.sip.registrar.kept_open import WaysKeptOpen
from mixminus.sip.registrar.registrar import Registrar


@dataclass(frozen=True, slots=True)
class Registering:
    """Serves REGISTER (see `outside.Service`)."""

    endpoint: Endpoint
    registrar: Registrar
    ways: WaysKeptOpen

    def __call__(self, request: Request, source: Address, user: str | None, now: float) -> None:
        server = self.endpoint.layer.open_server(request, source, now)
        try:
            if user is None or Uri.parse(request.to.uri).user != user:
                raise RegisterRefused(403, "a user registers itself and nobody else")
            self.registrar.register(user, request, source, now)
        except AddressError:
            self.endpoint.answer(server, 400, now)
        except RegisterRefused as error:
            headers: HeaderLines = (("Min-Expires", str(MIN_EXPIRES_S)),) if error.status == 423 else ()
            self.endpoint.answer(server, error.status, now, headers=headers)
        else:
            self.ways.registered(user, source, now)
            welcome_back(self.endpoint, ((b.uri, b.source) for b in self.registrar.contacts(user, now)))
            self.endpoint.answer(server, 200, now, headers=self.registrar.answer(user, request, now))
            self.endpoint.emit(Registered(user))
