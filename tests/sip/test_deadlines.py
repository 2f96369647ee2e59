"""What is due first, and that nothing is held for longer than it is awaited."""

import gc
import weakref

from mixminus.sip.transactions.deadlines import SPARE, Deadlines


class Item:
    pass


def test_the_earliest_comes_first_and_only_at_its_last_time() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 3.0)
    deadlines.set("b", 2.0)
    deadlines.set("a", 1.0)
    assert (deadlines.earliest(), deadlines.pop_due(0.5)) == (1.0, None)
    assert [deadlines.pop_due(9.0), deadlines.pop_due(9.0), deadlines.pop_due(9.0)] == ["a", "b", None]


def test_what_is_not_awaited_any_more_is_let_go_long_before_its_time() -> None:
    deadlines: Deadlines[Item] = Deadlines()
    items = [Item() for _ in range(4 * SPARE)]
    held = [weakref.ref(item) for item in items]
    kept = Item()
    deadlines.set(kept, 500.0)
    for item in items:
        deadlines.set(item, 900.0)
    for item in items:
        deadlines.set(item, None)
    del item
    items.clear()
    gc.collect()
    assert sum(ref() is not None for ref in held) <= SPARE + 2
    assert deadlines.pop_due(1000.0) is kept
