"""The root of our exceptions.

A `Refusal` is the caller's fault and travels to the caller: it carries Twilio's code where one exists, the HTTP
status of the REST answer, and a sentence that says what to do.
"""


class MixminusError(Exception):
    """Everything we raise on purpose."""


class Refusal(MixminusError):
    """A request that cannot be carried out, in words for whoever sent it.

    `code` is Twilio's (see the error dictionary), `http_status` that of a REST answer.
    """

    def __init__(self, code: int, http_status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.message = message

    @property
    def more_info(self) -> str:
        """Where Twilio explains the code."""
        return f"https://www.twilio.com/docs/errors/{self.code}"


def not_found(path: str) -> Refusal:
    """20404, worded as Twilio does."""
    return Refusal(20404, 404, f"The requested resource {path} was not found")
