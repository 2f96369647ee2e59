"""What the model has done, and what it is told besides speech: results of tools, keys, silence. Pure."""

from typing import Final

from mixminus.agents.description import Dialect
from mixminus.agents.realtime import requests
from mixminus.agents.realtime.calls import Calls, UseTool
from mixminus.agents.realtime.events import Item
from mixminus.agents.realtime.history import History, Who
from mixminus.agents.realtime.link import Link
from mixminus.agents.realtime.outputs import Outbox, Send
from mixminus.agents.realtime.responses import Responses
from mixminus.tools.toolbox import Effect, Toolbox

PRESSED: Final = "(The caller pressed these keys of the telephone: {keys})"
SILENT: Final = "(The caller has said nothing for {seconds:g} seconds. Ask whether they are still there.)"
GONE: Final = "(The caller does not answer. Say goodbye, and end the call.)"

ENDS: Final = frozenset({"end_call", "transfer"})
"""Tools after which there is nobody to speak to."""


class Deeds:
    """Tools are used at once or when all was heard; what comes of it goes into the history, and to the session."""

    def __init__(
        self, toolbox: Toolbox, dialect: Dialect, history: History, responses: Responses, link: Link, outbox: Outbox
    ) -> None:
        self._effects = {tool.name: tool.effect for tool in toolbox}
        self._dialect = dialect
        self._history = history
        self._responses = responses
        self._link = link
        self._out = outbox
        self._calls = Calls()
        self._running: dict[str, str] = {}
        """Tools, by key."""

    @property
    def are_open(self) -> bool:
        return bool(self._calls or self._running)

    def knows(self, tool: str) -> bool:
        return tool in self._effects

    def running(self, tool: str) -> str | None:
        """The key under which *tool* runs."""
        return next((key for key, each in self._running.items() if each == tool), None)

    def asked(self, item: Item, response: str) -> None:
        """The model wants something done. What changes nothing is done at once, the rest when all was heard."""
        if item.type != "function_call" or (use := self._calls.asked(item, response)) is None:
            return
        key = item.call_id or ""
        self._history.call(item.id or self._out.name(), key, item.name or "", item.arguments or "{}")
        if isinstance(use, str):
            self.result(key, requests.encode({"error": use}).decode(), speaks=True)
        elif self._effects.get(use.tool) is Effect.READS:
            self.do(use)
        else:
            self._calls.wait(use)

    def all_heard(self) -> None:
        """What was said before is heard, or was interrupted."""
        for use in self._calls.released():
            self.do(use)

    def do(self, use: UseTool) -> None:
        self._running[use.key] = use.tool
        self._out.put(use)

    def ended(self, key: str) -> str:
        """A tool has answered; which."""
        return self._running.pop(key, "")

    def result(self, key: str, output: str, *, speaks: bool) -> None:
        """What the model is told of it, if it has asked. *speaks*: and then it has something to say."""
        if key not in self._calls:
            return
        item = self._out.name()
        self._history.result(item, key, output)
        if self._calls.answered(key) and speaks:
            self._owe(item)
        self._put(item)

    def notice(self, who: Who, text: str) -> None:
        """Tell the model something that nobody said."""
        item = self._out.name()
        self._history.notice(item, who, text)
        self._owe(item)
        self._put(item)

    def _owe(self, item: str) -> None:
        self._responses.owe(item if self._link.is_ready else "")

    def _put(self, entry: str) -> None:
        item = self._history.item(entry, self._dialect)
        if self._link.is_ready and item is not None:
            self._out.put(Send(requests.CreateItem(self._out.name(), item)))
