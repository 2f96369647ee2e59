"""The bridge in virtual time: every way a call and a session of OpenAI Realtime can cross each other."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.agents.realtime_desk import FRAME, Desk, call

from mixminus.agents.description import Agent, Dialect, Kind, Realtime, Turns
from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.events import NAMES
from mixminus.agents.realtime.outputs import Clear, Dial, HangUp, Leave, Voice
from mixminus.agents.realtime.playback import Mark, Play, octets
from mixminus.tools.toolbox import Toolbox


def an_agent(**changes: Any) -> Agent:
    realtime = Realtime(**changes.pop("realtime", {}))
    return Agent(name="desk", kind=Kind.REALTIME, realtime=realtime, **changes)


# --- talk ---


def test_8_2_the_session_is_asked_for_once_it_is_there_and_the_agent_begins() -> None:
    desk = Desk(an_agent(greeting="Hello, this is the desk."))
    desk.does(desk.bridge.begin)
    assert desk.asked() == []
    desk.tells("session.created", session={})
    [update] = desk.asked()
    assert update["session"]["type"] == "realtime"
    assert update["session"]["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert update["session"]["audio"]["output"] == {"format": {"type": "audio/pcmu"}, "voice": "marin"}
    assert "Hello, this is the desk." in update["session"]["instructions"]
    desk.tells("session.updated", session={})
    assert [each["type"] for each in desk.asked()] == ["session.update", "response.create"]


def test_8_2_the_beta_has_other_words_for_it() -> None:
    desk = Desk(an_agent(realtime={"events": Dialect.BETA}))
    desk.does(desk.bridge.begin)
    desk.tells("session.created", session={})
    [update] = desk.asked()
    assert "type" not in update["session"]
    assert update["session"]["input_audio_format"] == "g711_ulaw"
    assert update["session"]["modalities"] == ["text", "audio"]


@pytest.mark.parametrize("name", ["response.output_audio.delta", "response.audio.delta"])
def test_audio_passes_through_as_it_is(name: str) -> None:
    desk = Desk().begins()
    desk.frame("AAEC")
    assert desk.asked("input_audio_buffer.append")[-1]["audio"] == "AAEC"
    desk.tells("response.created", response={"id": "resp_1"})
    desk.tells(name, response_id="resp_1", item_id="item_1", delta="AwQF")
    assert desk.of(Play) == [Play("AwQF")]


def test_a_long_delta_is_given_in_pieces_with_a_mark_behind_each_and_a_short_one_waits_for_more() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 20)
    assert desk.of(Mark) == []
    desk.says("resp_1", "item_1", 1_000)
    desk.tells("response.output_audio.done", response_id="resp_1", item_id="item_1")
    assert sum(octets(each.payload) for each in desk.of(Play)) == 1_020 * 8
    assert len(desk.of(Mark)) == pytest.approx(1_020 / 120, abs=1)
    assert isinstance(desk.did[-1], Mark)


# --- barge-in ---


a_turn = some.tuples(some.integers(200, 6_000), some.integers(0, 7_000), some.booleans())
"""How long the agent talks, when the caller talks over it, and whether the response is still running then; in ms."""


@settings(max_examples=120, deadline=None)
@given(turns=some.lists(a_turn, min_size=1, max_size=4), lag_ms=some.integers(0, 80), reports=some.booleans())
def test_the_model_is_told_what_was_heard_and_never_more_than_there_is(
    turns: list[tuple[int, int, bool]], lag_ms: int, reports: bool
) -> None:
    desk = Desk(an_agent(turns=Turns(silence_s=0)), lag_s=lag_ms / 1_000, reports_played=reports).begins()
    for number, (length_ms, after_ms, is_running) in enumerate(turns):
        response, item = f"resp_{number}", f"item_{number}"
        desk.forget()
        heard_before = desk.played
        desk.tells("response.created", response={"id": response})
        desk.says(response, item, length_ms)
        if not is_running:
            desk.done(response)
        desk.run(after_ms / 1_000)
        desk.caller_speaks()
        made_ms = length_ms
        if is_running:  # some more was on its way
            desk.says(response, item, 100)
            desk.done(response, "cancelled", reason="turn_detected")
            made_ms += 100
        desk.run(1.0)
        desk.caller_stops()
        heard_ms = (desk.played - heard_before) / 8
        told_ms: float = made_ms
        for cut in desk.asked("conversation.item.truncate"):
            assert cut["item_id"] == item
            assert 0 < cut["audio_end_ms"] < told_ms or told_ms == heard_ms
            told_ms = cut["audio_end_ms"]
        for gone in desk.asked("conversation.item.delete"):
            assert gone["item_id"] == item
            told_ms = 0
        exact_ms = 1 if reports and desk.of(Clear) else 3 * lag_ms + 2
        assert abs(told_ms - heard_ms) <= exact_ms


def test_without_marks_the_clock_tells() -> None:
    desk = Desk(returns_marks=False).begins()
    desk.talks("resp_1", "item_1", 5_000)
    desk.run(2.0)
    desk.caller_speaks()
    desk.run(0.5)
    [cut] = desk.asked("conversation.item.truncate")
    assert cut["audio_end_ms"] == 2_000


def test_an_item_that_nobody_heard_is_deleted_since_it_cannot_be_cut_to_nothing() -> None:
    """livekit/agents#6157."""
    desk = Desk().begins()
    desk.talks("resp_1", "item_1", 1_000, "One thing.")
    desk.talks("resp_2", "item_2", 1_000, "And another.")
    desk.run(0.5)
    desk.caller_speaks()
    desk.run(0.5)
    assert [each["item_id"] for each in desk.asked("conversation.item.truncate")] == ["item_1"]
    assert [each["item_id"] for each in desk.asked("conversation.item.delete")] == ["item_2"]


