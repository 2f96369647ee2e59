"""`mixminus demo`: a story, told and checked."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
import uvloop

from mixminus.demo.errors import DemoCannotRun
from mixminus.demo.judging import Claim, judge
from mixminus.demo.keepsakes import Heard, draw_timeline, listen_to_recording, read_history
from mixminus.demo.lines import line_of
from mixminus.demo.listening import notes_of
from mixminus.demo.program import check_installed
from mixminus.demo.screen import Screen
from mixminus.demo.stage import Stage
from mixminus.demo.story import CONTACT_CENTER, Play, Scene

FAILED: Final = 1


@dataclass(slots=True)
class Performance:
    """What came of it."""

    claims: list[Claim] = field(default_factory=list)
    moments: list[Heard] = field(default_factory=list)
    room: str = ""
    duration_s: float = 0.0
    everybody_gone: bool = False

    @property
    def mistakes(self) -> list[str]:
        """Every claim that was not true, in a sentence."""
        wrong = [str(claim) for claim in self.claims if not claim.verdict.right]
        return wrong if self.everybody_gone else [*wrong, "somebody is still on the phone, or a room still open"]


def demo(keep: Path | None, screen: Screen | None = None, play: Play = CONTACT_CENTER) -> int:
    """Play a story. Returns the exit status, 0 only if listening verified every claim. Raises `DemoCannotRun`."""
    check_installed()
    folder = _folder(keep)
    with (folder / "node.log").open("w") as log:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(log), cache_logger_on_first_use=False)
        return uvloop.run(_demo(play, folder, screen or Screen()))


async def _demo(play: Play, folder: Path, screen: Screen) -> int:
    screen.say(f"[bold]Mixminus[/]: {play.headline}\n")
    performance = await _play(play, folder, screen)
    await _remember(performance, play, folder, screen)
    mistakes = performance.mistakes
    for mistake in mistakes:
        screen.say(f"[bold white on red] WRONG [/] {mistake}")
    took = f"{performance.duration_s:.0f} s"
    if mistakes:
        screen.say(f"\n[bold red]{len(mistakes)} of {len(performance.claims)} claims are not true[/] ({took})")
        return FAILED
    screen.say(f"\n[bold green]All {len(performance.claims)} claims were verified by listening[/] ({took})")
    return 0


async def _play(play: Play, folder: Path, screen: Screen) -> Performance:
    performance = Performance()
    async with AsyncExitStack() as opened:
        async with screen.waiting("starting a node, its webhook application and the phones"):
            stage = await opened.enter_async_context(Stage(play, folder))
        node = stage.node
        screen.say(f"[bold green]✔[/] the node answers at http={node.http} sip={node.sip}")
        screen.say(f"[bold green]✔[/] examples/{play.program} answers at {stage.program.url}")
        screen.say("\n[green]●[/] hears  [bright_black]·[/] does not  ♪ music\n")
        began = time.monotonic()
        with screen.scenes(len(play.scenes)) as ticker:
            for number, scene in enumerate(play.scenes, 1):
                ticker.begins(scene.title)
                claims = await _scene(stage, scene, performance)
                screen.scene(number, scene.title, claims, time.monotonic() - began)
                ticker.ends()
        performance.room, performance.duration_s = stage.room, time.monotonic() - began
        performance.everybody_gone = await stage.everybody_gone()
    return performance


async def _scene(stage: Stage, scene: Scene, performance: Performance) -> tuple[Claim, ...]:
    """Play one scene; returns its claims, judged."""
    for cue in scene.cues:
        await stage.perform(cue)
    if not scene.present:
        return ()
    await stage.say(line_of(scene))
    heard, (begin, end) = await stage.listen(scene)
    claims = judge(scene, heard)
    performance.claims.extend(claims)
    performance.moments.append(_on_the_wall(scene, begin, end))
    return claims


def _on_the_wall(scene: Scene, begin: float, end: float) -> Heard:
    """The loop's times as dates."""
    now, loop_now = datetime.now(UTC), asyncio.get_running_loop().time()
    return Heard(scene, now - timedelta(seconds=loop_now - begin), now - timedelta(seconds=loop_now - end))


async def _remember(performance: Performance, play: Play, folder: Path, screen: Screen) -> None:
    """Show what stays, and judge the recording."""
    history = await read_history(folder / "mixminus.db", performance.room)
    recording = folder / "recordings" / history.recording.file_name
    claims = listen_to_recording(recording, history.recording, performance.moments, notes_of(play.cast))
    performance.claims.extend(claims)
    html, png = draw_timeline(history, folder)
    right = sum(claim.verdict.right for claim in claims)
    screen.say(
        f"recording  {recording}\n"
        f"           {history.recording.duration_s} s; {right} of {len(claims)} claims about who is on it hold"
    )
    screen.say(f"timeline   {html}\n           {png}")
    counts = f"{len(history.calls)} calls, {len(history.participants)} participants, {len(history.events)} events"
    screen.say(f"history    {folder / 'mixminus.db'}\n           {counts}, read back after the node stopped")


def _folder(keep: Path | None) -> Path:
    """Where everything goes. A temporary one is left behind, for people to look at."""
    try:
        if keep is None:
            return Path(tempfile.mkdtemp(prefix="mixminus-demo-"))
        keep.mkdir(parents=True, exist_ok=True)
        return keep.resolve()
    except OSError as error:
        raise DemoCannotRun(f"--keep {keep} cannot be used: {error.strerror}.") from error
