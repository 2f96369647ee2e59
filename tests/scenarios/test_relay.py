"""ConversationRelay: twiml-and-streams.md section 5, by ear. The application shares no code with the node."""

import asyncio
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
from bench.speech import VOICES, spoken
from numpy.typing import NDArray
from tests.scenarios.cast import NUMBER, Scene, enter, scenario, twiml
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, VoiceResponse

from mixminus.prompts.io.flite_worker import Flite
from mixminus.testing.relay_app import RelayConversation
from mixminus.testing.sounds import SECONDS_PER_CHARACTER, SPEECH_HZ
from mixminus.testing.world import AUTH_TOKEN

APP = "wss://app.example.com/relay"
LONG = "This is a sentence with quite a few words in it, so that there is time to talk while it is spoken."
"""About six seconds of the note that speech is here."""


@cache
def sentence(text: str = "my invoice is wrong and i want to talk to somebody") -> NDArray[np.int16]:
    """Speech that begins at once."""
    samples = spoken(text, VOICES[0], Flite())
    return samples[np.flatnonzero(np.abs(samples.astype(int)) > 300)[0] :]


def relay(url: str = APP, *, action: str | None = None, then: str = "", **attributes: Any) -> str:
    """`<Connect><ConversationRelay>`; keyword `parameters` become `<Parameter>`s, `languages` `<Language>`s."""
    parameters, languages = attributes.pop("parameters", {}), attributes.pop("languages", ())
    response = VoiceResponse()
    connecting = Connect(action=action) if action else Connect()
    element = connecting.conversation_relay(url=url, **attributes)
    for name, value in parameters.items():
        element.parameter(name=name, value=value)
    for language in languages:
        element.language(**language)
    response.append(connecting)
    if then:
        response.say(then)
    return str(response)


async def in_session(scene: Scene, **attributes: Any) -> RelayConversation:
    """Alice calls, and is connected to the application."""
    app = scene.world.agents.relay_at(APP)
    await scene.calls_in("alice", relay(**attributes))
    return await app.conversation()


def spoken_at(scene: Scene, name: str = "alice") -> tuple[float, float]:
    """When somebody heard speech for the first and the last time."""
    ear = scene.calls[name].line.ear
    first, last = ear.first_heard(SPEECH_HZ), ear.last_heard(SPEECH_HZ)
    assert first is not None
    assert last is not None
    return first, last


def heard_nothing(scene: Scene, name: str = "alice") -> bool:
    return scene.calls[name].line.ear.first_heard(SPEECH_HZ) is None


def now() -> float:
    return asyncio.get_running_loop().time()


# --- setup ---------------------------------------------------------------------------------------------------------


@scenario
async def test_the_application_is_told_about_the_call_and_the_upgrade_is_signed(scene: Scene) -> None:
    talk = await in_session(scene, parameters={"ticket": "55"})
    setup = dict(talk.told("setup")[0])
    call = scene.told("/alice")[0]
    assert setup.pop("sessionId").startswith("VX")
    assert setup == {
        "type": "setup",
        "accountSid": scene.world.account_sid,
        "parentCallSid": "",
        "callSid": scene.sid("alice"),
        "from": call["From"],
        "to": call["To"],
        "forwardedFrom": "",
        "callType": "SIP",
        "callerName": "",
        "direction": "inbound",
        "callStatus": "IN_PROGRESS",
        "customParameters": {"ticket": "55"},
    }
    assert RequestValidator(AUTH_TOKEN).validate(APP, {}, talk.headers["x-twilio-signature"])


@scenario
async def test_the_greeting_is_heard(scene: Scene) -> None:
    await in_session(scene, welcome_greeting="Hello, how can I help?")
    await asyncio.sleep(3)
    first, last = spoken_at(scene)
    assert abs(last - first - 22 * SECONDS_PER_CHARACTER) < 0.3


# --- words ---------------------------------------------------------------------------------------------------------


@scenario
async def test_what_the_caller_says_is_a_prompt_and_what_the_application_says_is_heard(scene: Scene) -> None:
    talk = await in_session(scene)
    scene.world.hearing.will_hear("my invoice is wrong")
    await scene.calls["alice"].say(sentence())
    ended = now()
    assert await talk.until("prompt") == {
        "type": "prompt",
        "voicePrompt": "my invoice is wrong",
        "lang": "en-US",
        "last": True,
    }
    assert now() - ended < 1.0
    talk.say("Let me ", "see. ", "One moment.")
    await asyncio.sleep(2.5)
    first, last = spoken_at(scene)
    assert last - first > 0.8
    assert talk.told("interrupt") == []


