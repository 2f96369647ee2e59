"""What of an agent's words the other side really heard, told by the marks that came back. Pure.

An utterance is sent as short groups of words, each followed by a mark. The mark comes back when the audio before it
was played, so the words of returned marks are those that were heard. After a `clear` the server returns what was
pending at once: those marks look the same and mean the opposite (vellum-assistant#38316), so whatever is pending when
`clear` is sent is taken for unheard.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

GROUP_WORDS: Final = 2
"""So many words can be wrong about what was heard, and are said again when the agent goes on; about half a second."""

CLOSE_S: Final = 0.03
"""A group of which so little is missing was heard: the server counts in ticks of 20 ms."""

_PART: Final = re.compile(r"\S+")
_CLOSES: Final = frozenset(".,;:!?")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_PAUSE_LETTERS: Final = 4
"""A comma is silent for about as long as this many letters take. Flite's `rms`: 0.26 s a comma, 66 ms a letter."""


@dataclass(frozen=True, slots=True)
class Group:
    """Words, and where their audio ends, as a share of the whole utterance's."""

    words: str
    ends_at: float


def sentences(text: str) -> list[str]:
    """What is spoken at once: the first can be heard before the next is spoken."""
    return [sentence for sentence in _SENTENCE.split(text.strip()) if sentence]


def groups(text: str) -> list[Group]:
    """Cut an utterance into groups of words; punctuation closes one early."""
    parts: list[list[str]] = [[]]
    for word in _PART.findall(text):
        parts[-1].append(word)
        if len(parts[-1]) >= GROUP_WORDS or word[-1] in _CLOSES:
            parts.append([])
    cut = [" ".join(part) for part in parts if part]
    lengths = [sum(_PAUSE_LETTERS if letter in _CLOSES else 1 for letter in words) + 1 for words in cut]
    found: list[Group] = []
    reached = 0
    for words, length in zip(cut, lengths, strict=True):
        reached += length
        found.append(Group(words, reached / sum(lengths)))
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """A group on its way, with its audio if it may have to be sent again."""

    words: str
    audio: bytes = b""
    seconds: float = 0.0


@dataclass(slots=True)
class Heard:
    """Marks on their way, and what the returned ones mean."""

    _pending: dict[str, Said] = field(default_factory=dict)
    _held: list[Said] = field(default_factory=list)
    _sent: int = 0
    played_s: float = 0.0
    """How long all that was surely heard took, from the beginning of the call."""
    _cleared_at_s: float = 0.0
    """What `played_s` was at the last clear."""
    _reported_from_s: float = 0.0
    """… and at the one before, from which a report of the last counts."""

    def name(self) -> str:
        """A name for the next mark; no two are the same."""
        self._sent += 1
        return f"mixminus-{self._sent}"

    def sent(self, mark: str, said: Said) -> None:
        """A mark went out behind the audio of some words."""
        self._pending[mark] = said

    def returned(self, mark: str) -> str:
        """A mark came back: the words heard since the last one, also those of marks that were skipped."""
        if mark not in self._pending:
            return ""
        played: list[str] = []
        for name in list(self._pending):
            said = self._pending.pop(name)
            played.append(said.words)
            self.played_s += said.seconds
            if name == mark:
                break
        return joined(played)

    def held(self) -> None:
        """A clear went out, but what was not heard may be said yet. Marks of before mean nothing when they come."""
        self._held += self._pending.values()
        self._clear()

    def reported(self, played_s: float) -> str:
        """The server told how much was played between the last two clears: the words of what is held and was heard.

        It knows of groups that were over when their marks were still on their way.
        """
        left_s = played_s - (self._cleared_at_s - self._reported_from_s)
        known: list[str] = []
        while self._held and 0.0 < self._held[0].seconds <= left_s + CLOSE_S:
            said = self._held.pop(0)
            left_s -= said.seconds
            self.played_s += said.seconds
            known.append(said.words)
        self._cleared_at_s = self.played_s
        return joined(known)

    def resumed(self) -> list[Said]:
        """What was held, to be sent again, with new marks."""
        found, self._held = self._held, []
        return found

    def cleared(self) -> str:
        """A clear went out: the words that will not be heard. Their marks mean nothing when they come."""
        unheard = joined(said.words for said in (*self._held, *self._pending.values()))
        self._clear()
        self._held.clear()
        return unheard

    def _clear(self) -> None:
        self._reported_from_s, self._cleared_at_s = self._cleared_at_s, self.played_s
        self._pending.clear()

    @property
    def waiting(self) -> bool:
        """Something was sent, or is held, and was not heard yet."""
        return bool(self._pending or self._held)

    @property
    def left_s(self) -> float:
        """How long it takes to play what was sent and not heard yet."""
        return sum(said.seconds for said in self._pending.values())


def joined(heard: Iterable[str]) -> str:
    """Words as one text."""
    return " ".join(words for words in heard if words)
