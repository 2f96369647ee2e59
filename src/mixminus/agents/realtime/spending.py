"""What a call has cost, in tokens (twiml-and-streams.md, 8.3: `response.done`). Pure."""

from dataclasses import dataclass

from mixminus.agents.realtime.events import Tokens, Usage


@dataclass(slots=True)
class Spending:
    """Totals over all sessions of one call."""

    responses: int = 0
    input_text: int = 0
    input_audio: int = 0
    input_cached: int = 0
    output_text: int = 0
    output_audio: int = 0

    def add(self, usage: Usage | None) -> None:
        """One response; a failed one has none."""
        self.responses += 1
        if usage is None:
            return
        given = usage.input_token_details or Tokens()
        made = usage.output_token_details or Tokens()
        self.input_text += given.text_tokens or 0
        self.input_audio += given.audio_tokens or 0
        self.input_cached += given.cached_tokens or 0
        self.output_text += made.text_tokens or 0
        self.output_audio += made.audio_tokens or 0
