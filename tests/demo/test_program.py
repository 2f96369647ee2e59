"""What can go wrong with the example application is said so that a person can act on it."""

import socket
from importlib import util
from pathlib import Path

import pytest

from mixminus.demo import program
from mixminus.demo.ai_stories import PLAYS
from mixminus.demo.errors import DemoCannotRun
from mixminus.demo.program import Program, check_installed, example_file, free_port
from mixminus.demo.run import demo

TOLD = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "0" * 32, "CALLER_ID": "+15550001000"}


def test_everything_is_there_in_a_development_environment() -> None:
    check_installed()
    assert {example_file(play.program).name for play in PLAYS.values()} == {
        "contact_center.py",
        "escalation.py",
        "two_agents.py",
    }


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "flask" else object())
    with pytest.raises(DemoCannotRun, match=r"needs Flask: run  pip install 'mixminus\[demo\]'"):
        check_installed()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoCannotRun, match=r"--keep .*file/inside cannot be used: Not a directory"):
        demo(tmp_path / "file" / "inside")


@pytest.mark.network
async def test_the_program_serves_on_its_port(tmp_path: Path) -> None:
    async with Program("contact_center.py", free_port(), TOLD, tmp_path / "log") as app:
        await app.serving()
        with pytest.raises(DemoCannotRun, match="answered 403"):
            await app.ask("/voice", {})


@pytest.mark.network
async def test_a_port_that_was_taken_is_told_in_the_programs_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with Program("contact_center.py", taken.getsockname()[1], TOLD, tmp_path / "log") as app:
            with pytest.raises(DemoCannotRun, match=r"did not start: .*in use"):
                await app.serving()


@pytest.mark.network
async def test_a_program_that_dies_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('no such flag')")
    monkeypatch.setattr(program, "example_file", lambda name: tmp_path / "broken.py")
    async with Program("contact_center.py", free_port(), TOLD, tmp_path / "log") as app:
        with pytest.raises(DemoCannotRun, match="did not start: no such flag"):
            await app.serving()
