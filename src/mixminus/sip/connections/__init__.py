"""What a byte stream is made of, and which connections may stay."""
