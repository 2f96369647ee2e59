"""A call and its documents: twiml-and-streams.md 1 and 2.1 to 2.4, twilio-conference-api.md 4.6 and 10.1."""

import asyncio

import pytest
from tests.scenarios.cast import Scene, scenario, twiml

from mixminus.testing.errors import CallRefused
from mixminus.testing.sounds import SPEECH_HZ

NOTE_HZ = 1979
OTHER_HZ = 2371


# --- Say, Play, Pause ------------------------------------------------------------------------------------------


@scenario
async def test_verbs_run_from_top_to_bottom_and_the_end_hangs_up(scene: Scene) -> None:
    """1.1 Order; 1.1 end of document: the call is hung up."""
    note = scene.serves_note("/note.wav", NOTE_HZ, 1.0)
    alice = await scene.calls_in(
        "alice", twiml("<Say>Hello</Say>", "<Pause length='2'/>", f"<Play>{note}</Play>", "<Say>Bye</Say>")
    )
    await alice.ended(within_s=10)
    said = alice.first_heard(SPEECH_HZ)
    first, last = alice.first_heard(NOTE_HZ), alice.last_heard(NOTE_HZ)
    assert said is not None
    assert first is not None
    assert last is not None
    assert said < first < last
    assert 2.2 < first - said < 2.5, "Hello is 0.3 s here, and then the pause"
    spoken = alice.last_heard(SPEECH_HZ)
    assert spoken is not None
    assert spoken > last - 0.05


@scenario
async def test_loops(scene: Scene) -> None:
    """2.1 and 2.2 loop: so many times; 0 is until hang-up."""
    note = scene.serves_note("/note.wav", NOTE_HZ, 0.5)
    alice = await scene.calls_in("alice", twiml(f"<Play loop='3'>{note}</Play>", "<Say loop='0'>On hold</Say>"))
    await asyncio.sleep(10)
    first, last = alice.first_heard(NOTE_HZ), alice.last_heard(NOTE_HZ)
    assert first is not None
    assert last is not None
    assert 1.4 < last - first < 1.6
    assert alice.hears(SPEECH_HZ)
    assert alice.end is None


@scenario
async def test_play_is_fetched_by_get_without_the_calls_parameters(scene: Scene) -> None:
    """2.2: fetched by GET with no standard call parameters; a relative URL belongs to the document."""
    scene.serves_note("/sounds/note.wav", NOTE_HZ, 0.5)
    alice = await scene.calls_in("alice", twiml("<Play>sounds/note.wav</Play>"))
    await alice.ended(within_s=3)
    [asked] = scene.told("/sounds/note.wav")
    assert (asked.method, asked.form) == ("GET", ())
    assert alice.first_heard(NOTE_HZ) is not None


@scenario
async def test_play_digits(scene: Scene) -> None:
    """2.2 digits: DTMF to the other party; w is 0.5 s, W 1 s."""
    alice = await scene.calls_in("alice", twiml("<Play digits='1W2w*#'/>", "<Pause length='1'/>"))
    await alice.ended(within_s=10)
    assert alice.keys_heard == "12*#"


@scenario
async def test_a_file_that_is_none_ends_with_an_apology(scene: Scene) -> None:
    """2.2: wrong type 13420: an error on that call alone."""
    scene.app.serves("/note.wav", b"this is not a WAV file")
    alice = await scene.calls_in("alice", twiml("<Play>/note.wav</Play>"))
    assert alice.hears(SPEECH_HZ)
    await alice.ended(within_s=10)


@scenario
async def test_an_answer_that_is_sound_is_played_once(scene: Scene) -> None:
    """1.2: audio/*: the file is played once, then hang-up."""
    number = await scene.number_for("alice", twiml())
    scene.serves_note("/alice", NOTE_HZ, 1.0)
    phone = await scene.world.phone("alice")
    call = await phone.dial(number)
    await call.ended(within_s=5)
    first, last = call.first_heard(NOTE_HZ), call.last_heard(NOTE_HZ)
    assert first is not None
    assert last is not None
    assert 0.9 < last - first < 1.1


@scenario
async def test_plain_text_is_read_aloud(scene: Scene) -> None:
    """1.2: text/plain: TwiML if it is valid, else read aloud, then hang-up."""
    number = await scene.number_for("alice", "We are closed.", content_type="text/plain")
    phone = await scene.world.phone("alice")
    call = await phone.dial(number)
    await call.ended(within_s=5)
    assert call.first_heard(SPEECH_HZ) is not None


