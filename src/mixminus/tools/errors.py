"""How a tool fails. The text of each goes to the agent, so it says what the agent can do about it."""

from mixminus.base.errors import MixminusError


class ToolError(MixminusError):
    """The tool could not do its work, and trying again would not help."""


class RateLimited(ToolError):
    """A service refused for now; nothing happened. `retry_after_s` is what it asked for, as in `Retry-After`."""

    def __init__(self, message: str = "the service is busy", *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TimedOut(ToolError):
    """A service did not answer in time: nobody knows whether it happened."""


class BadArguments(ToolError):
    """The agent's arguments do not fit the tool's parameters."""


class UnknownTool(ToolError):
    """No tool has this name."""


class KeyReused(ToolError):
    """The idempotency key was used for another tool, or for other arguments."""


class BadTool(MixminusError):
    """A function cannot be a tool: a parameter without a type, a name that is taken, no description."""
