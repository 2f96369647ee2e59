"""What can keep the demo from being played, in words that say what to do."""

from mixminus.base.errors import MixminusError


class DemoCannotRun(MixminusError):
    """The demo was not played, or not to its end."""