@scenario
async def test_a_pause_inside_a_sentence_is_no_end(scene: Scene) -> None:
    talk = await in_session(scene, speech_timeout=1500)
    scene.world.hearing.will_hear("I want to", "pay my bill")
    await scene.calls["alice"].say(sentence("i would like to"))
    await asyncio.sleep(0.5)
    await scene.calls["alice"].say(sentence("pay my bill please"))
    assert (await talk.until("prompt"))["voicePrompt"] == "I want to pay my bill"
    assert len(talk.told("prompt")) == 1


@scenario
async def test_partial_prompts_are_cumulative(scene: Scene) -> None:
    talk = await in_session(scene, partial_prompts=True)
    scene.world.hearing.will_hear("I want a person")
    saying = asyncio.ensure_future(scene.calls["alice"].say(sentence()))
    await asyncio.sleep(0.6)
    (ear,) = scene.world.hearing.ears
    ear.guess("I want")
    ear.guess("I want a")
    await saying
    await talk.until("prompt", 4)
    assert [(one["voicePrompt"], one["last"]) for one in talk.told("prompt")] == [
        ("I want", False),
        ("I want a", False),
        ("I want a person", False),
        ("I want a person", True),
    ]


@scenario
async def test_a_hum_and_silence_are_no_words(scene: Scene) -> None:
    talk = await in_session(scene)
    scene.calls["alice"].hum(521)
    await asyncio.sleep(3)
    assert talk.kinds == ["setup"]


# --- interruption --------------------------------------------------------------------------------------------------


@scenario
async def test_an_interruption_stops_the_agent_and_tells_what_was_heard(scene: Scene) -> None:
    talk = await in_session(scene)
    talk.say(LONG)
    await asyncio.sleep(2.0)
    began = now()
    scene.world.hearing.will_hear("stop it")
    await scene.calls["alice"].say(sentence())
    interrupt = await talk.until("interrupt")
    first, last = spoken_at(scene)
    assert last - began <= 0.3, "the agent talks on"
    heard_ms = 1000 * (last - first)
    assert abs(interrupt["durationUntilInterruptMs"] - heard_ms) <= 60
    words = interrupt["utteranceUntilInterrupt"].split()
    assert words == LONG.split()[: len(words)]
    share = interrupt["durationUntilInterruptMs"] / (1000 * SECONDS_PER_CHARACTER * len(LONG))
    assert abs(len(words) - share * len(LONG.split())) <= 4
    assert (await talk.until("prompt"))["voicePrompt"] == "stop it"
    assert talk.kinds == ["setup", "interrupt", "prompt"]


@scenario
async def test_text_of_a_cycle_that_was_interrupted_is_not_heard(scene: Scene) -> None:
    talk = await in_session(scene)
    talk.say(LONG + " ", last=False)
    await asyncio.sleep(1.0)
    scene.world.hearing.will_hear("wait")
    saying = asyncio.ensure_future(scene.calls["alice"].say(sentence()))
    await talk.until("interrupt")
    talk.say("And one more thing. ", "Goodbye.")
    await saying
    await talk.until("prompt")
    _, last = spoken_at(scene)
    assert last < talk.told_at("interrupt")[0] + 0.05
    talk.say("Yes?")
    await asyncio.sleep(1)
    assert spoken_at(scene)[1] > talk.told_at("prompt")[0]


@scenario
async def test_what_is_not_interruptible_is_heard_to_its_end(scene: Scene) -> None:
    talk = await in_session(scene, interruptible="none")
    talk.say(LONG)
    await asyncio.sleep(1.0)
    scene.world.hearing.will_hear("stop it")
    await scene.calls["alice"].say(sentence("stop it now please"))
    await asyncio.sleep(8)
    first, last = spoken_at(scene)
    assert last - first > SECONDS_PER_CHARACTER * len(LONG) - 0.3
    assert talk.kinds == ["setup"], "and nothing is reported, unless it is asked for"


@scenario
async def test_what_is_said_meanwhile_is_told_to_those_who_ask(scene: Scene) -> None:
    talk = await in_session(scene, interruptible="none", report_input_during_agent_speech="speech")
    talk.say(LONG)
    await asyncio.sleep(1.0)
    scene.world.hearing.will_hear("stop it")
    await scene.calls["alice"].say(sentence("stop it now please"))
    assert (await talk.until("prompt"))["voicePrompt"] == "stop it"
    assert talk.told("interrupt") == []


