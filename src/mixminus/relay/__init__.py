"""ConversationRelay: a call's speech as text to an application, and its text as speech to the call."""
