"""What stands in messages: their grammar, addresses, and headers as values."""
