"""Calls that a phone sends to somebody else: REFER, and INVITE with Replaces (docs/decisions/0019)."""
