"""Calls, from the first INVITE to the last BYE, and what is asked inside them (RFC 3261 12 to 15)."""