@scenario
async def test_a_message_may_say_otherwise(scene: Scene) -> None:
    talk = await in_session(scene, interruptible="none")
    talk.say(LONG, interruptible=True)
    await asyncio.sleep(1.0)
    await scene.calls["alice"].say(sentence())
    await talk.until("interrupt")


@scenario
async def test_a_backchannel_does_not_interrupt_and_other_words_do(scene: Scene) -> None:
    talk = await in_session(scene, ignore_backchannel=True)
    talk.say(LONG)
    await asyncio.sleep(0.5)
    scene.world.hearing.will_hear("okay", "no stop")
    await scene.calls["alice"].say(sentence("okay"))
    await asyncio.sleep(1.5)
    assert talk.kinds == ["setup"]
    await scene.calls["alice"].say(sentence("no stop"))
    await talk.until("interrupt", within_s=1.0)


@scenario
async def test_a_new_cycle_takes_the_place_of_one_that_is_preemptible(scene: Scene) -> None:
    talk = await in_session(scene, preemptible=True)
    talk.say(LONG)
    await asyncio.sleep(1.0)
    began = now()
    talk.say("No.")
    await asyncio.sleep(2.0)
    assert spoken_at(scene)[1] - began < 0.6
    assert talk.kinds == ["setup"], "nobody interrupted"


# --- keys, files, events -------------------------------------------------------------------------------------------


@scenario
async def test_keys_are_told_and_interrupt(scene: Scene) -> None:
    talk = await in_session(scene, dtmf_detection=True)
    talk.say(LONG)
    await asyncio.sleep(1.0)
    await scene.calls["alice"].press("1")
    await asyncio.sleep(0.5)
    assert talk.kinds == ["setup", "interrupt", "dtmf"]
    assert talk.told("dtmf") == [{"type": "dtmf", "digit": "1"}]


@scenario
async def test_without_detection_keys_are_not_told(scene: Scene) -> None:
    talk = await in_session(scene)
    await scene.calls["alice"].press("12")
    await asyncio.sleep(0.5)
    assert talk.kinds == ["setup"]


@scenario
async def test_a_file_is_played_as_often_as_it_says(scene: Scene) -> None:
    talk = await in_session(scene)
    url = scene.serves_note("/jingle.wav", 733, 0.5)
    talk.tell("play", source=url, loop=3)
    await asyncio.sleep(3)
    ear = scene.calls["alice"].line.ear
    first, last = ear.first_heard(733), ear.last_heard(733)
    assert first is not None
    assert last is not None
    assert abs(last - first - 1.5) < 0.1


@scenario
async def test_a_file_that_is_not_there_is_an_error_and_what_follows_is_heard(scene: Scene) -> None:
    talk = await in_session(scene)
    talk.tell("play", source="http://app.example.com/nothing.wav")
    talk.say("Sorry.")
    await talk.until("error")
    await asyncio.sleep(1)
    assert not heard_nothing(scene)


@scenario
async def test_the_node_presses_keys(scene: Scene) -> None:
    talk = await in_session(scene)
    talk.tell("sendDigits", digits="42")
    talk.tell("sendDigits", digits="#")
    await asyncio.sleep(3)
    assert scene.calls["alice"].line.keys_heard == "42#"


@scenario
async def test_events_tell_who_speaks_and_which_words_were_played(scene: Scene) -> None:
    talk = await in_session(scene, events="speaker-events tokens-played", debug="debugging")
    scene.world.hearing.will_hear("hello")
    await scene.calls["alice"].say(sentence())
    await talk.until("prompt")
    await asyncio.sleep(0.1)
    talk.say("Nice to hear from you. ", "Goodbye.")
    await asyncio.sleep(4)
    named = [(one["name"], one["value"]) for one in talk.told("info")]
    assert [one for one in named if one[0] != "tokensPlayed" and one[0] != "roundTripDelayMs"] == [
        ("clientSpeaking", "on"),
        ("clientSpeaking", "off"),
        ("agentSpeaking", "on"),
        ("agentSpeaking", "off"),
    ]
    assert " ".join(value for name, value in named if name == "tokensPlayed") == "Nice to hear from you. Goodbye."
    (delay,) = [value for name, value in named if name == "roundTripDelayMs"]
    assert 60 <= delay <= 140


