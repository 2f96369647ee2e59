"""What the agent says: talk cycles of text and files, what of them is to be made next, and what was really heard.

A *talk cycle* is what comes until `last: true`. Its text is cut into chunks that a voice speaks one after another;
what they sound like is appended to a playout whose position the engine tells. Positions are octets of 8 kHz µ-law,
which are samples, since the playout was last cleared.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mixminus.relay.terms import Input
from mixminus.speech.contract import SpokenWord
from mixminus.speech.sentences import Sentences
from mixminus.speech.timing import at_usual_pace

OCTETS_PER_MS: Final = 8
MOST_WAITING: Final = 262_144
"""Characters: some five hours of speech. More is refused."""
MOST_CHUNKS: Final = 2_048


@dataclass(slots=True)
class Cycle:
    number: int
    interruptible: Input
    preemptible: bool
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """To be made into sound: a text in a language, or a file."""

    number: int
    cycle: Cycle
    text: str = ""
    language: str = ""
    source: str | None = None
    loops: int = 1


@dataclass(slots=True)
class Piece:
    """A chunk whose sound is there, wholly or not yet."""

    chunk: Chunk
    begins: int
    ends: int
    words: list[SpokenWord] = field(default_factory=list)
    is_whole: bool = False

    def heard(self, octets: int) -> list[str]:
        """The words that were heard when so much was played. A word counts once half of it was."""
        words = self.words or ([] if self.chunk.source is not None else at_usual_pace(self.chunk.text))
        found: list[str] = []
        begins = 0
        for word in words:
            if octets - self.begins < (begins + word.ends_at) / 2:
                break
            found.append(word.text)
            begins = word.ends_at
        return found


@dataclass(frozen=True, slots=True)
class Cut:
    """What was being said when it was cut off; how much of it was heard is known a moment later."""

    pieces: tuple[Piece, ...] = ()
    told: int = 0
    """Words of the first ones that were told of before."""

    def heard(self, octets: int) -> tuple[str, int]:
        """The words of the cycle that was cut, and how many milliseconds of it were played."""
        reached = [piece for piece in self.pieces if piece.begins < octets] or list(self.pieces[:1])
        if not reached:
            return "", 0
        cycle = [piece for piece in self.pieces if piece.chunk.cycle is reached[-1].chunk.cycle]
        text = " ".join(word for piece in cycle for word in piece.heard(octets))
        played = min(octets, cycle[-1].ends) - cycle[0].begins
        return text, max(0, played) // OCTETS_PER_MS

    def news(self, octets: int) -> str:
        """The words heard that nobody was told of."""
        return " ".join([word for piece in self.pieces for word in piece.heard(octets)][self.told :])


class Talk:
    """All that one agent says."""

    def __init__(self, language: str) -> None:
        self.language = language
        """Of text that does not say."""
        self._cycles = 0
        self._chunks = 0
        self._open: Cycle | None = None
        self._sentences = Sentences()
        self._sentence_language = language
        self._waiting: deque[Chunk] = deque()
        self._pieces: deque[Piece] = deque()
        """Of the cycle that is heard now, and later ones."""
        self._said = self._played = 0
        self._told = 0
        """Words of these pieces that `news` has told."""

    # --- what the application says --------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """A cycle has begun whose last token has not come."""
        return self._open is not None

    def token(self, text: str, *, last: bool, language: str | None, cycle: tuple[Input, bool]) -> bool:
        """Append text; *cycle* is `interruptible`, `preemptible`, should it be the first of a cycle.

        Returns False when too much is waiting; it is left out then.
        """
        if len(self._waiting) >= MOST_CHUNKS or self._waiting_text + len(text) > MOST_WAITING:
            return False
        if self._open is None:
            self._open = self._new_cycle(*cycle)
        language = language or self.language
        if language != self._sentence_language and not self._sentences.is_empty:
            self._append(self._sentences.flush())
        self._sentence_language = language
        self._append(self._sentences.add(text))
        if last:
            self.close()
        return True

    def close(self) -> None:
        """No more text of this cycle comes."""
        if self._open is not None:
            self._append(self._sentences.flush())
            self._open.is_open = False
            self._open = None

    def file(self, source: str, loops: int, cycle: tuple[Input, bool]) -> bool:
        """A file: a cycle of its own. Returns False when too much is waiting."""
        if len(self._waiting) >= MOST_CHUNKS:
            return False
        self.close()
        whole = self._new_cycle(*cycle)
        whole.is_open = False
        self._waiting.append(Chunk(self._next_number(), whole, source=source, loops=loops))
        return True

    # --- what is made of it ---------------------------------------------------------------------------------------

    def next(self) -> Chunk | None:
        """What is to be made into sound now; it counts as being made from here on."""
        if not self._waiting:
            return None
        chunk = self._waiting.popleft()
        self._pieces.append(Piece(chunk, self._said, self._said))
        return chunk

    def sounds(self, octets: int, words: Iterable[SpokenWord] = ()) -> None:
        """So much more sound of the chunk that is being made, and words of it."""
        self._said += octets
        self._pieces[-1].ends = self._said
        self._pieces[-1].words.extend(words)

    def made(self) -> None:
        """The chunk that was being made is complete."""
        self._pieces[-1].is_whole = True

    # --- what is heard of it --------------------------------------------------------------------------------------

    @property
    def is_speaking(self) -> bool:
        """Something was said that nobody has heard yet."""
        return bool(self._waiting) or self._played < self._said or any(not piece.is_whole for piece in self._pieces)

    @property
    def interruptible(self) -> Input:
        """What interrupts that which is heard now, or will be next."""
        cycle = self._current
        return cycle.interruptible if cycle is not None else Input.NONE

    def played(self, octets: int) -> None:
        """The engine has played so much."""
        self._played = max(self._played, min(octets, self._said))

    def news(self) -> str:
        """Words that were heard since this was asked last."""
        heard = [word for piece in self._pieces for word in piece.heard(self._played)]
        news, self._told = heard[self._told :], len(heard)
        return " ".join(news)

    def forget(self) -> None:
        """Let go of cycles that were heard to their end."""
        current = self._current
        while self._pieces:
            first = self._pieces[0]
            is_heard = first.is_whole and first.ends <= self._played
            if not is_heard or first.chunk.cycle is current or first.chunk.cycle.is_open:
                break
            if self._told:
                self._told = max(0, self._told - len(first.heard(self._played)))
            self._pieces.popleft()

    # --- how it ends ----------------------------------------------------------------------------------------------

    def preempts(self) -> bool:
        """A new cycle is about to begin: drop what may be replaced. Returns whether what is heard now may be."""
        if self._open is not None:
            return False
        self._waiting = deque(chunk for chunk in self._waiting if not chunk.cycle.preemptible)
        live = [piece for piece in self._pieces if not piece.is_whole or piece.ends > self._played]
        return bool(live) and not self._waiting and all(piece.chunk.cycle.preemptible for piece in live)

    def cut(self) -> Cut:
        """Drop everything; the playout begins anew. Text of an open cycle that comes later begins another one."""
        cut = Cut(tuple(self._pieces), self._told)
        self._waiting.clear()
        self._pieces.clear()
        self._sentences = Sentences()
        self._open = None
        self._said = self._played = self._told = 0
        return cut

    # --- inside ---------------------------------------------------------------------------------------------------

    @property
    def _waiting_text(self) -> int:
        return sum(len(chunk.text) for chunk in self._waiting)

    @property
    def _current(self) -> Cycle | None:
        for piece in self._pieces:
            if not piece.is_whole or piece.ends > self._played:
                return piece.chunk.cycle
        return self._waiting[0].cycle if self._waiting else None

    def _new_cycle(self, interruptible: Input, preemptible: bool) -> Cycle:
        self._cycles += 1
        return Cycle(self._cycles, interruptible, preemptible)

    def _append(self, texts: list[str]) -> None:
        assert self._open is not None
        self._waiting.extend(Chunk(self._next_number(), self._open, text, self._sentence_language) for text in texts)

    def _next_number(self) -> int:
        self._chunks += 1
        return self._chunks