def test_what_still_comes_of_an_interrupted_response_is_dropped() -> None:
    desk = Desk(reports_played=True).begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 1_000, "One two three four five")
    desk.run(0.5)
    desk.caller_speaks()
    desk.run(0.1)
    desk.forget()
    desk.says("resp_1", "item_1", 1_000, "six seven eight nine ten")
    desk.done("resp_1", "cancelled", reason="turn_detected")
    assert desk.of(Play, Mark) == []
    assert "six" not in desk.bridge.history.messages()[-1]["content"]
    desk.caller_stops()
    desk.talks("resp_2", "item_2", 100)
    assert desk.of(Play)


def test_audio_that_comes_only_after_the_interruption_was_not_heard_and_is_taken_back() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.caller_speaks()
    desk.says("resp_1", "item_1", 300)
    assert desk.asked("conversation.item.delete") == []  # it is still being made
    desk.done("resp_1", "cancelled", reason="turn_detected")
    assert [each["item_id"] for each in desk.asked("conversation.item.delete")] == ["item_1"]


def test_speech_while_nothing_is_played_clears_and_cuts_nothing() -> None:
    desk = Desk().begins()
    desk.talks("resp_1", "item_1", 500)
    desk.run(2.0)
    desk.forget()
    desk.caller_speaks()
    desk.run(1.0)
    assert desk.of(Clear) == []
    assert desk.asked() == []


def test_the_service_is_not_asked_to_cancel_what_it_cancels_by_itself() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 1_000)
    desk.caller_speaks()
    assert desk.asked("response.cancel") == []


def test_a_response_that_was_asked_for_and_is_not_there_yet_is_cancelled() -> None:
    """It might begin behind the caller's first word, and the service would let it run."""
    desk = Desk()
    desk.does(desk.bridge.begin)
    desk.connects()
    desk.caller_speaks()
    assert desk.asked("response.cancel")
    desk.tells("response.created", response={"id": "resp_0"})
    desk.says("resp_0", "item_0", 300)
    assert desk.of(Play) == []


def test_the_history_holds_the_words_that_were_heard() -> None:
    desk = Desk().begins()
    desk.talks("resp_1", "item_1", 4_000, "one two three four five six seven eight")
    desk.run(2.1)
    desk.caller_speaks()
    desk.run(0.5)
    assert desk.bridge.history.messages() == [{"role": "assistant", "content": "one two three four"}]


# --- keys ---


