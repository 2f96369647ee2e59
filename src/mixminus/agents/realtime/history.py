"""The conversation so far, as it was heard: what a session that is made anew is told. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from mixminus.agents.description import Dialect
from mixminus.agents.realtime.requests import function_call, function_call_output, message

MOST_CHARACTERS: Final = 48_000
"""About 12,000 tokens of the 28,000 that a session takes: what was said long ago is left out."""


class Who(StrEnum):
    CALLER = "user"
    AGENT = "assistant"
    NOTICE = "system"
    """What we tell the model: keys, silence."""
    CALL = "function_call"
    RESULT = "function_call_output"


@dataclass(slots=True)
class Entry:
    id: str
    who: Who
    text: str = ""
    """Words; of a tool's call its arguments, of its result the output."""
    call_id: str = ""
    name: str = ""
    is_closed: bool = False
    """Cut: further words of it were not heard."""


class History:
    """Entries in the order in which they were said."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._told_as_text: set[str] = set()
        """Entries that the present session was told of, instead of having lived them."""

    def __len__(self) -> int:
        return len(self._entries)

    def caller(self, item: str) -> None:
        """The caller said something; what, comes later."""
        self._entries.setdefault(item, Entry(item, Who.CALLER))

    def caller_said(self, item: str, words: str) -> None:
        self._entries.setdefault(item, Entry(item, Who.CALLER)).text = words.strip()

    def agent_says(self, item: str, words: str = "") -> None:
        entry = self._entries.setdefault(item, Entry(item, Who.AGENT))
        if not entry.is_closed:
            entry.text += words

    def agent_heard(self, item: str, share: float) -> None:
        """Only this *share* of what the agent said was heard: whole words, rather one less than one more."""
        entry = self._entries.get(item)
        if entry is not None and not entry.is_closed:
            words = entry.text.split()
            entry.text = " ".join(words[: int(len(words) * share)])
            entry.is_closed = True

    def notice(self, item: str, who: Who, text: str) -> None:
        self._entries[item] = Entry(item, who, text)

    def call(self, item: str, call_id: str, name: str, arguments: str) -> None:
        self._entries[item] = Entry(item, Who.CALL, arguments, call_id, name)

    def result(self, item: str, call_id: str, output: str) -> None:
        self._entries[item] = Entry(item, Who.RESULT, output, call_id)

    def was_told_as_text(self, item: str) -> bool:
        return item in self._told_as_text

    def replaced(self, item: str) -> None:
        """The session knows it by another name now."""
        self._told_as_text.discard(item)

    def before(self, item: str) -> str:
        """The entry before *item* that the session was told of; `root` if there is none."""
        found = "root"
        for each in self._entries:
            if each == item:
                break
            found = each if each in self._told_as_text else found
        return found

    def item(self, entry_id: str, dialect: Dialect) -> dict[str, Any] | None:
        """The entry as an item of the conversation; None if nothing is left of it."""
        entry = self._entries[entry_id]
        return _item(entry, dialect) if entry.text.strip() else None

    def restored(self, dialect: Dialect) -> Iterator[dict[str, Any]]:
        """Items that tell a new session what was said, the oldest left out where it is too much."""
        left = MOST_CHARACTERS
        kept: list[Entry] = []
        for entry in reversed(self._entries.values()):
            left -= len(entry.text)
            if left < 0:
                break
            if entry.text.strip():
                kept.append(entry)
        calls = {entry.call_id for entry in kept if entry.who is Who.CALL}
        kept = [each for each in reversed(kept) if each.who is not Who.RESULT or each.call_id in calls]
        self._told_as_text = {entry.id for entry in kept}
        for entry in kept:
            yield _item(entry, dialect)

    def messages(self) -> list[dict[str, Any]]:
        """Who said what, for whoever asks when the call is over."""
        spoken = (Who.CALLER, Who.AGENT, Who.NOTICE)
        return [
            {"role": each.who.value, "content": each.text.strip()}
            for each in self._entries.values()
            if each.who in spoken and each.text.strip()
        ]


def _item(entry: Entry, dialect: Dialect) -> dict[str, Any]:
    match entry.who:
        case Who.CALL:
            return function_call(entry.id, entry.call_id, entry.name, entry.text)
        case Who.RESULT:
            return function_call_output(entry.id, entry.call_id, entry.text)
        case _:
            return message(dialect, entry.id, entry.who.value, entry.text.strip())
