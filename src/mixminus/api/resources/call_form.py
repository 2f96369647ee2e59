"""What may be said when a call is made or changed (reference, 5.1 and 5.3)."""

import re
from dataclasses import replace
from typing import Final

from mixminus.api.dialling import CALL_BLAME, dial_options, time_limit_s
from mixminus.api.form import Form
from mixminus.api.request import ApiRequest
from mixminus.api.uris import canonical
from mixminus.base import sids
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import PlaceCall, UpdateCall
from mixminus.calls.options import Instructions
from mixminus.calls.records import ApplicationRecord

MOST_TWIML_CHARACTERS: Final = 4_000

_DIGITS = re.compile(r"[0-9A-Da-d#*wW]{1,32}")


async def place_call(request: ApiRequest) -> PlaceCall:
    """The command in a `POST /Calls`. Raises the codes of reference 5.5."""
    form = request.form
    dial = dial_options(form, CALL_BLAME, least_timeout_s=1, send_digits=_send_digits(form))
    form.boolean("AsyncAmd")
    if form.word("ApplicationSid"):
        # The application says where to call back, too (reference, 5.1).
        application_sid = await known_application(request, "ApplicationSid", 21218)
        return PlaceCall(replace(dial, callback=None), application_sid=application_sid)
    instructions = _instructions(form)
    if instructions is None:
        raise Refusal(21205, 400, "Url, Twiml or ApplicationSid is required: what the call is to do")
    return PlaceCall(dial, instructions)


def update_call(form: Form, sid: Sid) -> UpdateCall:
    """The command in a `POST /Calls/{Sid}`."""
    if form.word("Url") and form.word("Twiml"):
        raise form.refusal("Twiml", "cannot be said together with Url")
    return UpdateCall(
        sid=sid,
        status=form.choice("Status", ("completed", "canceled")),
        instructions=_instructions(form),
        status_callback=form.webhook(
            "StatusCallback", "StatusCallbackMethod", url_code=CALL_BLAME.url, method_code=CALL_BLAME.method
        ),
        time_limit_s=time_limit_s(form),
    )


async def known_application(request: ApiRequest, name: str, code: int) -> Sid | None:
    """The application that a parameter names; None when it is absent or blank. Raises *code*."""
    said = request.form.word(name)
    if said is None:
        return None
    if not sids.is_sid(sids.APPLICATION, said):
        raise request.form.refusal(name, "must be AP and 32 hex digits", code)
    if await request.node.store.fetch(ApplicationRecord, canonical(said)) is None:
        raise request.form.refusal(name, "names no application of this account", code)
    return canonical(said)


def _instructions(form: Form) -> Instructions | None:
    """Where the TwiML comes from; `Url` wins over `Twiml` (warning 32019)."""
    url, twiml = form.url("Url", code=21205), form.word("Twiml", most=MOST_TWIML_CHARACTERS, code=32018)
    method = form.method("Method", code=21209)
    fallback = form.webhook("FallbackUrl", "FallbackMethod", url_code=21205, method_code=21209)
    if url:
        twiml = None
    elif not twiml:
        return None
    return Instructions(
        url=url or None,
        method=method,
        fallback_url=fallback.url if fallback else None,
        fallback_method=fallback.method if fallback else "POST",
        twiml=twiml,
    )


def _send_digits(form: Form) -> str | None:
    digits = form.word("SendDigits")
    if digits is not None and not _DIGITS.fullmatch(digits):
        raise form.refusal("SendDigits", "takes up to 32 of 0-9 A-D # * w W", 21206)
    return digits
