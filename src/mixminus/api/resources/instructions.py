"""The parameters that numbers and applications share: where TwiML comes from, and the messaging half."""

from dataclasses import replace
from typing import Any, Final

from mixminus.api.form import Form
from mixminus.calls.records import MessageInstructions, VoiceInstructions

BAD_URL: Final = 21402
BAD_METHOD: Final = 21403


def voice_instructions(form: Form, before: VoiceInstructions) -> VoiceInstructions:
    """*before*, changed by what was said. Blank takes a URL away. Raises 21402 and 21403."""
    changes = _changes(form, ("voice_url", "voice_fallback_url", "status_callback"))
    changes |= _changed_methods(form, ("voice_method", "voice_fallback_method", "status_callback_method"))
    if (lookup := form.boolean("VoiceCallerIdLookup")) is not None:
        changes["voice_caller_id_lookup"] = lookup
    return replace(before, **changes)


def message_instructions(form: Form, before: MessageInstructions) -> MessageInstructions:
    changes = _changes(form, ("sms_url", "sms_fallback_url", "sms_status_callback", "message_status_callback"))
    changes |= _changed_methods(form, ("sms_method", "sms_fallback_method"))
    return replace(before, **changes)


def parameter(field: str) -> str:
    """`voice_url` is `VoiceUrl` in a form."""
    return "".join(word.capitalize() for word in field.split("_"))


def _changes(form: Form, fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: form.url(parameter(field), code=BAD_URL) or None for field in fields if parameter(field) in form}


def _changed_methods(form: Form, fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: form.method(parameter(field), code=BAD_METHOD) for field in fields if parameter(field) in form}
