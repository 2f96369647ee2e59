"""How many calls may use a way at once, and how many may begin in a second."""


class Turnstile:
    """One trunk's limits; 0 is none. Calls begin at even distances: in no second are there more than allowed."""

    def __init__(self, max_calls: int, calls_per_second: float) -> None:
        self._max_calls = max_calls
        self._distance_s = 1.0 / calls_per_second if calls_per_second else 0.0
        self.opens_at = float("-inf")
        """When the next may enter, if there is room."""
        self.calls = 0
        """That went through and have not left."""

    def is_open(self, now: float) -> bool:
        return now >= self.opens_at and (self._max_calls == 0 or self.calls < self._max_calls)

    def enter(self, now: float) -> bool:
        """Let one call through, if there is room now."""
        if not self.is_open(now):
            return False
        self.calls += 1
        self.opens_at = now + self._distance_s
        return True

    def leave(self) -> None:
        """A call that went through is over."""
        self.calls -= 1
