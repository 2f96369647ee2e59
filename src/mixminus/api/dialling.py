"""The parameters that calls and participants share: how to reach a leg, and how to record it."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mixminus.api import addresses
from mixminus.api.form import Form
from mixminus.calls.options import Callback, DialOptions, RecordingOptions

CALL_EVENTS: Final = ("initiated", "ringing", "answered", "completed")
# The Participants API takes more than the Calls API (reference, 2.3); there is no harm in taking all of them.
RECORDING_EVENTS: Final = ("started", "in-progress", "paused", "resumed", "stopped", "completed", "failed", "absent")
TRIMS: Final = ("trim-silence", "do-not-trim")
CHANNELS: Final = {"mono": 1, "dual": 2}
TRACKS: Final = ("inbound", "outbound", "both")

MOST_TIME_LIMIT_S: Final = 24 * 3600
MOST_SIP_CREDENTIAL_CHARACTERS: Final = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

MACHINE_DETECTION: Final = {
    "MachineDetectionTimeout": (3, 59),
    "MachineDetectionSpeechThreshold": (1_000, 6_000),
    "MachineDetectionSpeechEndThreshold": (500, 5_000),
    "MachineDetectionSilenceTimeout": (2_000, 10_000),
}


@dataclass(frozen=True, slots=True)
class Blame:
    """The codes that an operation refuses bad callbacks with."""

    url: int
    method: int
    event: int


CALL_BLAME: Final = Blame(url=21609, method=21209, event=21626)
CONFERENCE_BLAME: Final = Blame(url=16002, method=16002, event=16002)


def dial_options(form: Form, blame: Blame, *, least_timeout_s: int, send_digits: str | None = None) -> DialOptions:
    """How to reach the leg. Raises the codes of reference 5.5."""
    to = addresses.to(form)
    check_machine_detection(form)
    username, password = _sip_credentials(form)
    return DialOptions(
        to=to,
        from_=addresses.caller(form, to),
        caller_id=addresses.caller_id(form, to),
        caller_display_name=_display_name(form),
        timeout_s=form.integer("Timeout", least_timeout_s, 600, code=21208) or 60,
        time_limit_s=time_limit_s(form),
        send_digits=send_digits,
        sip_auth_username=username,
        sip_auth_password=password,
        callback=callback(form, "StatusCallback", CALL_EVENTS, ("completed",), blame),
        recording=leg_recording(form, blame) if form.truth("Record", default=False) else None,
    )


def time_limit_s(form: Form) -> int | None:
    return form.integer("TimeLimit", 1, MOST_TIME_LIMIT_S)


def callback(
    form: Form, name: str, events: tuple[str, ...], default: tuple[str, ...], blame: Blame
) -> Callback | None:
    """The URL *name*, its `…Method` and its `…Event` list. None: nobody is to be called back."""
    chosen = form.listed(f"{name}Event", events, code=blame.event)
    webhook = form.webhook(name, f"{name}Method", url_code=blame.url, method_code=blame.method)
    if webhook is None:
        return None
    if "_" in (urlsplit(webhook.url).hostname or ""):
        raise form.refusal(name, "must not have an underscore in its host name: Twilio does not call it", blame.url)
    return Callback(webhook, frozenset(default) if chosen is None else chosen)


def leg_recording(form: Form, blame: Blame, *, default_trim: str = "trim-silence") -> RecordingOptions:
    """`RecordingChannels`, `RecordingTrack`, `Trim` and `RecordingStatusCallback…`."""
    return RecordingOptions(
        trim_silence=(form.choice("Trim", TRIMS) or default_trim) == "trim-silence",
        callback=callback(form, "RecordingStatusCallback", RECORDING_EVENTS, ("completed",), blame),
        channels=CHANNELS[form.choice("RecordingChannels", CHANNELS) or "mono"],
        track=form.choice("RecordingTrack", TRACKS) or "both",
    )


def check_machine_detection(form: Form) -> None:
    """Refuse with 21234 what Twilio would; the rest is not carried out yet (see `not_yet`)."""
    form.choice("MachineDetection", ("Enable", "DetectMessageEnd"), code=21234)
    for name, (low, high) in MACHINE_DETECTION.items():
        form.integer(name, low, high, code=21234)


def _sip_credentials(form: Form) -> tuple[str | None, str | None]:
    """`SipAuthUsername` and `SipAuthPassword`. Raises 21221 to 21225."""
    username = form.word("SipAuthUsername", most=MOST_SIP_CREDENTIAL_CHARACTERS, code=21221)
    password = form.word("SipAuthPassword", most=MOST_SIP_CREDENTIAL_CHARACTERS, code=21223)
    for name, value, code in (("SipAuthUsername", username, 21222), ("SipAuthPassword", password, 21224)):
        if value is not None and _CONTROL.search(value):
            raise form.refusal(name, "must not contain control characters", code)
    if username is not None and password is None:
        raise form.refusal("SipAuthPassword", "is required with SipAuthUsername", 21225)
    return username, password


def _display_name(form: Form) -> str | None:
    name = form.word("CallerDisplayName")
    if name is not None and (not 2 <= len(name) <= 255 or _CONTROL.search(name)):
        raise form.refusal("CallerDisplayName", "must have 2 to 255 characters, none of them a control character")
    return name
