"""Calls: from an address or an INVITE to a line, a session, and its end."""
