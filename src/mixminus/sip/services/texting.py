"""Texts in and out: MESSAGE, one at a time, outside of calls or in one (RFC 3428)."""

from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address, Credentials, DialogKey, Messaged, Question
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import Request, SipError
from mixminus.sip.messages.uri import AddressError, called_number
from mixminus.sip.transactions.transaction_layer import ServerTransaction
from mixminus.sip.trust.refusing import Refusing

MAX_TEXT_BYTES: Final = 1300
"""RFC 3428 8: what fits a datagram, since nothing controls how many there are."""
PATIENCE_S: Final = 10.0
"""How long the owner may think about a text: its sender gives up after 32 s, and may then not hear a late answer at
all (RFC 4320 4.2).
"""
KIND: Final = "text/plain"
ACCEPT_TEXT: Final = ("Accept", KIND)
TEXT_TYPE: Final = ("Content-Type", "text/plain;charset=UTF-8")


@dataclass(eq=False, slots=True)
class _Waiting:
    """A text whose owner has not answered."""

    texting: "Texting"
    key: DialogKey
    server: ServerTransaction

    def wake(self, now: float) -> None:
        self.texting.reply(self.key, 500, now)


class Texting:
    """Serves MESSAGE (see `outside.Service`)."""

    def __init__(self, endpoint: Endpoint, refusing: Refusing) -> None:
        self._endpoint = endpoint
        self._refusing = refusing
        self._waiting: dict[DialogKey, _Waiting] = {}

    def __call__(self, request: Request, source: Address, user: str | None, now: float) -> None:
        if request.body and request.word("Content-Type") not in ("", KIND):
            self._refusing.answer(request, source, 415, (ACCEPT_TEXT,))
        elif len(request.body) > MAX_TEXT_BYTES:
            self._refusing.answer(request, source, 413)
        else:
            self._take(request, source, user, now)

    def reply(self, key: DialogKey, status: int, now: float) -> None:
        """Answer a text; once."""
        if (waiting := self._waiting.pop(key, None)) is not None:
            self._endpoint.sleepers.set(waiting, None)
            self._endpoint.answer(waiting.server, status, now)

    def _take(self, request: Request, source: Address, user: str | None, now: float) -> None:
        key = DialogKey(self._endpoint.token())
        waiting = _Waiting(self, key, self._endpoint.layer.open_server(request, source, now))
        self._waiting[key] = waiting
        self._endpoint.sleepers.set(waiting, now + PATIENCE_S)
        self._endpoint.emit(
            Messaged(
                message=key,
                called=_user_of(request.uri),
                from_uri=request.from_.uri,
                to_uri=request.to.uri,
                call_id=request.call_id,
                source=source,
                user=user,
                text=request.body.decode(errors="replace"),
            )
        )


def text_question(
    key: DialogKey,
    target: str,
    via: Address,
    from_uri: str,
    text: str,
    call_id: str,
    credentials: Credentials | None = None,
) -> Question:
    """A text of ours, to be asked of the agent; `Replied` says whether it was taken. Raises `SipError`: too long."""
    body = text.encode()
    if len(body) > MAX_TEXT_BYTES:
        raise SipError(f"a text may have {MAX_TEXT_BYTES} bytes, this one has {len(body)}")
    return Question(key, "MESSAGE", target, via, from_uri, target, call_id, 1, (TEXT_TYPE,), credentials, body=body)


def _user_of(uri: str) -> str:
    try:
        return called_number(uri)
    except AddressError:  # inside a call nobody has looked at it yet
        return ""
