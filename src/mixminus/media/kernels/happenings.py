"""How a kernel tells that something happened."""

from mixminus.audio.compiled import kernel
from mixminus.media.state import Happenings


@kernel
def note(happenings: Happenings, kind: int, row: int, value: int) -> None:
    """Append one happening; when the array is full, count it instead."""
    at = happenings.totals[0]
    if at >= len(happenings.kind):
        happenings.totals[1] += 1
        return
    happenings.kind[at] = kind
    happenings.row[at] = row
    happenings.value[at] = value
    happenings.totals[0] = at + 1
