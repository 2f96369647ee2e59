"""`<Enqueue>`, `<Leave>` and `<Dial><Queue>`: twiml-and-streams.md 2.9 and 3."""

from typing import Any

import pytest
from tests.twiml.conftest import run_twiml

from mixminus.twiml.context import Context
from mixminus.twiml.document import read_document
from mixminus.twiml.effects import Dialled, DialQueue, GoTo, Prompting, RanOut, SayText, Warn
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.interpreter import run
from mixminus.twiml.queue_effects import Dequeue, Dequeued, EnqueueCall, LeaveQueue
from mixminus.twiml.restricted import QUEUE_WAIT, only

HERE = "https://app.test/voice/in?tenant=7"


def test_enqueue_says_where_and_how_to_wait() -> None:
    ran = run_twiml(
        '<Enqueue action="done" method="GET" maxQueueSize="7" waitUrl="wait" waitUrlMethod="GET"> support </Enqueue>',
        Dequeued("bridged", "QU1", 12),
    )
    assert ran.effect == EnqueueCall("support", 7, "https://app.test/voice/wait", "GET")
    told = (("QueueResult", "bridged"), ("QueueSid", "QU1"), ("QueueTime", "12"))
    assert ran.outcome == GoTo("https://app.test/voice/done", "GET", told)


def test_enqueue_without_attributes() -> None:
    ran = run_twiml("<Enqueue>support</Enqueue>", Dequeued("leave"))
    assert ran.effect == EnqueueCall("support", None, None, "POST")
    assert ran.outcome == RanOut()


def test_an_empty_wait_url_is_not_one_that_was_not_said() -> None:
    assert run_twiml('<Enqueue waitUrl="">support</Enqueue>').effect.wait_url == ""
    assert run_twiml('<Enqueue waitUrl="media:jazz.wav">support</Enqueue>').effect.wait_url == "media:jazz.wav"


@pytest.mark.parametrize(
    "verb",
    [
        '<Enqueue action="/a"/>',
        f'<Enqueue action="/a">{"x" * 65}</Enqueue>',
        '<Enqueue action="/a" workflowSid="WW1"><Task>{}</Task></Enqueue>',
        '<Enqueue action="/a" workflowSid="WW1">support</Enqueue>',
    ],
)
def test_a_call_that_cannot_wait_goes_on_with_an_error(verb: str) -> None:
    ran = run_twiml(verb)
    assert ran.effects == []
    assert set(ran.warnings) == {12200}
    assert ran.outcome == GoTo("https://app.test/a", "POST", (("QueueResult", "error"),))


def test_dial_queue_says_whom_to_take_and_what_the_queued_call_hears() -> None:
    dialled = Dialled("completed", "CA1", 7, True, dequeue=Dequeue("bridged", 12))
    ran = run_twiml('<Dial timeout="5" action="/a"><Queue url="w" method="GET">support</Queue></Dial>', dialled)
    assert ran.effect == DialQueue("support", "https://app.test/voice/w", "GET", 5)
    assert ran.outcome.parameters == (
        ("DialCallSid", "CA1"),
        ("DialCallStatus", "completed"),
        ("DialCallDuration", "7"),
        ("DialBridged", "true"),
        ("DequeueResult", "bridged"),
        ("DequeuedCallSid", "CA1"),
        ("DequeuedCallQueueTime", "12"),
        ("DequeuedCallDuration", "7"),
    )


def test_dial_queue_without_a_name_dials_nobody() -> None:
    ran = run_twiml('<Dial action="/a"><Queue/></Dial>')
    assert (ran.effects, ran.warnings) == ([], [12200])
    assert ("DialCallStatus", "failed") in ran.outcome.parameters


@pytest.mark.parametrize("other", ["<Number>+15550001111</Number>", "<Client>bob</Client>", "<Queue>sales</Queue>"])
def test_a_queue_stands_alone_in_its_dial(other: str) -> None:
    with pytest.raises(TwimlError) as error:
        run_twiml(f"<Dial><Queue>support</Queue>{other}</Dial>")
    assert error.value.code == 13215


def test_leave_is_an_effect_and_lets_the_next_verb_run() -> None:
    ran = run_twiml("<Leave/><Say>On.</Say>")
    assert ran.effects == [LeaveQueue(), Prompting((SayText("On."),))]


def waits(verbs: str) -> list[Any]:
    """The effects of a wait document."""
    return list(run(only(read_document(f"<Response>{verbs}</Response>".encode()), QUEUE_WAIT), Context(HERE)))


def test_a_wait_document_runs_without_the_verbs_that_are_not_for_it() -> None:
    skipped, said = waits("<Dial>+15550001111</Dial><Say>Still.</Say>")
    assert isinstance(skipped, Warn)
    assert (skipped.code, "<Dial>" in skipped.message) == (12200, True)
    assert said == Prompting((SayText("Still."),))
    assert waits("<Say>Still.</Say><Leave/>") == [Prompting((SayText("Still."),)), LeaveQueue()]
