"""The index of decoded files, against laws."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.prompts.cache import Index, key

LIMIT, GRACE_S = 100, 10.0
uses = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 60), st.floats(0.1, 8.0)), max_size=40)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_keys_are_equal_exactly_when_their_parts_are(a: list[str], b: list[str]) -> None:
    assert (key(*a) == key(*b)) == (a == b)


def test_a_key_is_a_file_name_whatever_it_is_made_of() -> None:
    assert key("../../etc/passwd\0", b"\xff", "\ud800").isalnum()


@given(uses)
def test_the_total_is_the_sum_of_what_is_kept_and_fits_unless_it_is_all_recent(
    steps: list[tuple[str, int, float]],
) -> None:
    index, now = Index(LIMIT, GRACE_S), 0.0
    model: dict[str, tuple[int, float]] = {}
    for name, size, pause in steps:
        now += pause
        index.use(name, size, now)
        model[name] = (size, now)
        for gone in index.evict(now):
            assert now - model.pop(gone)[1] >= GRACE_S
        assert index.total_bytes == sum(size for size, _ in model.values())
        assert all(name in index for name in model)
        assert index.total_bytes <= LIMIT or all(now - used < GRACE_S for _, used in model.values())


def test_the_least_recently_used_goes_first() -> None:
    index = Index(LIMIT, GRACE_S)
    for now, name in enumerate("abca"):
        index.use(name, 40, float(now))
    assert index.evict(1000.0) == ["b"]


def test_a_file_handed_out_a_moment_ago_stays_even_if_the_folder_is_too_full() -> None:
    index = Index(LIMIT, GRACE_S)
    index.use("huge", 10 * LIMIT, 0.0)
    assert index.evict(GRACE_S - 1) == []
    assert index.evict(GRACE_S) == ["huge"]


def test_forgetting_what_is_not_there_changes_nothing() -> None:
    index = Index(LIMIT, GRACE_S)
    index.use("a", 7, 0.0)
    index.forget("b")
    assert index.total_bytes == 7
