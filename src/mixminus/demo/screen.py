"""What the demo shows on the terminal: steps that tick, and matrices beside the law."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from mixminus.demo.judging import Claim, Verdict
from mixminus.demo.story import MUSIC

COMPILING_AFTER_S: Final = 5.0
"""A node whose kernels are compiled is up by then."""

UNBOUNDED: Final = 1_000
"""Columns."""

COMPILING: Final = "compiling the audio kernels: once after an installation, about 30 s"

MEASURED: Final = {
    Verdict.HEARS: ("●", "bold green"),
    Verdict.SILENT: ("·", "bright_black"),
    Verdict.LEAK: ("LEAK", "bold white on red"),
    Verdict.DEAF: ("DEAF", "bold white on red"),
}
assert MEASURED.keys() == set(Verdict), "a verdict has no mark"

Mark = Callable[[Claim], tuple[str, str]]
"""A cell's sign and style."""

LAW: Final = {True: ("●", "cyan"), False: ("·", "bright_black")}


class Screen:
    """Prints; knows nothing of calls."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def say(self, text: str = "") -> None:
        """A line, in rich's markup; never broken, so that paths can be copied."""
        self.console.print(text, soft_wrap=True)

    @contextlib.asynccontextmanager
    async def waiting(self, why: str) -> AsyncIterator[None]:
        """Turn a spinner; when that takes long, say what usually does."""
        with self.console.status(why) as status:
            explaining = asyncio.create_task(self._explain(status), name="explain the wait")
            try:
                yield
            finally:
                explaining.cancel()

    async def _explain(self, status: Status) -> None:
        await asyncio.sleep(COMPILING_AFTER_S)
        status.update(COMPILING)
        if not self.console.is_terminal:
            self.say(COMPILING)

    @contextlib.contextmanager
    def scenes(self, count: int) -> Iterator["Ticker"]:
        """A line at the bottom that tells how far the story is."""
        progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        with progress:
            yield Ticker(progress, count)

    def scene(self, number: int, title: str, claims: Sequence[Claim], elapsed_s: float) -> None:
        """One step that is done: its title, and what was heard beside what the law says."""
        right = all(claim.verdict.right for claim in claims)
        tick = ("✔", "bold green") if right else ("✘", "bold red")
        heading = Text.assemble(tick, f" {number:>2}  ", (title, "bold"), (f"  {elapsed_s:.1f} s", "bright_black"))
        self.console.print(heading)
        if claims:
            self.console.print(Padding(self._matrices(claims), (0, 0, 1, 6)))

    def _matrices(self, claims: Sequence[Claim]) -> Table:
        """Measured and law, side by side if there is room."""
        measured = _matrix("measured by listening", claims, lambda claim: MEASURED[claim.verdict])
        law = _matrix("what the law says", claims, lambda claim: LAW[claim.expected])
        beside, below = Table.grid(padding=(0, 5)), Table.grid()
        beside.add_row(measured, law)
        below.add_row(measured)
        below.add_row(law)
        needed = self.console.measure(beside, options=self.console.options.update(max_width=UNBOUNDED)).maximum
        return beside if needed + 6 <= self.console.width else below


class Ticker:
    """The line at the bottom."""

    def __init__(self, progress: Progress, scenes: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=scenes)

    def begins(self, title: str) -> None:
        self._progress.update(self._task, description=title)

    def ends(self) -> None:
        self._progress.advance(self._task)


def _matrix(title: str, claims: Sequence[Claim], mark: Mark) -> Table:
    """One row a listener, one column a speaker, and one for the music."""
    speakers = list(dict.fromkeys(claim.speaker for claim in claims))
    table = Table(title=title, title_style="italic bright_black", title_justify="left", box=None, pad_edge=False)
    table.add_column("hears", style="bold", header_style="bright_black")
    for speaker in speakers:
        table.add_column("♪" if speaker == MUSIC else speaker, justify="center", header_style="bright_black")
    for listener in dict.fromkeys(claim.listener for claim in claims):
        row = [claim for claim in claims if claim.listener == listener]
        table.add_row(listener, *(_cell(claim, mark) for claim in row))
    return table


def _cell(claim: Claim, mark: Mark) -> Text:
    if claim.listener == claim.speaker and not claim.measured:
        return Text(" ")
    return Text(*mark(claim))