def test_keys_interrupt_and_are_told_as_text_when_no_more_come() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 3_000)
    desk.run(1.0)
    desk.does(desk.bridge.caller_key, "4")
    assert desk.of(Clear)
    assert desk.asked("response.cancel")
    desk.done("resp_1", "cancelled", reason="client_cancelled")
    desk.run(1.0)
    desk.does(desk.bridge.caller_key, "2")
    desk.run(1.0)
    assert desk.items() == []
    desk.run(1.0)
    [item] = desk.items()
    assert item["role"] == "user"
    assert "4 2" in item["content"][0]["text"]
    assert len(desk.asked("response.create")) == 2


def test_a_hash_ends_them_at_once() -> None:
    desk = Desk().begins()
    desk.does(desk.bridge.caller_key, "7")
    desk.does(desk.bridge.caller_key, "#")
    desk.run(0.0)
    assert "7" in desk.items()[0]["content"][0]["text"]


def test_response_cancel_not_active_lets_the_talk_go_on() -> None:
    desk = Desk()
    desk.does(desk.bridge.begin)
    desk.connects()
    desk.does(desk.bridge.caller_key, "1")
    [cancel] = desk.asked("response.cancel")
    desk.tells("error", error={"code": "response_cancel_not_active", "message": "", "event_id": cancel["event_id"]})
    desk.run(2.0)
    assert len(desk.asked("response.create")) == 2


def test_a_response_that_crosses_ours_is_waited_for() -> None:
    """conversation_already_has_active_response (livekit/agents#2064)."""
    desk = Desk().begins()
    desk.does(desk.bridge.caller_key, "#")
    desk.does(desk.bridge.caller_key, "1")
    desk.run(2.0)
    asked = desk.asked("response.create")[-1]
    code = "conversation_already_has_active_response"
    desk.tells("error", error={"code": code, "message": "", "event_id": asked["event_id"]})
    assert len(desk.asked("response.create")) == 2
    desk.done("resp_other")
    assert len(desk.asked("response.create")) == 3


# --- tools ---


def test_a_tool_acts_when_what_was_said_before_it_was_heard() -> None:
    """AVA#479: speak before a transfer."""
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 2_000, "One moment.")
    desk.done("resp_1", "completed", call("call_1", "escalate", '{"reason": "fire"}'))
    desk.run(1.9)
    assert desk.of(UseTool) == []
    desk.run(0.2)
    assert desk.of(UseTool) == [UseTool("call_1", "escalate", {"reason": "fire"})]


def test_a_tool_that_only_reads_does_not_wait() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    desk.says("resp_1", "item_1", 2_000, "Let me see.")
    desk.tells("response.output_item.done", response_id="resp_1", item=call("call_1", "look_up", '{"day": "today"}'))
    assert len(desk.of(UseTool)) == 1
    desk.done("resp_1", "completed", call("call_1", "look_up", '{"day": "today"}'))
    assert len(desk.of(UseTool)) == 1


def test_several_calls_of_one_response_are_answered_together() -> None:
    desk = Desk().begins()
    notes = [call(f"call_{n}", "take_note", f'{{"text": "{n}"}}') for n in range(3)]
    desk.response("resp_1", "completed", *notes)
    assert len(desk.of(UseTool)) == 3
    for key in ("call_2", "call_0"):
        desk.does(desk.bridge.answered, key, '{"done":true}', ok=True)
    assert len(desk.asked("response.create")) == 1
    desk.does(desk.bridge.answered, "call_1", '{"done":true}', ok=True)
    assert [each["call_id"] for each in desk.items()] == ["call_2", "call_0", "call_1"]
    assert len(desk.asked("response.create")) == 2


def test_a_result_survives_an_interruption_and_is_told_when_the_caller_has_finished() -> None:
    """livekit/agents#3702: lost results make a model order twice."""
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "take_note", '{"text": "tea"}'))
    desk.caller_speaks()
    desk.does(desk.bridge.answered, "call_1", '{"notes":1}', ok=True)
    [item] = desk.items()
    assert item["output"] == '{"notes":1}'
    assert len(desk.asked("response.create")) == 1  # not into the caller's words
    desk.caller_stops()
    desk.tells("response.created", response={"id": "resp_2"})  # by the service, which does not know the result yet
    desk.tells("conversation.item.added", item={"id": item["id"]})
    desk.done("resp_2")
    assert len(desk.asked("response.create")) == 2


