"""What a document, or a verb of it, fails with."""

from mixminus.base.errors import MixminusError


class TwimlError(MixminusError):
    """The document cannot go on: the caller asks the fallback URL, or apologises and hangs up.

    `code` is Twilio's, of a code that its catalogue lists as ERROR. Codes listed as WARNING never raise.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
