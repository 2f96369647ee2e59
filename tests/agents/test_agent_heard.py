from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents.heard import GROUP_WORDS, Heard, Said, groups


def test_an_utterance_is_cut_at_punctuation_and_every_few_words() -> None:
    found = groups("Thank you, Ann. What number can we call you back on?")
    assert [group.words for group in found] == ["Thank you,", "Ann.", "What number", "can we", "call you", "back on?"]
    assert found[-1].ends_at == 1.0


@given(st.lists(st.text("abc.,", min_size=1), max_size=40))
def test_no_word_is_lost_and_time_goes_forward(words: list[str]) -> None:
    found = groups(" ".join(words))
    assert " ".join(group.words for group in found).split() == words
    assert all(len(group.words.split()) <= GROUP_WORDS for group in found)
    ends = [group.ends_at for group in found]
    assert ends == sorted(ends)
    assert all(0 < end <= 1 for end in ends)


def sent(*words: str) -> tuple[Heard, list[str]]:
    heard = Heard()
    marks = [heard.name() for _ in words]
    for mark, group in zip(marks, words, strict=True):
        heard.sent(mark, Said(group))
    return heard, marks


def test_words_are_heard_when_their_mark_comes_back() -> None:
    heard, marks = sent("Thank you,", "Ann.")
    assert heard.returned(marks[0]) == "Thank you,"
    assert heard.waiting
    assert heard.returned(marks[1]) == "Ann."
    assert not heard.waiting


def test_marks_that_come_back_after_a_clear_mean_that_nothing_was_heard() -> None:
    heard, marks = sent("Thank you,", "Ann.", "What number")
    heard.returned(marks[0])
    assert heard.cleared() == "Ann. What number"
    assert [heard.returned(mark) for mark in marks] == ["", "", ""]


def test_a_mark_that_was_lost_is_made_up_for_by_the_next() -> None:
    heard, marks = sent("Thank you,", "Ann.")
    assert heard.returned(marks[1]) == "Thank you, Ann."


def test_a_report_knows_of_words_whose_marks_were_still_on_their_way() -> None:
    heard = Heard()
    for number in range(5):
        heard.sent(heard.name(), Said(f"w{number}", seconds=0.5))
    heard.returned("mixminus-1")
    heard.held()
    assert heard.reported(1.2) == "w1"  # and half of w2
    assert [said.words for said in heard.resumed()] == ["w2", "w3", "w4"]
    assert heard.played_s == 1.0


def test_a_second_report_counts_from_the_first_clear() -> None:
    heard = Heard()
    for number in range(5):
        heard.sent(heard.name(), Said(f"w{number}", seconds=0.5))
    heard.held()
    assert heard.reported(0.5) == "w0"
    for said in heard.resumed():
        heard.sent(heard.name(), said)
    heard.returned("mixminus-6")
    heard.held()
    assert heard.reported(1.0) == "w2"
    assert heard.cleared() == "w3 w4"


def test_a_report_that_comes_after_it_was_let_go_on_changes_nothing() -> None:
    heard, _ = sent("Thank you,", "Ann.")
    heard.held()
    heard.resumed()
    assert heard.reported(99.0) == ""


def test_a_strangers_mark_means_nothing() -> None:
    heard, _ = sent("Thank you,")
    assert heard.returned("turn-3-end") == ""


@given(st.lists(st.one_of(st.integers(0, 5), st.floats(0.0, 3.0)), max_size=40))
def test_every_word_is_heard_once_and_in_order_however_often_it_is_stopped(steps: list[int | float]) -> None:
    """A step is so many marks that come back, or a stop after so many seconds that were played, and going on."""
    heard, words = Heard(), [f"w{number}" for number in range(12)]
    sent: list[str] = []

    def send(said: Said) -> None:
        sent.append(heard.name())
        heard.sent(sent[-1], said)

    for word in words:
        send(Said(word, seconds=0.5))
    found: list[str] = []
    returned = 0
    for step in steps:
        if isinstance(step, int):
            for mark in sent[returned : returned + step]:
                found += heard.returned(mark).split()
            returned = min(len(sent), returned + step)
        else:
            heard.held()
            for mark in sent[returned:]:
                assert heard.returned(mark) == ""
            returned = len(sent)
            found += heard.reported(step).split()
            for said in heard.resumed():
                send(said)
    assert found == words[: len(found)]
    assert [*found, *heard.cleared().split()] == words
