"""Which message belongs to which request, and what is repeated when (RFC 3261 17)."""
