"""News of a call that has been let go, or has failed, leaves nothing behind and harms nobody."""

import asyncio
import random
from pathlib import Path
from typing import Any, cast

import pytest
from tests.properties.hall import SIDS, Hall, WrittenNotes

from mixminus.app.calls.application_line import ApplicationLine
from mixminus.app.calls.line import Unreached
from mixminus.app.documents.stage import Stage
from mixminus.app.media_link import MediaLink
from mixminus.app.services import Services
from mixminus.app.tasks import Tasks
from mixminus.calls.options import ConferenceOptions, Instructions, ParticipantOptions
from mixminus.calls.records import CallRecord
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.in_process import InProcessPlane


async def test_a_conference_that_let_a_call_go_ignores_how_it_goes_on(folder: Path, prompts: WrittenNotes) -> None:
    hall = Hall(folder, prompts)
    room, bob, leg = hall.opened(ConferenceOptions()), SIDS["bob"], hall.people["bob"].leg
    room.invite(bob, ParticipantOptions())
    room.end()
    room.dialling(bob)
    room.ringing(bob)
    room.early_media(bob, leg)
    assert room.answered(bob, leg, ()) is None
    assert room.seat(bob) is None
    await hall.close()


class Owner:
    """Of a line."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def line_ringing(self) -> None:
        self.told.append("ringing")

    def line_early_media(self) -> None:
        self.told.append("early media")

    def line_answered(self) -> None:
        self.told.append("answered")

    def line_unreached(self, unreached: Unreached) -> None:
        self.told.append("unreached")

    def line_gone(self, reason: str) -> None:
        self.told.append("gone")


class Application:
    """An application's line on an engine of its own; its document waits or fails as told."""

    def __init__(self, document: Exception | None = None, *, answers: bool = False) -> None:
        self.engine = Engine(EngineSettings(legs=4, rooms=1, players=1, recorders=1), random.Random(7).randbytes)
        self.tasks = Tasks()
        self.may_load = asyncio.Event()
        self._document = document
        self._answers = answers
        media = MediaLink(InProcessPlane(self.engine, lambda *_: None))
        services = cast(Services, _Parts(media, self.tasks))
        record = cast(CallRecord, _Record())
        self.line = ApplicationLine(services, lambda: record, self._load, self._run)

    async def _load(self) -> Instructions:
        await self.may_load.wait()
        return Instructions()

    async def _run(self, stage: Stage, _: Instructions) -> None:
        if self._answers:
            await stage.answer()
        if self._document is not None:
            raise self._document


class _Parts:
    def __init__(self, media: MediaLink, tasks: Tasks) -> None:
        self.media, self.tasks = media, tasks


class _Record:
    sid = "CA"

    def __getattr__(self, _: str) -> Any:
        return None


@pytest.mark.parametrize("document", [None, RuntimeError("a bug in a verb")], ids=["ends", "fails"])
@pytest.mark.parametrize(("answers", "told"), [(True, ["answered", "gone"]), (False, ["unreached"])])
async def test_an_application_hangs_up_when_its_document_ends_however_it_does(
    document: Exception | None, answers: bool, told: list[str]
) -> None:
    application, owner = Application(document, answers=answers), Owner()
    application.may_load.set()
    await application.line.dial(owner)
    await asyncio.sleep(0)
    assert owner.told == ["ringing", *told]


async def test_an_application_that_is_hung_up_while_it_is_looked_up_opens_no_legs() -> None:
    application, owner = Application(), Owner()
    dialling = asyncio.ensure_future(application.line.dial(owner))
    await asyncio.sleep(0)
    application.line.hang_up()
    application.line.release()
    application.may_load.set()
    await dialling
    assert (owner.told, application.engine.legs.slots.count) == ([], 0)
