"""Twilio's numbers for what goes wrong with a ConversationRelay (error dictionary, 641xx)."""

from typing import Final

BAD_ATTRIBUTE: Final = 64101
"""An attribute has no sense here; also: nobody recognises or speaks that language."""
CONNECT_FAILED: Final = 64102
BROKEN_OFF: Final = 64105
"""The WebSocket is gone although nobody ended the session, or was closed for too many bad messages."""
MEDIA_FAILED: Final = 64106
"""What was to be heard could not be made or fetched, or the recogniser is gone."""
MALFORMED: Final = 64107
"""A message that is not understood: ignored, and answered with an `error`."""
TOO_MANY: Final = 64109
"""Sessions at once."""

INVALID_PAYLOAD: Final = 1007
"""The close code for ten bad messages in a row (RFC 6455, 7.4.1)."""
