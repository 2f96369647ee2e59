"""TwiML documents: fetched, read, and performed on a call."""
