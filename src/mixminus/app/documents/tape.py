"""The recording of one `<Dial>`, where the document wants one."""

from mixminus.app.documents.options_from_twiml import recording_options
from mixminus.app.documents.stage import Stage
from mixminus.calls.records import RecordingRecord, RecordingSource
from mixminus.twiml.effects import DialRecording

FROM_RINGING = "record-from-ringing"


class Tape:
    """Begins once, when it is time: with the ringing or with the answer."""

    def __init__(self, stage: Stage, wish: DialRecording | None) -> None:
        self._stage = stage
        self._wish = wish
        self._record: RecordingRecord | None = None

    @property
    def url(self) -> str | None:
        """Where the recording is, or will be."""
        return None if self._record is None else self._stage.services.callbacks.recording_url(self._record)

    def ringing(self) -> None:
        """Somebody's phone rings. A caller who is not answered yet has no audio that could be recorded."""
        if self._wish is not None and self._wish.mode == FROM_RINGING and self._stage.is_answered:
            self._begin(self._wish)

    def answered(self) -> None:
        """Two people talk."""
        if self._wish is not None:
            self._begin(self._wish)

    def stop(self) -> None:
        """The dial is over; harmless when nothing runs."""
        if self._record is not None:
            self._stage.services.recordings.stop(self._record.sid)

    def _begin(self, wish: DialRecording) -> None:
        if self._record is None:
            options = recording_options(wish)
            recordings = self._stage.services.recordings
            self._record = recordings.start_for_call(self._stage, options, RecordingSource.DIAL_VERB)
