"""What a session that is made anew is told."""

from mixminus.agents.description import Dialect
from mixminus.agents.realtime.history import MOST_CHARACTERS, History, Who


def told(history: History, dialect: Dialect = Dialect.GA) -> list[str]:
    return [str(item["id"]) for item in history.restored(dialect)]


def test_what_was_said_long_ago_is_left_out() -> None:
    history = History()
    for number in range(10):
        history.notice(f"item_{number}", Who.CALLER, "x" * (MOST_CHARACTERS // 4))
    assert told(history) == ["item_6", "item_7", "item_8", "item_9"]


def test_a_result_is_not_told_without_its_call() -> None:
    """The service refuses it."""
    history = History()
    history.call("item_1", "call_1", "look_up", "x" * 100)
    history.result("item_2", "call_1", "y" * 100)
    history.notice("item_3", Who.CALLER, "z" * (MOST_CHARACTERS - 150))
    assert told(history) == ["item_3"]


def test_what_nobody_wrote_down_or_heard_is_not_told() -> None:
    history = History()
    history.caller("item_1")
    history.agent_says("item_2", "Good ")
    history.agent_says("item_2", "evening")
    history.agent_heard("item_2", 0.4)
    assert told(history) == []
    history.caller_said("item_1", " hello ")
    assert [item["content"] for item in history.restored(Dialect.BETA)] == [[{"type": "input_text", "text": "hello"}]]


def test_the_words_of_an_answer_that_come_before_those_of_the_question_stay_behind_it() -> None:
    """Transcripts of the caller come late."""
    history = History()
    history.caller("item_1")
    history.agent_says("item_2", "Yes.")
    history.caller_said("item_1", "Have you got a room?")
    assert [each["content"] for each in history.messages()] == ["Have you got a room?", "Yes."]


def test_the_beta_calls_the_assistants_words_text() -> None:
    history = History()
    history.agent_says("item_1", "Yes.")
    assert [item["content"][0]["type"] for item in history.restored(Dialect.BETA)] == ["text"]
    assert [item["content"][0]["type"] for item in history.restored(Dialect.GA)] == ["output_text"]