@scenario
async def test_another_language_has_another_ear(scene: Scene) -> None:
    languages = ({"code": "de-DE", "speech_model": "nova-2-general", "hints": "Rechnung"},)
    talk = await in_session(scene, languages=languages)
    talk.tell("language", ttsLanguage="de-DE", transcriptionLanguage="de-DE")
    await asyncio.sleep(0.1)
    first, second = scene.world.hearing.ears
    assert (first.is_closed, second.is_closed) == (True, False)
    assert (second.wish.language, second.wish.model, second.wish.hints) == ("de-DE", "nova-2-general", ("Rechnung",))
    scene.world.hearing.will_hear("guten Tag")
    await scene.calls["alice"].say(sentence())
    assert (await talk.until("prompt"))["lang"] == "de-DE"
    talk.tell("language", transcriptionLanguage="tlh")
    assert "tlh" in (await talk.until("error"))["description"]
    assert not scene.world.hearing.ears[1].is_closed, "everything stays as it was"


# --- the end -------------------------------------------------------------------------------------------------------


@scenario
async def test_end_lets_the_last_words_be_heard_and_hands_off(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    talk = await in_session(scene, action="/after", then="never")
    talk.say("I will connect you to a person.")
    talk.tell("end", handoffData='{"reason":"person"}')
    request = await scene.app.wait_for("/after", within_s=5)
    first, last = spoken_at(scene)
    assert last - first > 30 * SECONDS_PER_CHARACTER - 0.3
    assert request["SessionStatus"] == "ended"
    assert request["HandoffData"] == '{"reason":"person"}'
    assert request["SessionId"] == talk.told("setup")[0]["sessionId"]
    assert request["CallStatus"] == "in-progress"
    assert request["SessionDuration"] in ("2", "3")
    assert "ErrorCode" not in dict(request.form)
    assert talk.closed_with == 1000


@scenario
async def test_without_an_action_the_next_verb_runs(scene: Scene) -> None:
    talk = await in_session(scene, then="goodbye")
    talk.tell("end")
    await scene.calls["alice"].ended(within_s=5)
    assert not heard_nothing(scene)


@scenario
async def test_a_caller_who_hangs_up_has_completed_the_session(scene: Scene) -> None:
    talk = await in_session(scene, action="/after")
    scene.app.answers("/after", twiml())
    await scene.calls["alice"].hang_up()
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["CallStatus"]) == ("completed", "completed")
    assert talk.closed_with == 1000
    assert all(ear.is_closed for ear in scene.world.hearing.ears)


@scenario
async def test_a_socket_that_breaks_is_a_failure_that_the_action_may_mend(scene: Scene) -> None:
    scene.app.answers("/after", relay())
    talk = await in_session(scene, action="/after")
    talk.break_off()
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64105")
    await scene.world.agents.relay_at(APP).conversation(1)