# --- answering and not answering -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "sip", "status"),
    [("<Reject/>", 603, "failed"), ("<Reject reason='busy'/>", 486, "busy"), ("<Hangup/>", 486, "busy")],
)
def test_a_call_that_is_declined_is_never_answered(verb: str, sip: int, status: str) -> None:
    """1.5 and 2.3: Reject and Hangup as first verb do not answer; nothing after them runs."""

    @scenario
    async def story(scene: Scene) -> None:
        with pytest.raises(CallRefused) as refusal:
            await scene.calls_in("alice", twiml(verb, "<Say>Never</Say>"))
        assert refusal.value.status == sip
        await asyncio.sleep(0.2)
        assert await scene.call_status(scene.sid("alice")) == status

    story()


@scenario
async def test_a_pause_first_delays_the_answer(scene: Scene) -> None:
    """1.5: Pause as first verb delays the answer and does not answer either."""
    number = await scene.number_for("alice", twiml("<Pause length='3'/>", "<Say>Sorry to keep you waiting</Say>"))
    phone = await scene.world.phone("alice")
    call = await phone.place(number)
    await asyncio.sleep(2.5)
    assert (call.answered_at, 180 in call.provisional_statuses) == (None, True)
    await call.answered(within_s=1)
    await asyncio.sleep(0.2)
    assert call.hears(SPEECH_HZ)


@scenario
async def test_a_caller_who_gives_up_while_it_rings_is_no_answer(scene: Scene) -> None:
    """1.5: the far end hangs up: the document is over."""
    number = await scene.number_for("alice", twiml("<Pause length='30'/>", "<Redirect>/next</Redirect>"))
    phone = await scene.world.phone("alice")
    call = await phone.place(number)
    await asyncio.sleep(1)
    await call.hang_up()
    await asyncio.sleep(40)
    assert await scene.call_status(scene.sid("alice")) == "no-answer"
    assert scene.told("/next") == []


@scenario
async def test_a_number_that_nobody_has_is_not_found(scene: Scene) -> None:
    """CONTRACT.md, numbers: 404."""
    phone = await scene.world.phone("alice")
    with pytest.raises(CallRefused) as refusal:
        await phone.dial("+15551234567")
    assert refusal.value.status == 404
    assert await scene.twilio.calls.list_async() == []


@scenario
async def test_what_the_voice_url_is_told(scene: Scene) -> None:
    """1.4 and 4.6: the parameters of every TwiML request."""
    await scene.calls_in("alice", twiml("<Say>Hello</Say>", "<Redirect>/next</Redirect>"))
    await asyncio.sleep(1)
    for path, status in (("/alice", "ringing"), ("/next", "in-progress")):
        [asked] = scene.told(path)
        assert asked.method == "POST"
        assert asked["CallStatus"] == status
        assert asked["CallSid"].startswith("CA")
        assert asked["AccountSid"] == scene.world.account_sid
        assert (asked["Direction"], asked["ApiVersion"]) == ("inbound", "2010-04-01")
        assert asked["From"] == asked["Caller"] == "sip:alice@10.0.0.1"
        assert asked["To"] == asked["Called"] == "+15550001000"


@scenario
async def test_the_headers_of_the_invite_reach_the_voice_url(scene: Scene) -> None:
    """4.6: SipHeader_X-…, SipCallId, SipSourceIp."""
    number = await scene.number_for("alice", twiml("<Say>Hello</Say>"))
    phone = await scene.world.phone("alice")
    await phone.dial(number, headers={"X-Account": "4711", "User-to-User": "abc;encoding=hex", "Subject": "no"})
    [asked] = scene.told("/alice")
    assert asked["SipHeader_X-Account"] == "4711"
    assert asked["SipHeader_User-to-User"] == "abc;encoding=hex"
    assert asked["SipSourceIp"] == "10.0.1.1"
    assert asked["SipCallId"]
    assert "SipHeader_Subject" not in dict(asked.form)


# --- Gather ----------------------------------------------------------------------------------------------------


@scenario
async def test_a_key_stops_the_prompt_and_digits_reach_the_action(scene: Scene) -> None:
    """2.4 action, numDigits; DTMF always stops the prompt."""
    scene.app.answers("/got", twiml(f"<Play>media:{NOTE_HZ}.wav</Play>"))
    prompt = "<Say>Please enter the four digits of your customer number, which is printed on your card.</Say>"
    alice = await scene.calls_in("alice", twiml(f"<Gather action='/got' numDigits='4'>{prompt}</Gather>"))
    assert alice.hears(SPEECH_HZ)
    await alice.press("1")
    await asyncio.sleep(0.2)
    assert not alice.hears(SPEECH_HZ, last_ms=100)
    await alice.press("234")
    await asyncio.sleep(0.4)
    assert [asked["Digits"] for asked in scene.told("/got")] == ["1234"]
    assert alice.hears(NOTE_HZ)


