"""The tool backplane: what an agent may do, done once, and written down.

A tool is a typed Python function. The backplane gives it the state of its session, a deadline, retries and an
idempotency key, and writes every invocation to an append-only log whose rows are chained by their hashes.
"""
