"""`mixminus tools`: the log of a session, checked and run again."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tests.tools.tool_world import Node
from typer.testing import CliRunner

from mixminus.cli.main import app
from mixminus.tools.invocation import ToolCall
from mixminus.tools.io.loading import toolbox_of

TOOLS = '''
from mixminus.tools.toolbox import Effect, Toolbox

tools = Toolbox()


@tools.tool(Effect.READS)
def price(thing: str) -> int:
    """Tell a price."""
    return {price}


@tools.tool(Effect.SETS)
def order(thing: str) -> str:
    """Order a thing."""
    return f"ordered {{thing}}"
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with tools and the log of the session CA1."""
    (tmp_path / "tools.py").write_text(TOOLS.format(price=10))

    async def talk() -> None:
        async with Node(tmp_path / "tools.db").running(toolbox_of(tmp_path / "tools.py")) as tools:
            await tools.invoke(ToolCall("CA1", "1", "price", {"thing": "tea"}))
            await tools.invoke(ToolCall("CA1", "2", "order", {"thing": "tea"}))

    asyncio.run(talk())
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["tools", *words, "--log", str(folder / "tools.db")])
    return found.exit_code, found.output


def replay(folder: Path, *words: str) -> tuple[int, str]:
    return run(folder, "replay", "CA1", "--tools", str(folder / "tools.py"), *words)


def test_a_replay_without_differences_exits_0(shop: Path) -> None:
    code, output = replay(shop)
    assert code == 0
    assert "ran 1 of 2 calls" in output
    assert "no differences" in output


def test_a_replay_with_differences_shows_them_and_exits_1(shop: Path) -> None:
    (shop / "tools.py").write_text(TOOLS.format(price=12))
    code, output = replay(shop)
    assert code == 1
    assert "then  10\n  now   12" in output


def test_a_real_replay_is_a_session_of_its_own(shop: Path) -> None:
    code, output = replay(shop, "--real")
    assert code == 0
    assert "ran 2 calls as session CA1/replay-" in output
    assert run(shop, "verify")[1].startswith("8 rows are what was written")


def test_a_log_that_was_changed_is_found_out(shop: Path) -> None:
    code, output = run(shop, "verify")
    assert code == 0
    head = output.split()[-1]
    assert run(shop, "verify", "--head", head)[0] == 0
    with sqlite3.connect(shop / "tools.db") as database:
        database.execute("DROP TRIGGER audit_rows_stay")
        database.execute("UPDATE audit SET body = replace(body, 'tea', 'gin') WHERE number = 2")
    code, output = run(shop, "verify")
    assert code == 1
    assert "row 2: is not what was written" in output


def test_what_is_no_log_no_session_or_no_head_is_said_in_one_line(shop: Path, tmp_path: Path) -> None:
    assert run(shop, "verify", "--head", "12")[0] == 2
    assert replay(shop)[0] == 0
    code, output = run(shop, "replay", "CA9", "--tools", str(shop / "tools.py"))
    assert (code, "has no session CA9" in output) == (1, True)
    code, output = run(tmp_path / "nowhere", "verify")
    assert (code, "is not the log of a tool backplane" in output) == (1, True)
    assert not (tmp_path / "nowhere").exists()
