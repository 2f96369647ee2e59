from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.tools.audit import Entry, Head, Kind, Row, append, verify


def written(count: int) -> tuple[list[Row], Head]:
    rows: list[Row] = []
    head = Head()
    for number in range(count):
        entry = Entry("2026-11-20T09:00:00+00:00", "CA1", f"k{number}", Kind.ENDED, {"tool": "note", "n": number})
        rows.append(append(head, entry))
        head = Head(number + 1, rows[-1].hash)
    return rows, head


def test_a_log_is_what_was_written() -> None:
    assert verify(*written(5)) is None
    assert verify([], Head()) is None


@given(data=st.data())
def test_a_flipped_bit_is_found_in_its_row(data: st.DataObject) -> None:
    rows, head = written(6)
    at = data.draw(st.integers(0, 5))
    field = data.draw(st.sampled_from(["at", "session", "key", "kind", "body", "previous", "hash"]))
    text = getattr(rows[at], field)
    place = data.draw(st.integers(0, len(text) - 1))
    flipped = chr(ord(text[place]) ^ (1 << data.draw(st.integers(0, 6))))
    rows[at] = replace(rows[at], **{field: text[:place] + flipped + text[place + 1 :]})
    fault = verify(rows, head)
    assert fault is not None
    assert fault.number == at + 1


@given(at=st.integers(0, 5))
def test_a_removed_row_is_found_also_the_last(at: int) -> None:
    rows, head = written(6)
    del rows[at]
    fault = verify(rows, head)
    assert fault is not None
    assert fault.number == at + 1
    assert "missing" in str(fault)


@given(order=st.permutations(range(6)))
def test_reordered_rows_are_found(order: list[int]) -> None:
    rows, head = written(6)
    assert (verify([rows[at] for at in order], head) is None) == (order == sorted(order))


def test_renumbering_does_not_hide_a_removed_row() -> None:
    rows, head = written(4)
    del rows[1]
    renumbered = [replace(row, number=number) for number, row in enumerate(rows, 1)]
    fault = verify(renumbered, replace(head, rows=3))
    assert fault is not None
    assert fault.number == 2


def test_an_added_row_is_found() -> None:
    rows, head = written(3)
    rows.append(append(head, Entry("now", "CA1", "k9", Kind.ENDED, {})))
    assert str(verify(rows, head)) == "row 4: was added: the log had 3 rows"


def test_a_new_chain_does_not_match_a_head_kept_elsewhere() -> None:
    _, head = written(3)
    forged: list[Row] = []
    at = Head()
    for number in range(3):
        forged.append(append(at, Entry("now", "CA1", f"k{number}", Kind.ENDED, {"tool": "other"})))
        at = Head(number + 1, forged[-1].hash)
    assert verify(forged, at) is None
    fault = verify(forged, head)
    assert fault is not None


@pytest.mark.parametrize("text", ["", "1:", "x:" + "0" * 64, "1:" + "g" * 64, "-1:" + "0" * 64])
def test_a_head_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a head"):
        Head.parse(text)


def test_a_head_is_one_line() -> None:
    _, head = written(3)
    assert Head.parse(str(head)) == head
