"""What a stream tells when it begins (twiml-and-streams.md, 4.3), and whose words may be trusted in it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mixminus.base.errors import MixminusError


class BadStart(MixminusError):
    """The first messages are not those of a Media Stream."""


@dataclass(frozen=True, slots=True)
class Start:
    """The `start` message. `parameters` are what the TwiML's `<Parameter>`s say."""

    stream_sid: str
    call_sid: str
    account_sid: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def session(self) -> str:
        """What tools keep their state under: the call, or what the TwiML names, so that a second stream finds it."""
        return self.parameters.get("session") or self.call_sid

    @property
    def conference(self) -> str:
        """Name or SID of the conference the agent is in; empty if it is in none."""
        return self.parameters.get("conference") or self.parameters.get("conferenceName") or ""


@dataclass(frozen=True, slots=True)
class Api:
    """Where REST is spoken, and as whom."""

    url: str
    account_sid: str
    username: str
    password: str = field(repr=False)


def read_start(text: str) -> Start:
    """Read a `start` message. Raises `BadStart`."""
    try:
        message = json.loads(text)
        start = message["start"]
        parameters = start.get("customParameters") or {}
        found = Start(
            str(start["streamSid"]),
            str(start["callSid"]),
            str(start.get("accountSid", "")),
            {str(name): str(value) for name, value in parameters.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadStart("the stream did not begin with a `start` message") from None
    if message.get("event") != "start" or not found.stream_sid:
        raise BadStart("the stream did not begin with a `start` message")
    return found


def api_of(start: Start, environment: Mapping[str, str]) -> Api | None:
    """Where the agent's tools act, or None: they cannot.

    A stream may bring an address and a key of its own: `apiUrl`, `apiKey`, `apiSecret`. The secrets of our
    environment go to the address in our environment and to no other: whoever can open a stream could else have them
    sent to a server of theirs.
    """
    said = start.parameters
    if said.get("apiUrl"):
        if said.get("apiKey") and said.get("apiSecret"):
            return Api(said["apiUrl"], start.account_sid, said["apiKey"], said["apiSecret"])
        return None
    account_sid = _first(environment, "MIXMINUS_ACCOUNT_SID", "TWILIO_ACCOUNT_SID")
    password = _first(environment, "MIXMINUS_AUTH_TOKEN", "TWILIO_AUTH_TOKEN")
    if not account_sid or not password:
        return None
    return Api(environment.get("MIXMINUS_API_URL", ""), account_sid, account_sid, password)


def _first(environment: Mapping[str, Any], *names: str) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
