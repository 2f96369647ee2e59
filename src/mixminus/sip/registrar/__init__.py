"""Where phones of our users are (RFC 3261 10)."""
