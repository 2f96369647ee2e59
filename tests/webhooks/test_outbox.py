"""What is owed and what may go (H39): order per key, shares per host, rules for full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.webhooks.contract import WebhookCall
from mixminus.webhooks.outbox import Bounds, Delivery, Full, Outbox


def owed(key: str, number: int = 0, host: str = "a.test") -> Delivery:
    return Delivery(key, WebhookCall(f"https://{host}/", "POST", (("SequenceNumber", str(number)),)), 15003)


def test_one_at_a_time_per_key_in_order() -> None:
    outbox = Outbox()
    first, second = owed("CA1", 1), owed("CA1", 2)
    outbox.add(first)
    outbox.add(second)
    assert outbox.take() == [first]
    assert outbox.take() == []
    outbox.finished(first)
    assert outbox.take() == [second]


def test_keys_do_not_wait_for_each_other() -> None:
    outbox = Outbox()
    both = [owed("CA1"), owed("CA2")]
    for delivery in both:
        outbox.add(delivery)
    assert outbox.take() == both


def test_a_host_runs_only_its_share_and_others_run_on() -> None:
    outbox = Outbox(Bounds(running_per_host=2))
    for number in range(5):
        outbox.add(owed(f"CA{number}", host="dead.test"))
    outbox.add(owed("CF1", host="live.test"))
    assert [delivery.host for delivery in outbox.take()] == ["dead.test", "dead.test", "live.test"]


def test_all_hosts_together_run_only_so_many() -> None:
    outbox = Outbox(Bounds(running=3))
    for number in range(5):
        outbox.add(owed(f"CA{number}", host=f"{number}.test"))
    taken = outbox.take()
    assert len(taken) == 3
    outbox.finished(taken[0])
    assert len(outbox.take()) == 1


def test_the_port_is_part_of_the_host_and_the_user_is_not() -> None:
    assert Delivery("CA1", WebhookCall("https://ann:pw@A.test:8443/x", "POST", ()), 15003).host == "a.test:8443"
    assert Delivery("CA1", WebhookCall("http://[::1/", "POST", ()), 15003).host == ""


def test_when_a_key_is_full_its_oldest_goes() -> None:
    """So that the final status still arrives."""
    outbox = Outbox(Bounds(waiting_per_key=2))
    deliveries = [owed("CA1", number) for number in range(3)]
    dropped = [outbox.add(delivery) for delivery in deliveries]
    assert dropped[:2] == [None, None]
    assert dropped[2] is not None
    assert (dropped[2].delivery, dropped[2].rule) == (deliveries[0], Full.KEY)
    assert outbox.dropped == {Full.KEY: 1}
    assert outbox.take() == [deliveries[1]]


def test_a_full_key_may_turn_to_another_host() -> None:
    outbox = Outbox(Bounds(waiting_per_key=1))
    outbox.add(owed("CA1", 1, "a.test"))
    outbox.add(owed("CA1", 2, "b.test"))
    (delivery,) = outbox.take()
    assert delivery.host == "b.test"
    outbox.finished(delivery)
    assert (outbox.take(), len(outbox)) == ([], 0)


@pytest.mark.parametrize(
    ("bounds", "rule"), [(Bounds(waiting_per_host=1), Full.HOST), (Bounds(waiting=1), Full.TOTAL)]
)
def test_when_a_host_or_everything_is_full_the_new_one_goes(bounds: Bounds, rule: Full) -> None:
    outbox = Outbox(bounds)
    outbox.add(owed("CA1"))
    dropped = outbox.add(owed("CA2"))
    assert dropped is not None
    assert (dropped.delivery.key, dropped.rule) == ("CA2", rule)
    assert len(outbox) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "take", "finish"]), st.sampled_from("ABC"), st.sampled_from(["x", "y"])),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_order_holds_shares_hold_and_nothing_is_lost(steps: list[tuple[str, str, str]]) -> None:
    bounds = Bounds(waiting_per_key=2, waiting_per_host=5, waiting=7, running_per_host=1, running=2)
    outbox, running = Outbox(bounds), list[Delivery]()
    gone: list[Delivery] = []
    dropped = 0
    for number, (step, key, host) in enumerate(steps):
        if step == "add":
            dropped += outbox.add(owed(key, number, host)) is not None
        elif step == "take":
            running += outbox.take()
        elif running:
            delivery = running.pop(number % len(running))
            outbox.finished(delivery)
            gone.append(delivery)
        assert len({delivery.key for delivery in running}) == len(running) <= bounds.running
        assert all(sum(one.host == host for one in running) <= bounds.running_per_host for host in ("x", "y"))
    while running or (running := outbox.take()):
        gone.append(running.pop())
        outbox.finished(gone[-1])
    assert len(outbox) == 0
    assert len(gone) + dropped == sum(step == "add" for step, _, _ in steps)
    for key in "ABC":
        numbers = [int(delivery.call.parameters[0][1]) for delivery in gone if delivery.key == key]
        assert numbers == sorted(numbers)
