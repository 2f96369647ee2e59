"""Parameters as clients send them: parsed without loss, read with the Twilio code of whoever gets it wrong.

"Not said" is None and "said: nothing" is an empty string: an empty `WaitUrl` means silence (reference, 0).
"""

import json
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from mixminus.base.errors import Refusal
from mixminus.base.types import FormPairs
from mixminus.calls.options import AudioDocument, NoSound, Sound, Webhook

INVALID_PARAMETER: Final = 20422

# The longest text a form may carry is 4,000 characters of TwiML, in which UTF-8 and percent-encoding take 12 bytes
# each at most. The rest are URLs.
MOST_BYTES: Final = 256 * 1024
MOST_PARAMETERS: Final = 1_000

HTTP_METHODS: Final = ("GET", "POST")

_BOOLEANS: Final = {"true": True, "false": False}
_LISTED = re.compile(r"""[^\s,'"\[\]]+""")
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"]")
_MEDIA_FILE = re.compile(r"media:(?!/)(?!.*\.\.)\S+")


class Form:
    """An ordered list of names and values, and readers that refuse what does not fit.

    `code` is what a bad value is refused with, when its reader is not told better.
    """

    def __init__(self, pairs: FormPairs, code: int = INVALID_PARAMETER) -> None:
        self.pairs = pairs
        self.code = code

    @classmethod
    def parse(cls, body: bytes) -> "Form":
        """Read a form body or a query string. Raises 20422 (400) when it is not UTF-8 or has too many parameters."""
        try:
            text = body.decode()
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
        except UnicodeDecodeError:
            raise Refusal(INVALID_PARAMETER, 400, "The parameters are not valid UTF-8") from None
        except ValueError:
            raise Refusal(INVALID_PARAMETER, 400, f"More than {MOST_PARAMETERS} parameters") from None
        return cls._checked(tuple(pairs))

    @classmethod
    def parse_json(cls, body: bytes) -> "Form":
        """Read a flat JSON object of texts, numbers and truths as a form. Raises 20422 (400) for anything else."""
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            raise Refusal(INVALID_PARAMETER, 400, "The body is not JSON") from None
        if not isinstance(said, dict) or not all(isinstance(value, str | bool | int) for value in said.values()):
            raise Refusal(INVALID_PARAMETER, 400, "The body must be an object of texts, whole numbers and booleans")
        return cls._checked(
            tuple((name, value if isinstance(value, str) else json.dumps(value)) for name, value in said.items())
        )

    @classmethod
    def _checked(cls, pairs: FormPairs) -> "Form":
        if any("\0" in name + value for name, value in pairs):
            raise Refusal(INVALID_PARAMETER, 400, "A parameter contains a NUL character")
        return cls(pairs)

    def blaming(self, code: int) -> "Form":
        """The same parameters, refused with another code."""
        return Form(self.pairs, code)

    def __contains__(self, name: str) -> bool:
        return any(said == name for said, _ in self.pairs)

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated."""
        return tuple(value for said, value in self.pairs if said == name)

    def text(self, name: str, *, most: int | None = None, code: int | None = None) -> str | None:
        """The value; the last one of several. *most* bounds its characters."""
        values = self.texts(name)
        if values and most is not None and len(values[-1]) > most:
            raise self.refusal(name, f"has more than {most} characters", code)
        return values[-1] if values else None

    def word(self, name: str, *, most: int | None = None, code: int | None = None) -> str | None:
        """As `text`, for a parameter that means nothing when it is blank."""
        return self.text(name, most=most, code=code) or None

    def boolean(self, name: str, default: bool | None = None) -> bool | None:
        value = self.word(name)
        if value is None:
            return default
        if value.lower() not in _BOOLEANS:
            raise self.refusal(name, "must be true or false")
        return _BOOLEANS[value.lower()]

    def truth(self, name: str, *, default: bool) -> bool:
        """A boolean that is always one."""
        return bool(self.boolean(name, default))

    def integer(self, name: str, low: int, high: int, *, code: int | None = None) -> int | None:
        value = self.word(name)
        if value is None:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", value) or not low <= int(value) <= high:
            raise self.refusal(name, f"must be a whole number from {low} to {high}", code)
        return int(value)

    def choice(self, name: str, allowed: Collection[str], *, code: int | None = None) -> str | None:
        value = self.word(name)
        if value is not None and value not in allowed:
            raise self.refusal(name, f"must be one of {', '.join(allowed)}", code)
        return value

    def listed(self, name: str, allowed: Collection[str], *, code: int | None = None) -> frozenset[str] | None:
        """A list, however the SDKs put it: repeated keys, spaces, or a Python list as it prints."""
        if name not in self:
            return None
        words = frozenset(word for value in self.texts(name) for word in _LISTED.findall(value))
        if strange := sorted(words - frozenset(allowed)):
            raise self.refusal(name, f"knows no {strange[0]!r}; it takes {' '.join(allowed)}", code)
        return words

    def url(self, name: str, *, code: int | None = None) -> str | None:
        value = self.text(name)
        if value and not _is_web_url(value):
            raise self.refusal(name, "must be an absolute http or https URL", code)
        return value

    def method(self, name: str, default: str = "POST", *, code: int | None = None) -> str:
        value = (self.word(name) or default).upper()
        if value not in HTTP_METHODS:
            raise self.refusal(name, "must be GET or POST", code)
        return value

    def webhook(self, url_name: str, method_name: str, *, url_code: int, method_code: int) -> Webhook | None:
        """Where to call back; None when nothing, or blank, was said."""
        url, method = self.url(url_name, code=url_code), self.method(method_name, code=method_code)
        return Webhook(url, method) if url else None

    def sound(self, url_name: str, method_name: str, default_method: str = "POST") -> Sound | None:
        """What to play: a URL, `media:NAME` for a file of the node, or silence when blank. None: not said."""
        value, method = self.text(url_name), self.method(method_name, default_method)
        if value is None:
            return None
        if value and not (_is_web_url(value) or _MEDIA_FILE.fullmatch(value)):
            raise self.refusal(url_name, "must be an absolute http or https URL, or media:NAME")
        return AudioDocument(value, method) if value else NoSound()

    def refusal(self, name: str, why: str, code: int | None = None) -> Refusal:
        """400: the parameter *name* is wrong, *why* ends the sentence."""
        return Refusal(code or self.code, 400, f"{name} {why}")


def _is_web_url(text: str) -> bool:
    if _NOT_IN_A_URL.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets around no IPv6 address
        return False
