"""What was said, for people: kept without secrets, drawn, or as a capture."""
