"""What verbs may ask about queues of calls, and what comes back (see `effects`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dequeue:
    """`result`: `bridged`, `queue-empty`, `queue-not-found`."""

    result: str
    queue_time_s: int | None = None
    """What the call waited that was taken out."""


@dataclass(frozen=True, slots=True)
class EnqueueCall:
    """`<Enqueue>`: wait in a queue. Resumed with `Dequeued`. `wait_url` None: not said; empty: silence."""

    queue: str
    max_size: int | None = None
    """None: the queue's own."""
    wait_url: str | None = None
    wait_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Dequeued:
    """`result` is the word of `QueueResult`; the rest is None for a call that never was in the queue."""

    result: str
    queue_sid: str | None = None
    queue_time_s: int | None = None


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """`<Leave>`: ends the document of a call that waits, and its wait. Anywhere else resumed with None."""
