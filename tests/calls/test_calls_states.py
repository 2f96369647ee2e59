"""The tables of statuses (reference, sections 1.2, 2.2, 4.5, 8.1)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallStatus,
    ConferenceStatus,
    ParticipantStatus,
    RecordingStatus,
)
from mixminus.calls.states import CALL, CONFERENCE, PARTICIPANT, RECORDING, IllegalStep, step

TABLES: list[Mapping[Any, frozenset[Any]]] = [CALL, PARTICIPANT, CONFERENCE, RECORDING]
KINDS: list[type[StrEnum]] = [CallStatus, ParticipantStatus, ConferenceStatus, RecordingStatus]


@pytest.mark.parametrize(("table", "kind"), list(zip(TABLES, KINDS, strict=True)), ids=lambda value: str(value)[:20])
def test_every_status_has_its_row(table: Mapping[Any, frozenset[Any]], kind: type[StrEnum]) -> None:
    assert set(table) == set(kind)


@pytest.mark.parametrize("table", TABLES, ids=lambda value: str(value)[:20])
def test_no_status_follows_itself(table: Mapping[Any, frozenset[Any]]) -> None:
    assert not [status for status, next_ones in table.items() if status in next_ones]


def test_only_the_final_call_statuses_are_final() -> None:
    assert {status for status, next_ones in CALL.items() if not next_ones} == FINAL_CALL_STATUSES


def test_section_1_2_a_completed_conference_is_terminal() -> None:
    with pytest.raises(IllegalStep, match="in-progress cannot follow completed"):
        step(CONFERENCE, ConferenceStatus.COMPLETED, ConferenceStatus.IN_PROGRESS)


def test_section_3_2_a_started_conference_never_goes_back_to_init() -> None:
    with pytest.raises(IllegalStep):
        step(CONFERENCE, ConferenceStatus.IN_PROGRESS, ConferenceStatus.INIT)


def test_a_phone_that_answers_at_once_never_rang() -> None:
    assert step(CALL, CallStatus.INITIATED, CallStatus.IN_PROGRESS) is CallStatus.IN_PROGRESS


def test_an_answered_call_is_no_longer_busy() -> None:
    with pytest.raises(IllegalStep):
        step(CALL, CallStatus.IN_PROGRESS, CallStatus.BUSY)


def test_section_2_2_who_got_in_completes_and_who_did_not_failed() -> None:
    assert PARTICIPANT[ParticipantStatus.CONNECTED] == {ParticipantStatus.COMPLETE}
    assert ParticipantStatus.COMPLETE not in PARTICIPANT[ParticipantStatus.RINGING]


def test_section_8_4_only_a_completed_recording_is_deleted() -> None:
    assert [old for old, new in RECORDING.items() if RecordingStatus.DELETED in new] == [RecordingStatus.COMPLETED]


def test_a_paused_recording_may_go_on() -> None:
    assert step(RECORDING, RecordingStatus.PAUSED, RecordingStatus.IN_PROGRESS) is RecordingStatus.IN_PROGRESS