def test_a_result_that_the_service_answers_by_itself_is_not_asked_about_again() -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "take_note", '{"text": "tea"}'))
    desk.caller_speaks()
    desk.does(desk.bridge.answered, "call_1", '{"notes":1}', ok=True)
    desk.tells("conversation.item.added", item={"id": desk.items()[0]["id"]})
    desk.caller_stops()
    desk.response("resp_2")
    desk.run(5.0)
    assert len(desk.asked("response.create")) == 1


def test_a_turn_that_the_service_does_not_answer_by_itself_is_asked_for() -> None:
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.run(2.0)
    assert len(desk.asked("response.create")) == 1
    desk.run(1.0)
    assert len(desk.asked("response.create")) == 2


def test_a_call_that_was_left_incomplete_is_not_done() -> None:
    """Its arguments are told as done all the same, cut off anywhere."""
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    half = call("call_1", "take_note", '{"text": "te', status="incomplete")
    desk.tells("response.output_item.done", response_id="resp_1", item=half)
    desk.done("resp_1", "cancelled", half, reason="turn_detected")
    assert desk.of(UseTool) == []


@pytest.mark.parametrize("arguments", ["{", "[]", "null", '"x"', "[" * 5_000, '{"a":' + '"' + "x" * 70_000 + '"}'])
def test_arguments_that_are_no_object_are_refused_in_words(arguments: str) -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "take_note", arguments))
    assert desk.of(UseTool) == []
    assert "error" in json.loads(desk.items()[0]["output"])
    assert len(desk.asked("response.create")) == 2


def test_nothing_is_said_after_the_call_was_ended() -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "end_call"))
    desk.does(desk.bridge.answered, "call_1", '{"ended":true}', ok=True)
    assert len(desk.asked("response.create")) == 1
    assert desk.of(Leave) == []


def test_an_agent_that_cannot_end_the_call_ends_its_part() -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "end_call"))
    desk.does(desk.bridge.answered, "call_1", '{"error":"no room"}', ok=False)
    assert len(desk.of(Leave)) == 1


# --- silence ---


def test_a_silent_caller_is_asked_twice_and_said_goodbye_to() -> None:
    desk = Desk(an_agent(turns=Turns(silence_s=5.0))).begins()
    for number in range(1, 4):
        desk.run(5.1)
        assert len(desk.items()) == number
        assert desk.items()[-1]["role"] == "system"
        desk.talks(f"resp_{number}", f"item_{number}", 1_000, "Hello?")
        desk.run(1.0)  # silence counts from the end of what is heard
    assert "goodbye" in desk.items()[-1]["content"][0]["text"]
    desk.run(5.1)
    assert desk.of(UseTool) == [UseTool("MZ1-silence", "end_call", {})]


def test_a_word_of_the_caller_begins_the_count_anew() -> None:
    desk = Desk(an_agent(turns=Turns(silence_s=5.0))).begins()
    for number in range(4):
        desk.run(5.1)
        desk.response(f"resp_a{number}")
        desk.caller_speaks()
        desk.caller_stops("yes?")
        desk.response(f"resp_b{number}")
    assert len(desk.items()) == 4
    assert desk.of(UseTool) == []


def test_nobody_is_asked_while_a_tool_rings_a_phone_or_when_a_person_is_there() -> None:
    desk = Desk(an_agent(turns=Turns(silence_s=5.0))).begins()
    desk.response("resp_1", "completed", call("call_1", "escalate", '{"reason": "fire"}'))
    desk.run(30.0)
    assert desk.items() == []
    desk.does(desk.bridge.answered, "call_1", '{"call_sid":"CA2"}', ok=True)
    desk.response("resp_2")
    desk.run(60.0)
    assert [each["type"] for each in desk.items()] == ["function_call_output"]


def test_no_limit_to_silence_waits_for_ever() -> None:
    desk = Desk(an_agent(turns=Turns(silence_s=0))).begins()
    desk.run(600.0)
    assert desk.items() == []