@scenario
async def test_the_finishing_key_is_not_a_digit(scene: Scene) -> None:
    """2.4 finishOnKey: # by default."""
    alice = await scene.calls_in("alice", twiml("<Gather action='/got'/>"))
    await alice.press("42#")
    await asyncio.sleep(0.2)
    assert [asked["Digits"] for asked in scene.told("/got")] == ["42"]


@scenario
async def test_another_finishing_key_and_none(scene: Scene) -> None:
    """2.4 finishOnKey: one of 0-9 * #, or empty: no terminator."""
    alice = await scene.calls_in("alice", twiml("<Gather action='/star' finishOnKey='*'/>"))
    await alice.press("1#*")
    bob = await scene.calls_in("bob", twiml("<Gather action='/none' finishOnKey='' timeout='2'/>"))
    await bob.press("1#*")
    await asyncio.sleep(3)
    assert [asked["Digits"] for asked in scene.told("/star")] == ["1#"]
    assert [asked["Digits"] for asked in scene.told("/none")] == ["1#*"]


@scenario
async def test_the_time_out_starts_after_the_prompt_and_again_with_each_key(scene: Scene) -> None:
    """2.4 timeout."""
    alice = await scene.calls_in(
        "alice", twiml("<Gather action='/got' timeout='3'><Pause length='4'/></Gather>", "<Say>Nothing</Say>")
    )
    await asyncio.sleep(6)
    assert alice.first_heard(SPEECH_HZ) is None
    await alice.press("1")
    await asyncio.sleep(2.5)
    await alice.press("2")
    await asyncio.sleep(2.5)
    assert scene.told("/got") == []
    await asyncio.sleep(1)
    assert [asked["Digits"] for asked in scene.told("/got")] == ["12"]


@scenario
async def test_without_input_the_next_verb_runs(scene: Scene) -> None:
    """2.4 actionOnEmptyResult=false."""
    alice = await scene.calls_in("alice", twiml("<Gather action='/got' timeout='2'/>", "<Say>Nothing</Say>"))
    await asyncio.sleep(2.2)
    assert alice.hears(SPEECH_HZ)
    assert scene.told("/got") == []


@scenario
async def test_action_on_empty_result(scene: Scene) -> None:
    """2.4 actionOnEmptyResult=true: action is asked with empty values; method GET."""
    gather = "<Gather action='/got' method='GET' timeout='2' actionOnEmptyResult='true'/>"
    await scene.calls_in("alice", twiml(gather))
    await asyncio.sleep(2.2)
    [asked] = scene.told("/got")
    assert (asked.method, asked["Digits"]) == ("GET", "")


@scenario
async def test_the_action_defaults_to_the_document_itself(scene: Scene) -> None:
    """2.4 action: current document URL."""
    alice = await scene.calls_in("alice", twiml("<Gather numDigits='1'/>"))
    await alice.press("7")
    await asyncio.sleep(0.2)
    assert [dict(asked.form).get("Digits") for asked in scene.told("/alice")] == [None, "7"]


# --- from document to document ---------------------------------------------------------------------------------


@scenario
async def test_redirect_leads_on_and_relative_urls_belong_to_their_document(scene: Scene) -> None:
    """2.3 Redirect; 1.3 relative URLs: resolved against the URL of the current document."""
    scene.app.answers("/menus/main", twiml("<Redirect method='GET'>sub/../sales?lang=de</Redirect>"))
    scene.app.answers("/menus/sales", twiml("<Say>Sales</Say>"))
    alice = await scene.calls_in("alice", twiml("<Redirect>/menus/main</Redirect>", "<Say>Never</Say>"))
    assert alice.hears(SPEECH_HZ)
    [asked] = scene.told("/menus/sales")
    assert (asked.method, asked["lang"]) == ("GET", "de")


@scenario
async def test_cookies_stay_with_the_call(scene: Scene) -> None:
    """1.3 Cookies: kept per call and returned to the same host; another call has none of them."""
    document = twiml("<Redirect>/next</Redirect>")
    for name in ("alice", "bob"):
        number = await scene.number_for(name, document, headers=(("set-cookie", f"session={name}; Path=/"),))
        phone = await scene.world.phone(name)
        with pytest.raises(CallRefused):
            await phone.dial(number)
    assert [asked.header("cookie") for asked in scene.told("/next")] == ["session=alice", "session=bob"]
    assert [asked.header("cookie") for asked in scene.told("/bob")] == [None]


