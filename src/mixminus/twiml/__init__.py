"""TwiML: documents, verbs and what they ask for. A core: no socket, no clock, no loop."""