# --- errors ---


def limited(message: str = "Rate limit reached. Please try again in 1.2s.") -> dict[str, Any]:
    return {"type": "failed", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": message}}


def test_a_refused_response_is_asked_for_again_when_the_service_says() -> None:
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.response("resp_1", "failed", **limited())
    desk.run(1.2)
    assert len(desk.asked("response.create")) == 1
    desk.run(0.2)
    assert len(desk.asked("response.create")) == 2
    desk.talks("resp_2", "item_2", 100)
    desk.run(20)
    assert desk.of(Voice) == []


def test_a_caller_who_waits_for_long_is_told_to_once() -> None:
    """livekit/agents#6009: no dead air."""
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.response("resp_1", "failed", **limited("try again in 3s"))
    desk.run(2.1)
    assert [each.text for each in desk.of(Voice)] == ["One moment, please."]
    desk.does(desk.bridge.voiced, FRAME)
    desk.run(2.0)
    desk.response("resp_2", "failed", **limited("try again in 3s"))
    desk.run(3.0)
    assert len(desk.of(Voice)) == 1


def test_the_limits_of_the_service_are_waited_for() -> None:
    desk = Desk().begins()
    limits = [{"name": "tokens", "limit": 10, "remaining": 0, "reset_seconds": 2.0}]
    desk.tells("rate_limits.updated", rate_limits=limits)
    desk.response("resp_1", "failed", **limited(""))
    desk.run(1.9)
    assert len(desk.asked("response.create")) == 1
    desk.run(0.4)
    assert len(desk.asked("response.create")) == 2


def failing(desk: Desk) -> None:
    for number in range(6):
        desk.response(f"resp_f{number}", "failed", type="failed", error={"code": "server_error", "message": ""})
        desk.run(2.0)


def test_a_service_that_fails_again_and_again_is_given_up_and_a_person_called() -> None:
    desk = Desk().begins()
    failing(desk)
    words = [each.text for each in desk.of(Voice)]
    assert words[-1] == Realtime().trouble
    assert desk.of(UseTool) == []  # not before it was heard
    for _ in words:
        desk.does(desk.bridge.voiced, FRAME)
    desk.run(0.1)
    [use] = desk.of(UseTool)
    assert (use.key, use.tool) == ("MZ1-escalate", "escalate")
    desk.does(desk.bridge.answered, use.key, "{}", ok=True)
    desk.run(60.0)
    assert len(desk.of(UseTool)) == 1
    assert desk.of(Leave) == []


def test_where_nobody_comes_the_call_ends_in_words() -> None:
    desk = Desk().begins()
    code = {"type": "failed", "error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}
    desk.response("resp_1", "failed", **code)  # trying again does not mend that
    desk.does(desk.bridge.voiced, FRAME)
    desk.run(0.1)
    desk.does(desk.bridge.answered, "MZ1-escalate", "{}", ok=False)
    assert [each.text for each in desk.of(Voice)] == [Realtime().trouble, Realtime().nobody]
    desk.does(desk.bridge.voiced, "")  # the voice fails, too
    desk.run(0.1)
    assert desk.of(UseTool)[-1] == UseTool("MZ1-end", "end_call", {})
    desk.does(desk.bridge.answered, "MZ1-end", "{}", ok=False)
    assert len(desk.of(Leave)) == 1


def test_an_agent_without_tools_says_so_and_leaves() -> None:
    desk = Desk(tools=Toolbox()).begins()
    desk.response("resp_1", "failed", error={"code": "insufficient_quota"})
    for _ in range(2):
        desk.does(desk.bridge.voiced, FRAME)
        desk.run(0.1)
    assert [each.text for each in desk.of(Voice)] == [Realtime().trouble, Realtime().nobody]
    assert len(desk.of(Leave)) == 1


def test_the_person_who_is_being_called_is_not_called_twice() -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "escalate", '{"reason": "fire"}'))
    desk.response("resp_2", "failed", error={"code": "insufficient_quota"})
    desk.does(desk.bridge.voiced, FRAME)
    desk.run(0.1)
    assert [each.key for each in desk.of(UseTool)] == ["call_1"]
    desk.does(desk.bridge.answered, "call_1", "{}", ok=True)
    desk.run(60.0)
    assert len(desk.of(Voice)) == 1


