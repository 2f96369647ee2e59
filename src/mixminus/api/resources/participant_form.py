"""What may be said when a participant is added or changed (reference, 2.3 and 2.5)."""

import re
from typing import Final

from mixminus.api.dialling import CONFERENCE_BLAME, RECORDING_EVENTS, TRIMS, callback, dial_options
from mixminus.api.form import Form
from mixminus.api.resources.conferences import announcement
from mixminus.api.uris import canonical
from mixminus.base import sids
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import AddParticipant, UpdateParticipant
from mixminus.calls.options import (
    Beep,
    ConferenceOptions,
    FloorPolicy,
    HouseMusic,
    ParticipantOptions,
    RecordingOptions,
)

CONFERENCE_EVENTS: Final = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
RECORDED: Final = {"true": True, "record-from-start": True, "false": False, "do-not-record": False}
REGIONS: Final = ("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1")
FLOOR_POLICIES: Final = tuple(policy.value for policy in FloorPolicy)
"""Ours: see calls/floor.py."""
JITTER_BUFFERS: Final = ("off", "small", "medium", "large")

MOST_NAME_CHARACTERS: Final = 128
MOST_LABEL_CHARACTERS: Final = 128
DEFAULT_PARTICIPANTS: Final = 250
# Twilio ends there; here it is only a number that a mistyped one is told from.
MOST_PARTICIPANTS: Final = 100_000

_CALL_SID = re.compile("CA[0-9a-f]{32}")


def add_participant(conference: str, form: Form, by: Sid) -> AddParticipant:
    """The command in a `POST …/Participants` that *by* sent. Raises 16002, 16024 and the codes of reference 5.5."""
    form = form.blaming(16002)
    return AddParticipant(
        conference=conference_name(conference),
        dial=dial_options(form, CONFERENCE_BLAME, least_timeout_s=5),
        participant=participant_options(form),
        options=conference_options(form),
        by=by,
    )


def conference_name(said: str) -> str:
    """A SID, or a friendly name within Twilio's bounds."""
    if sids.is_sid(sids.CONFERENCE, said):
        return canonical(said)
    if "/" in said:
        raise Refusal(16002, 400, "A conference's friendly name must not contain '/': SDKs do not escape it")
    if not said.strip() or len(said) > MOST_NAME_CHARACTERS:
        raise Refusal(16002, 400, f"A conference's friendly name must have 1 to {MOST_NAME_CHARACTERS} characters")
    return said


def participant_options(form: Form) -> ParticipantOptions:
    coachees = call_sids_to_coach(form) or ()
    wait = form.sound("WaitUrl", "WaitMethod")
    return ParticipantOptions(
        label=label(form),
        muted=form.truth("Muted", default=False),
        beep=_beep(form),
        start_conference_on_enter=form.truth("StartConferenceOnEnter", default=True),
        end_conference_on_exit=form.truth("EndConferenceOnExit", default=False),
        wait=HouseMusic() if wait is None else wait,
        coaching=coaching(form, default=bool(coachees)) or False,
        call_sids_to_coach=coachees,
        jitter_buffer_size=form.choice("JitterBufferSize", JITTER_BUFFERS) or "large",
        early_media=form.truth("EarlyMedia", default=True),
        moderator=form.truth("Moderator", default=False),
    )


def conference_options(form: Form) -> ConferenceOptions:
    return ConferenceOptions(
        max_participants=form.integer("MaxParticipants", 2, MOST_PARTICIPANTS) or DEFAULT_PARTICIPANTS,
        recording=conference_recording(form),
        callback=callback(form, "ConferenceStatusCallback", CONFERENCE_EVENTS, ("start", "end"), CONFERENCE_BLAME),
        region=form.choice("Region", REGIONS),
        floor=FloorPolicy(form.choice("FloorControl", FLOOR_POLICIES) or "off"),
    )


def conference_recording(form: Form) -> RecordingOptions | None:
    """`ConferenceRecord…`; checked even when nothing is to be recorded."""
    options = RecordingOptions(
        trim_silence=(form.choice("ConferenceTrim", TRIMS) or TRIMS[0]) == TRIMS[0],
        callback=callback(
            form, "ConferenceRecordingStatusCallback", RECORDING_EVENTS, ("completed",), CONFERENCE_BLAME
        ),
    )
    return options if RECORDED[form.choice("ConferenceRecord", RECORDED) or "false"] else None


def update_participant(conference_sid: Sid, participant: str, form: Form, by: Sid) -> UpdateParticipant:
    """The command in a `POST …/Participants/{CallSid or label}` that *by* sent. Raises 16002."""
    form = form.blaming(16002)
    return UpdateParticipant(
        conference_sid=conference_sid,
        participant=participant,
        # "Anything else counts as false" (reference, 2.5): a muted caller is unmuted, nobody is muted by a typo.
        muted=None if "Muted" not in form else (form.text("Muted") or "").lower() == "true",
        hold=form.boolean("Hold"),
        hold_sound=form.sound("HoldUrl", "HoldMethod", "GET"),
        announce=announcement(form),
        wait=form.sound("WaitUrl", "WaitMethod"),
        beep_on_exit=form.boolean("BeepOnExit"),
        end_conference_on_exit=form.boolean("EndConferenceOnExit"),
        coaching=coaching(form, default=None),
        call_sids_to_coach=call_sids_to_coach(form),
        moderator=form.boolean("Moderator"),
        by=by,
    )


def label(form: Form, name: str = "Label") -> str | None:
    """Reference 2.1. Raises 16024."""
    said = form.word(name)
    if said is None:
        return None
    if len(said) > MOST_LABEL_CHARACTERS or "/" in said or "%2f" in said.lower() or _CALL_SID.fullmatch(said):
        why = f"must have at most {MOST_LABEL_CHARACTERS} characters, no '/', and not look like a Call SID"
        raise form.refusal(name, why, 16024)
    return said


def coaching(form: Form, default: bool | None) -> bool | None:
    """`Coaching`: true needs somebody to coach."""
    said = form.boolean("Coaching", default)
    if said and not form.word("CallSidToCoach"):
        raise form.refusal("Coaching", "needs CallSidToCoach: who is coached")
    return said


def call_sids_to_coach(form: Form) -> tuple[Sid, ...] | None:
    """Everybody named by `CallSidToCoach`, once; None when it was not said."""
    if "CallSidToCoach" not in form:
        return None
    said = [text for text in form.texts("CallSidToCoach") if text]
    if not all(sids.is_sid(sids.CALL, text) for text in said):
        raise form.refusal("CallSidToCoach", "must be CA and 32 hex digits")
    return tuple(dict.fromkeys(canonical(text) for text in said))


def _beep(form: Form) -> Beep:
    """The official Python SDK prints `beep=False` as Python does; there is no doubt what is meant."""
    said = form.choice("Beep", [*(beep.value for beep in Beep), "True", "False"])
    return Beep.TRUE if said is None else Beep(said.lower() if said in ("True", "False") else said)
