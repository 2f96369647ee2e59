"""What a document needs to know about the world to run: where it came from."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from mixminus.twiml.attributes import shortened
from mixminus.twiml.errors import TwimlError

MEDIA: Final = "media:"
"""`media:NAME` is a file in the node's media folder."""


@dataclass(frozen=True, slots=True)
class Context:
    """`document_url` is the one that answered, after redirects; None for TwiML that came in a parameter."""

    document_url: str | None = None

    def url(self, written: str) -> str:
        """The absolute http(s) URL that was meant: relative ones belong to the document's, an empty one is it.

        Raises TwimlError 11100 for what is no URL, and for a relative one in a document that has none itself.
        """
        try:
            resolved = urljoin(self.document_url or "", written)
            parts = urlsplit(resolved)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if usable and not any(character.isspace() or not character.isprintable() for character in parts.netloc):
            return resolved
        if self.document_url is None:
            advice = "It must be absolute, since this TwiML was not fetched from a URL"
        else:
            advice = "It must be an http or https URL, or relative to that of the document"
        raise TwimlError(11100, f'"{_shown(written)}" is not a usable URL. {advice}')

    def websocket_url(self, written: str) -> str:
        """Relative ones belong to the document's place. Who opens the WebSocket checks the rest."""
        try:
            resolved = urljoin(self.document_url or "", written)
        except ValueError:
            return written
        if resolved == written or not resolved.startswith("http"):
            return resolved
        return "ws" + resolved.removeprefix("http")

    def audio_url(self, written: str) -> str:
        """The same for sound, where `media:NAME` is allowed too."""
        return written if written.startswith(MEDIA) and len(written) > len(MEDIA) else self.url(written)


def _shown(url: str) -> str:
    """Without user and query, where passwords and phone numbers are: messages reach logs."""
    return shortened(re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0]))