def test_a_session_that_is_refused_is_not_asked_for_again() -> None:
    desk = Desk()
    desk.does(desk.bridge.begin)
    desk.tells("session.created", session={})
    [update] = desk.asked()
    error = {
        "type": "invalid_request_error",
        "code": "invalid_value",
        "message": "voice",
        "event_id": update["event_id"],
    }
    desk.tells("error", error=error)
    assert desk.of(Voice)
    assert "realtime_gave_up" in desk.logged()


def test_other_errors_are_told_in_the_log_and_nothing_else_happens() -> None:
    desk = Desk().begins()
    desk.forget()
    desk.tells("error", error={"type": "invalid_request_error", "code": "invalid_value", "message": "?"})
    assert desk.logged() == ["realtime_error"]
    assert len(desk.did) == 1


# --- sessions ---


def breaks(desk: Desk, why: str = "the line broke") -> None:
    from mixminus.agents.realtime.link import Broken

    desk.does(desk.bridge.broke, Broken(why))


def test_a_new_session_is_told_the_conversation_as_it_was_heard() -> None:
    desk = Desk(an_agent(greeting="Hello.")).begins()
    desk.talks("resp_1", "item_1", 4_000, "one two three four five six seven eight")
    desk.run(1.1)
    desk.caller_speaks()
    desk.run(0.5)
    desk.caller_stops("stop it")
    desk.response("resp_2", "completed", call("call_1", "take_note", '{"text": "tea"}'))
    desk.does(desk.bridge.answered, "call_1", '{"notes":1}', ok=True)
    desk.talks("resp_3", "item_3", 100, "Written down.")
    desk.run(0.2)
    desk.forget()
    breaks(desk)
    desk.run(0.0)
    assert [type(each) for each in desk.of(HangUp, Dial)] == [HangUp, Dial]  # the first try is at once
    desk.connects()
    assert [(each["type"], each.get("role")) for each in desk.items()] == [
        ("message", "assistant"),
        ("message", "user"),
        ("function_call", None),
        ("function_call_output", None),
        ("message", "assistant"),
    ]
    assert desk.items()[0]["content"] == [{"type": "output_text", "text": "one two"}]
    assert desk.items()[1]["content"] == [{"type": "input_text", "text": "stop it"}]
    [update] = desk.asked("session.update")
    assert "Hello." not in update["session"]["instructions"]
    assert desk.asked("response.create") == []  # nobody waits for one


def test_what_the_caller_said_while_there_was_no_session_is_heard_by_the_next() -> None:
    desk = Desk().begins()
    for _ in range(100):
        desk.frame("AAEC")
    desk.caller_speaks()
    for _ in range(50):
        desk.frame("AwQF")
    breaks(desk)
    for _ in range(25):
        desk.frame("BgcI")
    desk.run(0.0)
    desk.forget()
    desk.connects()
    sent = [each["audio"] for each in desk.asked("input_audio_buffer.append")]
    assert sent == ["AAEC"] * 15 + ["AwQF"] * 50 + ["BgcI"] * 25
    assert desk.asked("response.create") == []  # it hears it now, and answers by itself
    desk.run(10.0)
    assert len(desk.asked("response.create")) == 1  # but if it does not


def test_a_response_that_was_lost_is_asked_for_again() -> None:
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.tells("response.created", response={"id": "resp_1"})
    for _ in range(25):
        desk.frame()  # silence: what was said before it is known as text
    breaks(desk)
    desk.run(0.0)
    desk.connects()
    desk.run(0.1)
    assert [each["role"] for each in desk.items()] == ["user"]
    assert len(desk.asked("response.create")) == 2


def test_a_result_that_comes_while_there_is_no_session_is_told_to_the_next() -> None:
    desk = Desk().begins()
    desk.response("resp_1", "completed", call("call_1", "take_note", '{"text": "tea"}'))
    breaks(desk)
    desk.does(desk.bridge.answered, "call_1", '{"notes":1}', ok=True)
    desk.run(0.0)
    desk.connects()
    assert [each["type"] for each in desk.items()] == ["function_call", "function_call_output"]
    assert len(desk.asked("response.create")) == 2


