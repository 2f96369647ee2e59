"""OpenAI Realtime on a Media Stream: events in, events out, no socket and no clock.

Why there is no pipeline: docs/decisions/0014-realtime-without-a-pipeline.md.
"""
