"""The offline agent as a listener, in virtual time: a whole node, real speech, and the referee."""

import os
from contextlib import AsyncExitStack

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from bench.listening import referee, report
from bench.listening.__main__ import greeted
from bench.listening.agent import in_this_process
from bench.listening.calls import Recorded, Switchboard
from bench.listening.node import virtual
from bench.listening.referee import OverVerdict, TurnVerdict, Verdict
from bench.listening.scripts import Author, Kind, Pause, Script
from bench.listening.voices import Packaged
from bench.listening.words import Word
from bench.speech import Samples

from mixminus.prompts.io.flite_worker import Flite
from mixminus.testing.virtual_time import run_virtual

pytestmark = pytest.mark.timeout(300)

GREETING_S = 8.0


def author() -> Author:
    return Author({"rms": Packaged("rms", Flite())}, {}, seed=1, greeting_s=GREETING_S)


def judged(*scripts: Script) -> tuple[list[Verdict], list[Word]]:
    async def run() -> tuple[list[Recorded], Samples, list[Word]]:
        async with AsyncExitStack() as stack:
            agent, network = await stack.enter_async_context(in_this_process())
            board = Switchboard(await stack.enter_async_context(virtual(network)), agent.url, agent.contexts)
            await board.open()
            greeting, words = await greeted(board, ours=True)
            return [await board.place(script, 1) for script in scripts], greeting, words

    calls, greeting, words = run_virtual(run())
    return [verdict for call in calls for verdict in referee.verdicts(call, greeting)], words


def test_it_stops_for_an_interruption_but_not_for_an_mhm_or_a_cough() -> None:
    kinds = (Kind.INTERRUPTION, Kind.BACKCHANNEL, Kind.COUGH, Kind.MUSIC)
    verdicts, words = judged(*(author().over(kind, 0) for kind in kinds))
    overs = [verdict for verdict in verdicts if isinstance(verdict, OverVerdict)]
    assert [each.yielded for each in overs] == [True, False, False, False]
    interruption, mhm, *_ = overs
    assert interruption.stop_s is not None
    assert interruption.stop_s < 0.2
    assert abs(report.words_off(interruption, words)) <= report.GROUP_WORDS
    assert mhm.same_words


@pytest.mark.skipif("MIXMINUS_MOONSHINE" not in os.environ, reason="pocketsphinx hears too few sentences")
def test_it_waits_in_pauses_and_answers_soon() -> None:
    verdicts, _ = judged(author().talk(0))
    turns = [verdict for verdict in verdicts if isinstance(verdict, TurnVerdict)]
    assert len(turns) == 5
    assert {Pause.NONE, Pause.INSIDE} <= {each.pause for each in turns}
    assert [each for each in turns if each.cut_in_s is not None] == []
    assert sorted(each.answer_s or 99 for each in turns)[2] < 0.8
