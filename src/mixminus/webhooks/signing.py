"""`X-Twilio-Signature`: proof that a request was sent by who owns the auth token (Twilio Docs, Webhooks Security)."""

import base64
import hmac

from mixminus.base.types import FormPairs


def signature(auth_token: str, url: str, form: FormPairs = ()) -> str:
    """HMAC-SHA1 of *url* and of each form parameter as name and value, in base64.

    Names are sorted, and the distinct values of a repeated one. *url* is what goes over the wire, with its query and
    without fragment and user; a GET has no *form*.
    """
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    digest = hmac.digest(auth_token.encode(), signed.encode(), "sha1")
    return base64.b64encode(digest).decode()
