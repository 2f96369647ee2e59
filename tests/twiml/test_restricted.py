"""Documents in which not every verb may stand (twiml-and-streams 3)."""

import pytest

from mixminus.twiml.document import AudioBody, read_document
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.restricted import CONFERENCE_SOUND, WHISPER, check


def test_13238_conference_sound_plays_says_pauses_and_redirects() -> None:
    verbs = b"<Play>a</Play><Say>b</Say><Pause/><Redirect/><Unknown/>"
    check(read_document(b"<Response>" + verbs + b"</Response>"), CONFERENCE_SOUND)
    check(AudioBody("audio/mpeg"), CONFERENCE_SOUND)


@pytest.mark.parametrize("verb", ["Dial", "Gather", "Hangup", "Record", "Reject", "Enqueue", "Connect"])
def test_13238_conference_sound_has_no_other_verb(verb: str) -> None:
    document = read_document(f"<Response><Say>a</Say><{verb}/></Response>".encode())
    with pytest.raises(TwimlError, match=verb) as caught:
        check(document, CONFERENCE_SOUND)
    assert caught.value.code == 13238


def test_13201_a_dialled_leg_does_not_dial() -> None:
    with pytest.raises(TwimlError) as caught:
        check(read_document(b"<Response><Dial>100</Dial></Response>"), WHISPER)
    assert caught.value.code == 13201


def test_a_dialled_leg_may_be_asked_for_keys() -> None:
    check(read_document(b"<Response><Gather><Say>Press 1</Say></Gather><Hangup/></Response>"), WHISPER)
