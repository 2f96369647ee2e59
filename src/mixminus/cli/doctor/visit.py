"""`mixminus doctor`: look at everything, say what was found and what to do about it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from rich.console import Console
from rich.text import Text

from mixminus.base.settings import Settings
from mixminus.cli.doctor.findings import Finding, Health
from mixminus.cli.doctor.media_check import LISTEN_S, look_at_media
from mixminus.cli.doctor.probes import (
    look_at_clock,
    look_at_disk,
    look_at_libraries,
    look_at_opus,
    look_at_ports,
    look_at_srtp,
    look_at_voice,
)
from mixminus.cli.doctor.trunk_probe import look_at_trunk

STYLES: Final = {Health.GOOD: "green", Health.POOR: "yellow", Health.BAD: "bold red"}
SUBJECT_WIDTH: Final = 24

FINE, FAILED = 0, 1


async def visit(settings: Settings, console: Console | None = None, trunk: str | None = None) -> int:
    """The exit status: 0 when a node can run here, with or without warnings, else 1. With *trunk*, the same about
    that trunk. Raises `MixminusError`: there is none.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    found = []
    looking = _look_at_everything(settings) if trunk is None else look_at_trunk(settings, trunk)
    async for finding in looking:
        found.append(finding)
        console.print(_line(finding))
        if finding.advice:
            console.print(f"          {finding.advice}", style="dim", markup=False)
    problems = sum(finding.health is Health.BAD for finding in found)
    warnings = sum(finding.health is Health.POOR for finding in found)
    console.print(f"\n{len(found)} checks, {problems} problems, {warnings} warnings")
    return FAILED if problems else FINE


async def _look_at_everything(settings: Settings) -> AsyncIterator[Finding]:
    yield look_at_libraries()
    yield look_at_opus()
    yield look_at_srtp()
    for finding in look_at_ports(settings):
        yield finding
    yield await asyncio.to_thread(look_at_disk, settings.data)
    yield await look_at_voice()
    watching = asyncio.create_task(asyncio.to_thread(look_at_clock, LISTEN_S), name="clock")
    for finding in await look_at_media():
        yield finding
    yield await watching


def _line(finding: Finding) -> Text:
    return Text.assemble(
        (f"{finding.health.value:8}", STYLES[finding.health]), f"  {finding.subject:{SUBJECT_WIDTH}}{finding.seen}"
    )