@scenario
async def test_ten_messages_in_a_row_that_make_no_sense_end_it(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    talk = await in_session(scene, action="/after")
    for _ in range(9):
        talk.throw(b"{")
    talk.say("Fine.")
    for _ in range(10):
        talk.throw(b'{"type":"dance"}')
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64105")
    assert talk.closed_with == 1007
    assert len(talk.told("error")) == 19


@scenario
async def test_an_application_that_cannot_be_reached_is_64102(scene: Scene) -> None:
    scene.world.agents.relay_at(APP).refusal = 31920
    scene.app.answers("/after", twiml("<Hangup/>"))
    await scene.calls_in("alice", relay(action="/after"))
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64102")


@scenario
async def test_a_language_that_nobody_understands_is_64101(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    scene.world.agents.relay_at(APP)
    await scene.calls_in("alice", relay(action="/after", transcription_language="fr-FR"))
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64101")
    assert "fr-FR" in request["ErrorMessage"]


@scenario
async def test_a_recogniser_that_fails_ends_the_session(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    talk = await in_session(scene, action="/after")
    scene.world.hearing.ears[0].fail("it is gone")
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64106")
    assert talk.closed_with == 1000


@scenario
async def test_a_redirect_ends_it(scene: Scene) -> None:
    talk = await in_session(scene)
    talk.say(LONG)
    await asyncio.sleep(1)
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml('<Pause length="5"/>'))
    redirected = now()
    await asyncio.sleep(1)
    assert talk.closed_with == 1000
    assert spoken_at(scene)[1] - redirected < 0.1


@scenario
async def test_two_at_once_have_nothing_to_do_with_each_other(scene: Scene) -> None:
    app = scene.world.agents.relay_at(APP)
    await scene.calls_in("alice", relay())
    await scene.calls_in("bob", relay())
    hers, his = await app.conversation(0), await app.conversation(1)
    hers.say(LONG)
    await asyncio.sleep(1)
    scene.world.hearing.will_hear("hello")
    await scene.calls["bob"].say(sentence())
    await his.until("prompt")
    assert hers.kinds == ["setup"]
    assert heard_nothing(scene, "bob")
    await scene.calls["bob"].hang_up()
    assert hers.is_open


@scenario
async def test_there_is_an_end_to_how_many_there_can_be(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    with mock.patch("mixminus.app.relays.relays.MOST_SESSIONS", 1):
        await in_session(scene)
        await scene.calls_in("bob", relay(action="/after"))
        request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64109")


@scenario
async def test_an_attribute_that_makes_no_sense_is_64101(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Hangup/>"))
    await scene.calls_in("alice", relay("http://app.example.com/relay", action="/after", tts_provider="Acme"))
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["SessionStatus"], request["ErrorCode"]) == ("failed", "64101")
    assert "Acme" in request["ErrorMessage"]


# --- in a conference -----------------------------------------------------------------------------------------------


async def joins(scene: Scene, document: str, **options: Any) -> tuple[Any, RelayConversation]:
    """An application is added to the conference, and is in it."""
    app = scene.world.agents.relay_at(APP)
    scene.app.answers("/agent", document)
    application = await scene.twilio.applications.create_async(
        friendly_name="agent", voice_url=scene.world.url("/agent")
    )
    participants = scene.twilio.conferences("room").participants
    added = await participants.create_async(from_=NUMBER, to=f"app:{application.sid}", **options)
    talk = await app.conversation()
    await asyncio.sleep(1.0)  # until the beep is over
    return added, talk


@scenario
async def test_in_a_conference_it_hears_everybody_and_is_heard_by_everybody(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    _, talk = await joins(scene, relay())
    scene.world.hearing.will_hear("what is the balance")
    await scene.calls["bob"].say(sentence())
    assert (await talk.until("prompt"))["voicePrompt"] == "what is the balance"
    talk.say("Twelve dollars.")
    await asyncio.sleep(1.5)
    assert not heard_nothing(scene, "alice")
    assert not heard_nothing(scene, "bob")


@scenario
async def test_a_coach_is_heard_by_whom_it_coaches(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    _, talk = await joins(scene, relay(), coaching=True, call_sid_to_coach=scene.sid("bob"))
    talk.say("Offer a refund.")
    await asyncio.sleep(1.5)
    assert heard_nothing(scene, "alice")
    assert not heard_nothing(scene, "bob")


@scenario
async def test_muted_and_held_it_is_not_heard_and_held_it_hears_nothing(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    added, talk = await joins(scene, relay())
    await scene.update(added.call_sid, muted=True)
    talk.say("Hello there.")
    await asyncio.sleep(1.5)
    assert heard_nothing(scene)
    await scene.update(added.call_sid, muted=False, hold=True)
    scene.world.hearing.will_hear("anybody there")
    await scene.calls["alice"].say(sentence())
    await asyncio.sleep(1.5)
    assert talk.told("prompt") == []


@scenario
async def test_a_leg_whose_application_cannot_be_reached_fails_and_says_why(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    scene.world.agents.relay_at(APP).refusal = 31920
    scene.app.answers("/agent", relay())
    application = await scene.twilio.applications.create_async(
        friendly_name="agent", voice_url=scene.world.url("/agent")
    )
    participants = scene.twilio.conferences("room").participants
    added = await participants.create_async(
        from_=NUMBER, to=f"app:{application.sid}", status_callback=scene.world.url("/leg")
    )
    await asyncio.sleep(1.0)
    last = scene.told("/leg")[-1]
    assert (last["CallStatus"], last["ErrorCode"]) == ("failed", "64102")
    assert await scene.call_status(added.call_sid) == "failed"
    assert len(await scene.participants()) == 1


@scenario
async def test_an_agent_that_is_removed_is_closed(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    added, talk = await joins(scene, relay())
    room = await scene.room()
    await room.participants(added.call_sid).delete_async()
    await asyncio.sleep(0.3)
    assert talk.closed_with == 1000
    assert await scene.call_status(added.call_sid) == "completed"
