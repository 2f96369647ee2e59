"""TwiML's attributes as the domain's options: the one table between the two."""

from mixminus.base.types import Sid
from mixminus.calls.options import (
    AudioDocument,
    Beep,
    Callback,
    ConferenceOptions,
    FloorPolicy,
    HouseMusic,
    NoSound,
    ParticipantOptions,
    RecordingOptions,
    Sound,
    Webhook,
)
from mixminus.calls.streams import StreamWish
from mixminus.twiml.effects import CallbackTo, ConferenceAttributes, DialRecording, StreamAttributes

RECORDING_EVENTS = ("completed",)
CALL_EVENTS = ("completed",)


def callback(to: CallbackTo | None, default_events: tuple[str, ...] = ()) -> Callback | None:
    """A callback; without `…Event` attribute it gets the default ones."""
    if to is None:
        return None
    return Callback(Webhook(to.url, to.method), frozenset(to.events or default_events))


def sound(url: str | None, method: str) -> Sound:
    """A `waitUrl`: not said is the house music, empty is silence."""
    if url is None:
        return HouseMusic()
    return AudioDocument(url, method) if url else NoSound()


def participant_options(said: ConferenceAttributes) -> ParticipantOptions:
    """What `<Conference>` says about this leg."""
    return ParticipantOptions(
        label=said.participant_label,
        muted=said.muted,
        beep=Beep(said.beep),
        start_conference_on_enter=said.start_conference_on_enter,
        end_conference_on_exit=said.end_conference_on_exit,
        wait=sound(said.wait_url, said.wait_method),
        coaching=bool(said.coach),
        call_sids_to_coach=tuple(Sid(sid) for sid in said.coach),
        jitter_buffer_size=said.jitter_buffer_size,
        moderator=said.moderator,
    )


def conference_options(said: ConferenceAttributes) -> ConferenceOptions:
    """What `<Conference>` says about the conference, should it be the first."""
    recording = None
    if said.record:
        recording = RecordingOptions(said.trim_silence, callback(said.recording_callback, RECORDING_EVENTS))
    # Without `statusCallbackEvent` TwiML subscribes to nothing (twilio-conference-api.md 3.1).
    return ConferenceOptions(
        max_participants=said.max_participants,
        recording=recording,
        callback=callback(said.callback),
        record_end_webhook=Webhook(said.event_callback_url) if said.event_callback_url else None,
        region=said.region,
        floor=FloorPolicy(said.floor_control),
    )


def recording_options(said: DialRecording) -> RecordingOptions:
    """`<Dial record>`."""
    return RecordingOptions(
        trim_silence=said.trim_silence,
        callback=callback(said.callback, RECORDING_EVENTS),
        channels=2 if said.dual else 1,
        track=said.track,
    )


def stream_wish(said: StreamAttributes) -> StreamWish:
    """`<Stream>`."""
    webhook = Webhook(said.callback.url, said.callback.method) if said.callback else None
    return StreamWish(
        said.url,
        said.track,
        said.name,
        said.parameters,
        webhook,
        said.report_played,
        said.audio,
        said.report_role,
    )
