"""`mixminus ledger`: look after ledgers without a node, from its database alone."""

import asyncio
from pathlib import Path

from mixminus.base.errors import MixminusError
from mixminus.base.settings import Settings
from mixminus.base.sids import CONFERENCE, is_sid
from mixminus.base.types import Sid
from mixminus.calls.records import LedgerEntry
from mixminus.insights.ledger import Ledger, read
from mixminus.store.contract import Is, Where
from mixminus.store.sql import SqlStore


class LedgerError(MixminusError):
    """There is no ledger of that conference, or it is not what was written."""


def verify(settings: Settings, conference: str) -> str:
    """Check the hash chain of a conference's ledger; return a sentence. Raises `LedgerError`."""
    if not is_sid(CONFERENCE, conference):
        raise LedgerError(f"{conference!r} is not the SID of a conference")
    found = asyncio.run(_read(_database(settings), Sid(conference[:2] + conference[2:].lower())))
    if found is None:
        raise LedgerError(f"there is no ledger of {conference} in {settings.data}")
    if found.fault is not None:
        raise LedgerError(f"the ledger of {conference} was changed: {found.fault}")
    head = found.head
    ticks = f"ticks {head.first_tick} to {head.reached_tick}"
    return f"{conference} is intact: {head.runs} entries, {ticks}, {head.last_hash}"


def _database(settings: Settings) -> str:
    if settings.database:
        return settings.database
    file: Path = settings.data / "mixminus.db"
    if not file.is_file():  # it would be made
        raise LedgerError(f"there is no database in {settings.data}: name the node's --data")
    return f"sqlite:///{file}"


async def _read(url: str, conference: Sid) -> Ledger | None:
    store = SqlStore(url)
    try:
        return read(conference, await store.query(LedgerEntry, Where("conference_sid", Is.EQUAL, conference)))
    finally:
        store.close()
