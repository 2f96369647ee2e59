"""OpenAI Realtime on a Media Stream: events in, events out, no socket and no clock (docs/decisions/0011)."""
