"""Who may send calls elsewhere, and whose calls one may take (settings `transfers`)."""

import pytest

from mixminus.app.calls.peer import Peer, Transfers

STRANGER, TRUNK, BOB, ANN = Peer(), Peer(over_trunk=True), Peer("bob"), Peer("ann")


@pytest.mark.parametrize(
    ("allowed", "who"),
    [
        (Transfers.NEVER, set()),
        (Transfers.USERS, {BOB}),
        (Transfers.TRUNKS, {BOB, TRUNK}),
        (Transfers.EVERYBODY, {BOB, TRUNK, STRANGER}),
    ],
)
def test_who_may_transfer(allowed: Transfers, who: set[Peer]) -> None:
    assert {peer for peer in (STRANGER, TRUNK, BOB) if peer.may_transfer(allowed)} == who


@pytest.mark.parametrize(
    ("allowed", "newcomer", "holder", "may"),
    [
        (Transfers.USERS, BOB, BOB, True),
        (Transfers.USERS, BOB, ANN, False),
        (Transfers.USERS, STRANGER, STRANGER, False),
        (Transfers.USERS, TRUNK, TRUNK, False),
        (Transfers.TRUNKS, TRUNK, TRUNK, True),
        (Transfers.TRUNKS, TRUNK, BOB, False),
        (Transfers.TRUNKS, STRANGER, TRUNK, False),
        (Transfers.EVERYBODY, STRANGER, BOB, True),
        (Transfers.NEVER, BOB, BOB, False),
    ],
)
def test_rfc3891_3_whose_calls_one_may_take(allowed: Transfers, newcomer: Peer, holder: Peer, may: bool) -> None:
    assert newcomer.may_replace(holder, allowed) is may
