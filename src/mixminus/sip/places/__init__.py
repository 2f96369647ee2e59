"""Where a name leads, and which of our names who is told."""
