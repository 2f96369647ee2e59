"""Twilio's REST API as far as the benchmark needs it, over one plain connection that is kept open.

Blocking on purpose: called in a thread, an answer's arrival is not blurred by an event loop's other work.
"""

import base64
import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

_TIMEOUT_S: Final = 10.0


class RestRefused(Exception):
    """The server answered with an error status."""


class ParticipantsApi:
    """One account on one server."""

    def __init__(self, host: str, port: int, account: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        self._root = f"/2010-04-01/Accounts/{account}"
        secret = base64.b64encode(f"{account}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/x-www-form-urlencoded"}
        self._one_at_a_time = threading.Lock()
        self._conference_sids: dict[str, str] = {}

    def create_number(self, number: str, voice_url: str) -> None:
        """Let *voice_url* answer *number*."""
        self._ask("POST", "/IncomingPhoneNumbers.json", {"PhoneNumber": number, "VoiceUrl": voice_url})

    def count_calls(self, status: str) -> int:
        """How many calls are in that status; a page at most."""
        self._connection.close()  # asked long after the calls: the server may have closed it by now
        return len(json.loads(self._ask("GET", f"/Calls.json?Status={status}&PageSize=1000", {}))["calls"])

    def update(self, conference: str, call_sid: str, form: Mapping[str, str]) -> tuple[int, int]:
        """Change a participant; return when the request was sent and its answer complete, ns since 1970."""
        sid = self._conference_sids.get(conference) or self._conference_sid(conference)
        sent_ns = time.time_ns()
        self._ask("POST", f"/Conferences/{sid}/Participants/{call_sid}.json", form)
        return sent_ns, time.time_ns()

    def _conference_sid(self, name: str) -> str:
        query = f"?FriendlyName={quote(name)}&Status=in-progress"
        found = json.loads(self._ask("GET", f"/Conferences.json{query}", {}))["conferences"]
        if not found:
            raise RestRefused(f"no conference in progress is called {name}")
        sid = self._conference_sids[name] = str(found[0]["sid"])
        return sid

    def _ask(self, method: str, path: str, form: Mapping[str, Any]) -> bytes:
        with self._one_at_a_time:
            self._connection.request(method, self._root + path, urlencode(form) or None, self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        if answer.status >= 400:
            raise RestRefused(f"{method} {path}: {answer.status} {body[:200]!r}")
        return body
