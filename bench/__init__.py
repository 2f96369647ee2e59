"""Loads a SIP conference server and reports what it costs and how long it keeps the sound. See docs/performance.md.

Nothing in here imports `mixminus` but `kernel`, which times the engine alone: a server is known by its SIP address,
its processes and an adapter in `targets`.
"""
