from hypothesis import given
from hypothesis import strategies as st

from mixminus.media.slots import Slots


def test_the_lowest_free_row_goes_first() -> None:
    slots: Slots[int] = Slots(3)
    assert [slots.take(key) for key in (10, 20, 30)] == [0, 1, 2]
    assert slots.is_full
    slots.release(30)
    slots.release(10)
    assert slots.take(40) == 0


@given(st.lists(st.integers(0, 9), max_size=60))
def test_the_active_rows_are_those_of_the_keys(toggled: list[int]) -> None:
    slots: Slots[int] = Slots(1)
    held: dict[int, int] = {}
    for key in toggled:
        if key in held:
            assert slots.release(key) == held.pop(key)
        else:
            if slots.is_full:
                slots.grow(2 * slots.capacity)
            held[key] = slots.take(key)
        assert sorted(slots.active[: slots.count]) == sorted(held.values())
        assert all(slots.row(key) == row and slots.key(row) == key for key, row in held.items())
        assert set(slots) == held.keys()
