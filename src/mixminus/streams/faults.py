"""Twilio's numbers for what goes wrong with a stream (error dictionary, 319xx)."""

from typing import Final

CONNECT_FAILED: Final = 31900
CONNECT_TIMED_OUT: Final = 31901
CONNECT_REFUSED: Final = 31902
BROKEN_PIPE: Final = 31903
UNREACHABLE: Final = 31904
TLS_FAILED: Final = 31910
NOT_UPGRADED: Final = 31920
"""The answer was another one than 101."""
CLOSE_FAILED: Final = 31921
WRONG_SCHEME: Final = 31922
MALFORMED_URL: Final = 31923
WEBSOCKET_PROTOCOL: Final = 31924
BUFFER_FULL: Final = 31931
"""A warning: what does not fit is discarded."""
BAD_TRACKS: Final = 31941
"""Which tracks, how many, and under which name: nothing starts."""
UNREADABLE: Final = 31950
"""A warning: a binary message, or one that is not UTF-8."""
MALFORMED: Final = 31951
"""A warning: not JSON, an unknown event, a field missing or too many, another stream's SID."""
