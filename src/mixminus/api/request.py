"""One authenticated request: what every handler needs to know."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request

from mixminus.api.auth import Accounts, Asker
from mixminus.api.form import INVALID_PARAMETER, MOST_BYTES, Form
from mixminus.api.uris import canonical
from mixminus.app.contract import Node
from mixminus.base.errors import Refusal, not_found
from mixminus.base.sids import is_sid
from mixminus.base.types import Sid

T = TypeVar("T")

EXTRAS: Final = "/mixminus/v1"
"""Where what Twilio does not have lives. JSON is understood there as well."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request by somebody who may make it. `form` is the body of a POST, the query of anything else."""

    http: Request
    node: Node
    accounts: Accounts
    form: Form
    asker: Asker

    @property
    def path(self) -> str:
        """As it was asked for, decoded."""
        path: str = self.http.scope["path"]
        return path

    @property
    def origin(self) -> str:
        """Scheme, host and port as the client sees them; a TLS proxy in front says which scheme that is."""
        said = self.http.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
        scheme = said if said in ("http", "https") else self.http.url.scheme
        return f"{scheme}://{self.http.url.netloc}"

    def text(self, parameter: str) -> str:
        """A part of the path, decoded."""
        value: str = self.http.path_params[parameter]
        return value

    def sid(self, parameter: str, prefix: str) -> Sid:
        """A SID in the path. Raises 20404 when it is none."""
        value: Any = self.text(parameter)
        if not is_sid(prefix, value):
            raise self.missing()
        return canonical(value)

    def found(self, record: T | None) -> T:
        """The record, or 20404 when there is none."""
        if record is None:
            raise self.missing()
        return record

    def missing(self) -> Refusal:
        return not_found(self.path)


async def form_of(http: Request) -> Form:
    """Read the parameters of a request. Raises 20413 when the body is too large, 20422 when it is no form."""
    if http.method != "POST":
        return Form.parse(http.scope["query_string"])
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refusal(20413, 413, f"The body has more than {MOST_BYTES} bytes")
    kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" and http.url.path.startswith(EXTRAS):
        return Form.parse_json(bytes(body))
    if body and kind not in ("", "application/x-www-form-urlencoded"):
        message = f"The body must be application/x-www-form-urlencoded, not {kind}"
        raise Refusal(INVALID_PARAMETER, 415, message)
    return Form.parse(bytes(body))
