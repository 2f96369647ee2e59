"""`To` and `From`: what may be dialled, and who may say to be calling (reference, 2.3, 2.4 and 5.5)."""

import re
from typing import Final

from mixminus.api.form import Form

_PHONE = re.compile(r"\+[1-9][0-9]{1,14}")
_PUNCTUATION = re.compile(r"[\s().-]")

# Neither blanks nor control characters nor what would end a SIP header's value.
_SAFE = r"[^\s\x00-\x1f\x7f<>\"]"
_CLIENT = re.compile(rf"client:[^?\s\x00-\x1f\x7f<>\"]{{1,256}}(\?{_SAFE}*)?")
_SIP = re.compile(
    r"sips?:"
    r"([^\s\x00-\x1f\x7f<>\"@?]+@)?"  # user
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?"  # host and port
    rf"(;[^\s\x00-\x1f\x7f<>\"?]*)?(\?(?P<headers>{_SAFE}*))?",
    re.IGNORECASE,
)
_APPLICATION = re.compile(rf"(app:AP|AP|TW)[0-9a-fA-F]{{32}}(\?{_SAFE}*)?")
_CALLER = re.compile(rf"{_SAFE}{{1,255}}")

MOST_ADDRESS_CHARACTERS: Final = 4_096
MOST_HEADER_CHARACTERS: Final = 1_023

NO_TO, NO_FROM, BAD_TO, BAD_FROM, LONG_HEADERS = 21201, 21213, 21211, 21212, 21227


def phone(text: str) -> str | None:
    """The E.164 form of *text*: punctuation goes, and a `+` that a form turned into a blank comes back."""
    digits = "+" + text[1:] if text.startswith(" ") else text
    digits = _PUNCTUATION.sub("", digits)
    return digits if _PHONE.fullmatch(digits) else None


def to(form: Form) -> str:
    """Whom to dial. Raises 21201, 21211 and 21227."""
    text = form.text("To", most=MOST_ADDRESS_CHARACTERS, code=BAD_TO) or ""
    if not text.strip():
        raise form.refusal("To", "is required: whom to call", NO_TO)
    if number := phone(text):
        return number
    if sip := _SIP.fullmatch(text):
        if len(sip["headers"] or "") > MOST_HEADER_CHARACTERS:
            raise form.refusal("To", f"has headers of more than {MOST_HEADER_CHARACTERS} characters", LONG_HEADERS)
        return text
    if _CLIENT.fullmatch(text) or _APPLICATION.fullmatch(text):
        return text
    raise form.refusal("To", "must be like +15558675310, client:alice, sip:user@host or app:AP…", BAD_TO)


def caller(form: Form, to: str) -> str:
    """`From`, who is calling. Raises 21213 and 21212: a telephone wants to see a telephone number."""
    text = form.text("From") or ""
    if not text.strip():
        raise form.refusal("From", "is required: who is calling", NO_FROM)
    return _shown(form, "From", text, to)


def caller_id(form: Form, to: str) -> str | None:
    """`CallerId`, shown instead of `From`. Raises 21212."""
    text = form.word("CallerId")
    return None if text is None else _shown(form, "CallerId", text, to)


def _shown(form: Form, name: str, text: str, to: str) -> str:
    if number := phone(text):
        return number
    if _PHONE.fullmatch(to):
        raise form.refusal(name, "must be a number like +15558675310, since To is one", BAD_FROM)
    if not _CALLER.fullmatch(text):
        raise form.refusal(name, "must be a number, client:NAME or a SIP user, without blanks", BAD_FROM)
    return text