@scenario
async def test_the_fallback_is_told_what_went_wrong_and_where(scene: Scene) -> None:
    """10.1 Fallback: ErrorCode and ErrorUrl; its TwiML continues the call."""
    scene.app.fails("/voice", 500)
    scene.app.answers("/fallback", twiml("<Say>Please bear with us</Say>"))
    await scene.world.number("+15559990000", "/voice", "/fallback")
    phone = await scene.world.phone("alice")
    call = await phone.dial("+15559990000")
    await asyncio.sleep(0.3)
    assert call.hears(SPEECH_HZ)
    [asked] = scene.told("/fallback")
    assert (asked["ErrorCode"], asked["ErrorUrl"]) == ("11200", scene.world.url("/voice"))
    assert asked["CallSid"] == scene.told("/voice")[0]["CallSid"]


@scenario
async def test_a_later_document_that_fails_goes_to_the_fallback_too(scene: Scene) -> None:
    """10.1: if TwiML cannot be fetched or executed."""
    scene.app.answers("/voice", twiml("<Say>Hi</Say>", "<Redirect>/garbage</Redirect>"))
    scene.app.answers("/garbage", "<Response><Say>unclosed</Response>")
    scene.app.answers("/fallback", twiml(f"<Play>media:{NOTE_HZ}.wav</Play>"))
    await scene.world.number("+15559990000", "/voice", "/fallback")
    phone = await scene.world.phone("alice")
    call = await phone.dial("+15559990000")
    await asyncio.sleep(1)
    assert call.hears(NOTE_HZ)
    [asked] = scene.told("/fallback")
    assert (asked["ErrorCode"], asked["ErrorUrl"]) == ("12100", scene.world.url("/garbage"))


@scenario
async def test_without_a_fallback_the_caller_hears_an_apology(scene: Scene) -> None:
    """10.1: an application-error message, and the call ends."""
    number = await scene.number_for("alice", twiml())
    scene.app.fails("/alice", 404)
    phone = await scene.world.phone("alice")
    call = await phone.dial(number)
    await call.ended(within_s=10)
    assert call.first_heard(SPEECH_HZ) is not None
    assert len(scene.told("/alice")) == 1, "HTTP errors are not tried again"


@scenario
async def test_a_fallback_that_fails_is_asked_once(scene: Scene) -> None:
    """1.3: if it fails too, the caller hears a short apology and the call ends."""
    scene.app.fails("/voice", 500)
    scene.app.fails("/fallback", 500)
    await scene.world.number("+15559990000", "/voice", "/fallback")
    phone = await scene.world.phone("alice")
    call = await phone.dial("+15559990000")
    await call.ended(within_s=10)
    assert call.first_heard(SPEECH_HZ) is not None
    assert len(scene.told("/fallback")) == 1


@scenario
async def test_retries_as_the_fragment_of_the_url_asks(scene: Scene) -> None:
    """10.1 overrides: #rc=2&rp=5xx: three requests with one idempotency token; the fragment is not sent."""
    scene.app.fails("/flaky", 503)
    await scene.world.number("+15559990000", "/flaky#rc=2&rp=5xx")
    phone = await scene.world.phone("alice")
    call = await phone.dial("+15559990000")
    assert len(scene.told("/flaky")) == 3
    assert len({asked.header("i-twilio-idempotency-token") for asked in scene.told("/flaky")}) == 1
    await call.hang_up()


@scenario
async def test_an_application_answers_for_a_number(scene: Scene) -> None:
    """CONTRACT.md: voice_application_sid answers; the number's own voice_url does not."""
    application = await scene.twilio.applications.create_async(
        friendly_name="menu", voice_url=scene.world.url("/app"), status_callback=scene.world.url("/done")
    )
    scene.app.answers("/app", twiml("<Say>Welcome to the menu</Say>"))
    await scene.twilio.incoming_phone_numbers.create_async(
        phone_number="+15557654321", voice_url=scene.world.url("/own"), voice_application_sid=application.sid
    )
    phone = await scene.world.phone("alice")
    call = await phone.dial("+15557654321")
    await call.ended(within_s=5)
    await asyncio.sleep(0.2)
    assert (len(scene.told("/app")), len(scene.told("/own"))) == (1, 0)
    assert scene.statuses("/done") == ["completed"]
