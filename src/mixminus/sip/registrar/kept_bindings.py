"""Bindings as text, for whoever keeps them while the node is down."""

import json
from collections.abc import Iterable
from typing import Any

from mixminus.sip.contract import Address, Transport
from mixminus.sip.registrar.registrar import Binding


def written(bindings: Iterable[Binding], ahead_s: float) -> str:
    """JSON. *ahead_s*: how far the wall clock is ahead of the clock of the bindings."""
    return json.dumps([_row(binding, ahead_s) for binding in bindings])


def read(text: str, ahead_s: float) -> tuple[Binding, ...]:
    """What `written` wrote, on another clock. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    return tuple(_binding(row, ahead_s) for row in json.loads(text))


def _row(binding: Binding, ahead_s: float) -> dict[str, Any]:
    return {
        "uri": binding.uri,
        "source": [binding.source.transport, binding.source.host, binding.source.port],
        "expires_at": binding.expires_at + ahead_s,
        "q": binding.q,
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "path": binding.path,
        "instance": binding.instance,
        "reg_id": binding.reg_id,
    }


def _binding(row: dict[str, Any], ahead_s: float) -> Binding:
    transport, host, port = row["source"]
    return Binding(
        uri=row["uri"],
        source=Address(Transport(transport), host, port),
        expires_at=row["expires_at"] - ahead_s,
        q=row["q"],
        call_id=row["call_id"],
        cseq=row["cseq"],
        path=tuple(row["path"]),
        instance=row["instance"],
        reg_id=row["reg_id"],
    )
