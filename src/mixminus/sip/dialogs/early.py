"""The early dialogs of one INVITE of ours: one for each phone that it was forked to (RFC 3261 12.1.2, RFC 3262 4)."""

from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.dialog_request import DialogRequest, Outcome
from mixminus.sip.dialogs.provisionals import OPTION
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import Request, Response, decimal
from mixminus.sip.trust.proof import Proof

MAX_FORKS: Final = 32
"""Phones that may ring at once for one INVITE; further ones are not listened to until they answer."""


@dataclass(slots=True)
class Early:
    dialog: Dialog
    rseq: int | None = None
    sdp: bytes | None = None
    """Its answer to our offer, if it was given early, or what it offered since; its 200 need not repeat it."""
    has_answered: bool = False
    """Whether the answer came reliably: then the next offer may follow."""


class EarlyDialogs:
    """By the tag of who rings."""

    def __init__(self, endpoint: Endpoint, proof: Proof, flow: Address) -> None:
        self._endpoint = endpoint
        self._proof = proof
        self._flow = flow
        self._by_tag: dict[str, Early] = {}

    def of(self, tag: str | None) -> Early | None:
        return self._by_tag.get(tag or "")

    def rang(self, invite: Request, response: Response, now: float) -> bool:
        """Whether an 18x is news. A reliable one is acknowledged; one out of order, or known, is not news (4)."""
        tag = response.to.tag
        if tag is None:
            return True
        if tag not in self._by_tag:
            if len(self._by_tag) >= MAX_FORKS:
                return False
            self._by_tag[tag] = Early(Dialog.of_client(invite, response, self._flow))
            self._endpoint.next_hop(self._by_tag[tag].dialog)
        early = self._by_tag[tag]
        early.dialog.refresh_target(response)
        early.sdp = response.sdp or early.sdp
        if OPTION not in response.options("Require"):
            return True
        number = response.get("RSeq") or ""
        if not decimal(number, 2**32 - 1) or (early.rseq is not None and int(number) != early.rseq + 1):
            return False
        early.rseq = int(number)
        early.has_answered = early.has_answered or response.sdp is not None
        rack = ("RAck", f"{early.rseq} {response.cseq}")
        DialogRequest(self._endpoint, early.dialog, self._proof, "PRACK", _nothing_follows).send((rack,), b"", now)
        return True

    def sdp_of(self, response: Response) -> bytes | None:
        """The answer of the phone that answered, and of no other that rang (13.2.2.4)."""
        early = self._by_tag.get(response.to.tag or "")
        return response.sdp or (early.sdp if early is not None else None)

    def answered(self, invite: Request, response: Response) -> Dialog:
        """The dialog that a 2xx makes: routes anew (13.2.2.4), numbers going on."""
        dialog = Dialog.of_client(invite, response, self._flow)
        early = self._by_tag.get(response.to.tag or "")
        if early is not None:
            dialog.local_cseq = early.dialog.local_cseq
            dialog.remote_cseq = early.dialog.remote_cseq
        return dialog


def _nothing_follows(outcome: Outcome, now: float) -> None:
    """A PRACK that fails leaves the 18x to be repeated, and in the end the callee to give up."""