def test_what_was_given_before_the_line_broke_is_heard_and_can_be_interrupted_after_it() -> None:
    """The new session knows the words as text, which cannot be truncated: it is told them anew."""
    desk = Desk().begins()
    desk.talks("resp_0a", "item_0", 100, "Well.")
    desk.talks("resp_1", "item_1", 4_000, "one two three four five six seven eight")
    desk.run(1.0)
    breaks(desk)
    desk.run(0.0)
    desk.connects()
    assert desk.of(Clear) == []
    desk.run(1.2)
    desk.caller_speaks()
    desk.run(0.5)
    assert [each["item_id"] for each in desk.asked("conversation.item.delete")] == ["item_1"]
    anew = desk.asked("conversation.item.create")[-1]
    assert anew["previous_item_id"] == "item_0"
    assert anew["item"]["content"][0]["text"] == "one two three four"
    assert desk.asked("conversation.item.truncate") == []


def test_the_service_is_tried_again_with_growing_pauses_and_then_given_up() -> None:
    desk = Desk(an_agent(realtime={"away_s": 6.0})).begins()
    desk.forget()
    at: list[float] = []
    while not desk.of(Voice) or desk.of(Voice)[-1].text != Realtime().trouble:
        breaks(desk)
        tries = len(desk.of(Dial))
        while len(desk.of(Dial)) == tries and "realtime_gave_up" not in desk.logged():
            desk.run(0.01)
        at.append(desk.now)
    assert at[0] < 0.02
    pauses = [round(after - before, 2) for before, after in itertools.pairwise(at[:-1])]
    assert pauses == sorted(pauses)
    assert 3.0 < desk.now < 6.5
    breaks(desk)  # what is told of a socket after that changes nothing
    desk.forget()
    desk.run(60.0)
    assert desk.of(Dial) == []


def test_an_old_session_is_exchanged_when_nobody_speaks() -> None:
    """8.4: sixty minutes."""
    desk = Desk(an_agent(turns=Turns(silence_s=0))).begins()
    desk.run(55 * 60 - 1)
    desk.caller_speaks()
    desk.run(10)
    assert len(desk.of(Dial)) == 1
    desk.caller_stops("hello")
    desk.talks("resp_1", "item_1", 2_000, "Good evening.")
    desk.run(1.0)
    assert len(desk.of(Dial)) == 1
    desk.run(1.1)
    assert len(desk.of(Dial)) == 2
    desk.connects()
    assert [each["role"] for each in desk.items()] == ["user", "assistant"]
    assert "realtime_broke" not in desk.logged()


def test_a_session_that_expired_is_made_anew_at_once() -> None:
    desk = Desk().begins()
    text = "Your session hit the maximum duration of 60 minutes."
    desk.tells("error", error={"type": "invalid_request_error", "code": "session_expired", "message": text})
    breaks(desk, "closed with 1001")  # its socket, as an afterthought
    desk.run(0.0)
    assert len(desk.of(Dial)) == 2


def test_a_response_that_does_not_go_on_breaks_the_session() -> None:
    """livekit/agents#3418: stuck, and silent."""
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.tells("response.created", response={"id": "resp_1"})
    desk.run(16.0)
    assert len(desk.of(Dial)) == 2


def test_a_response_that_goes_on_unheard_is_waited_for() -> None:
    desk = Desk().begins()
    desk.tells("response.created", response={"id": "resp_1"})
    for _ in range(4):
        desk.run(10.0)
        desk.tells("response.function_call_arguments.delta", response_id="resp_1", item_id="item_1", delta="x")
    assert len(desk.of(Dial)) == 1


def test_a_session_that_is_not_set_up_in_time_is_tried_again() -> None:
    desk = Desk()
    desk.does(desk.bridge.begin)
    desk.tells("session.created", session={})
    desk.run(9.0)
    assert len(desk.of(Dial)) == 2


