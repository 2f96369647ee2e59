"""A call is transferred: REFER and what NOTIFY says of it, from both ends (RFC 3515, 5589)."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote, unquote

from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.message import REASONS, Request, parameter, uri_of


class Transfer:
    """A REFER that the far end accepted. Made by `Call.transfer` and `Call.transfer_to`."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        """What the far end said it met, 100 first."""
        self._concluded: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def concluded(self, within_s: float | None = None) -> int:
        """The last status, when the far end says that it is the last. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            return await asyncio.shield(self._concluded)

    def told(self, notify: Request) -> None:
        words = notify.body.decode("utf-8", "replace").split()
        if len(words) > 1 and words[1].isdigit():
            self.statuses.append(int(words[1]))
        is_last = notify.headers.get("Subscription-State").startswith("terminated")
        if is_last and not self._concluded.done():
            self._concluded.set_result(self.statuses[-1] if self.statuses else 0)


def replaces(dialog: Dialog) -> str:
    """A Replaces header that names *dialog* to its far end (RFC 3891 6.1)."""
    return f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"


def refer(dialog: Dialog, target: str, in_place_of: Dialog | None, by: str) -> Request:
    """The request that sends the far end of *dialog* to *target*."""
    request = dialog.request("REFER")
    query = "" if in_place_of is None else f"?Replaces={quote(replaces(in_place_of), safe='')}"
    request.headers.add("Refer-To", f"<{target}{query}>")
    request.headers.add("Referred-By", f"<{by}>")
    return request


def referred_to(request: Request) -> tuple[str, Mapping[str, str]]:
    """Whom to call, and with which headers."""
    uri, _, query = uri_of(request.headers.get("Refer-To")).partition("?")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return uri, {unquote(name): unquote(value) for name, _, value in pairs}


def notify(dialog: Dialog, refer_request: Request, status: int) -> Request:
    """How far we are with what we were asked."""
    request = dialog.request("NOTIFY")
    event_id = parameter(refer_request.headers.get("Event"), "id")
    request.headers.add("Event", f"refer;id={event_id}" if event_id else "refer")
    state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
    request.headers.add("Subscription-State", state)
    request.headers.add("Content-Type", "message/sipfrag;version=2.0")
    request.body = f"SIP/2.0 {status} {REASONS.get(status, 'Other')}\r\n".encode()
    return request
