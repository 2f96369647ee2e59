"""A key that is told twice was pressed once."""


class KeyWays:
    """Phones tell keys in their audio, by INFO, or both ways at once. One that used INFO is heard by INFO alone.

    Its first key may have come through its audio just before.
    """

    def __init__(self) -> None:
        self._last_heard: dict[int, str] = {}
        self._by_info: set[int] = set()

    def heard(self, leg: int, key: str) -> bool:
        """Whether a key in a leg's audio counts."""
        if leg in self._by_info:
            return False
        self._last_heard[leg] = key
        return True

    def told(self, leg: int, key: str) -> bool:
        """Whether a key that came by INFO counts."""
        first = leg not in self._by_info
        self._by_info.add(leg)
        return not (first and self._last_heard.pop(leg, None) == key)

    def forget(self, leg: int) -> None:
        self._last_heard.pop(leg, None)
        self._by_info.discard(leg)
