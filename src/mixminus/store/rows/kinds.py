"""Every record type and where it is kept."""

from collections.abc import Mapping
from typing import Any, Final, cast

from mixminus.calls.records import Record
from mixminus.store.contract import R
from mixminus.store.rows.alerts import ALERTS
from mixminus.store.rows.answers import ANSWERS
from mixminus.store.rows.calls import CALLS
from mixminus.store.rows.columns import Kind
from mixminus.store.rows.conferences import CONFERENCES, PARTICIPANTS
from mixminus.store.rows.events import EVENTS
from mixminus.store.rows.keys import KEYS
from mixminus.store.rows.ledger import LEDGER
from mixminus.store.rows.meta import meta  # noqa: F401  (a table without records: only to be known to the metadata)
from mixminus.store.rows.numbers import APPLICATIONS, NUMBERS
from mixminus.store.rows.queues import QUEUES
from mixminus.store.rows.recordings import RECORDINGS
from mixminus.store.rows.registrations import REGISTRATIONS
from mixminus.store.rows.webhooks import WEBHOOKS

_KINDS: Final[Mapping[type[Record], Kind[Any]]] = {
    kind.record: kind
    for kind in (
        CALLS,
        CONFERENCES,
        PARTICIPANTS,
        EVENTS,
        LEDGER,
        KEYS,
        APPLICATIONS,
        NUMBERS,
        QUEUES,
        RECORDINGS,
        REGISTRATIONS,
        WEBHOOKS,
        ALERTS,
        ANSWERS,
    )
}


def kind_of(record: type[R]) -> Kind[R]:
    """Where records of that type are kept."""
    return cast(Kind[R], _KINDS[cast(type[Record], record)])