def test_a_line_that_breaks_behind_an_interruption_loses_nothing_of_what_is_known_of_it() -> None:
    desk = Desk().begins()
    desk.talks("resp_1", "item_1", 4_000, "one two three four five six seven eight")
    desk.run(2.1)
    desk.caller_speaks()  # how much was played may yet be reported
    breaks(desk)
    desk.run(1.0)
    desk.connects()
    assert desk.items()[0]["content"][0]["text"] == "one two three four"
    assert desk.asked("conversation.item.truncate") == []


def test_a_response_that_ends_before_it_has_said_anything_is_asked_for_again() -> None:
    desk = Desk().begins()
    desk.caller_speaks()
    desk.caller_stops("hello")
    desk.response("resp_1", "incomplete", reason="max_output_tokens")
    desk.run(2.0)
    assert len(desk.asked("response.create")) == 2


# --- anything ---


def test_usage_is_added_up_over_sessions() -> None:
    desk = Desk().begins()
    usage = {
        "input_token_details": {"audio_tokens": 10, "text_tokens": 3, "cached_tokens": 2},
        "output_token_details": {"audio_tokens": 7},
    }
    for name in ("resp_1", "resp_2"):
        desk.tells("response.created", response={"id": name})
        desk.tells("response.done", response={"id": name, "status": "completed", "usage": usage})
    spent = desk.bridge.spending
    assert (spent.input_audio, spent.input_text, spent.input_cached, spent.output_audio) == (20, 6, 4, 14)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff", b'{"type":7}', b'{"type":"error"}', b"[" * 9_000]
)
def test_what_is_no_event_is_counted_and_told_once(data: bytes) -> None:
    desk = Desk().begins()
    desk.forget()
    for _ in range(3):
        desk.does(desk.bridge.told, data)
    assert desk.bridge.unread == 3
    assert desk.logged() == ["realtime_unread"]


def test_events_that_nobody_knows_change_nothing() -> None:
    desk = Desk().begins()
    desk.forget()
    desk.tells("response.mind_reading.delta", thought="?")
    assert desk.did == []


junk = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = some.sampled_from(["resp_1", "resp_2", "item_1", "call_1", ""])
an_item = some.fixed_dictionaries(
    {"id": names, "type": some.sampled_from(["function_call", "message"]), "call_id": names},
    optional={"name": some.just("take_note"), "arguments": some.text(max_size=9), "status": some.just("completed")},
)
an_event = some.fixed_dictionaries(
    {"type": some.sampled_from(sorted(NAMES))},
    optional={
        "response_id": names,
        "item_id": names,
        "delta": some.sampled_from([FRAME, "AAEC", "A", ""]),
        "transcript": some.text(max_size=5),
        "item": an_item | junk,
        "response": some.fixed_dictionaries(
            {"id": names, "status": some.sampled_from(["completed", "failed", "cancelled", "incomplete", None])},
            optional={"output": some.lists(an_item, max_size=2), "status_details": junk},
        )
        | junk,
        "error": some.fixed_dictionaries({"code": some.sampled_from(["session_expired", "x", None])}) | junk,
        "rate_limits": junk,
    },
)
steps = some.lists(some.one_of(an_event, some.sampled_from(["key", "frame", "run", "break", "answer"])), max_size=40)


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_whatever_comes_in_whatever_order_the_bridge_stands(steps: list[Any]) -> None:
    """And a truncation is never longer than what was given, nor asked for when there is no session to ask."""
    desk = Desk()
    desk.does(desk.bridge.begin)
    for step in steps:
        match step:
            case "key":
                desk.does(desk.bridge.caller_key, "5")
            case "frame":
                desk.frame()
            case "run":
                desk.run(1.0)
            case "break":
                breaks(desk)
            case "answer":
                desk.does(desk.bridge.answered, "call_1", "{}", ok=True)
            case dict():
                desk.does(desk.bridge.told, json.dumps(step).encode())
    desk.run(30.0)
    given_ms = 20 * sum(each.payload == FRAME for each in desk.of(Play)) + len(desk.of(Play))
    assert all(0 < cut["audio_end_ms"] <= given_ms for cut in desk.asked("conversation.item.truncate"))
    tools = [each.key for each in desk.of(UseTool)]
    assert len(tools) == len(set(tools))
