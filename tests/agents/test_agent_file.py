"""Agents out of files, and the command that serves them."""

import importlib.util
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mixminus.agents.description import BadAgent, Kind
from mixminus.agents.io.loading import agent_of, own_tools_of
from mixminus.cli.main import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "after_hours.toml"

PYTHON = '''
from mixminus.agents.description import Agent
from mixminus.tools.toolbox import Effect, Toolbox

agent = Agent(name="computed")
tools = Toolbox()


@tools.tool(Effect.READS)
def hours() -> str:
    """Tell when the office is open."""
    return "nine to five"
'''


def test_the_example_is_an_agent() -> None:
    agent = agent_of(EXAMPLE)
    assert agent.kind is Kind.INTAKE
    assert agent.script.check_number == "I have {number}. Is that right?"


def test_a_python_file_describes_an_agent_and_its_tools(tmp_path: Path) -> None:
    file = tmp_path / "desk.py"
    file.write_text(PYTHON)
    agent = agent_of(file)
    assert agent.name == "computed"
    assert [tool.name for tool in own_tools_of(agent, file)] == ["hours"]


def test_paths_in_a_file_are_meant_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(PYTHON)
    file = tmp_path / "desk.toml"
    file.write_text('name = "a"\ntools_file = "tools.py"\n[listening]\nmoonshine = "weights"')
    agent = agent_of(file)
    assert agent.listening.moonshine == str(tmp_path / "weights")
    assert [tool.name for tool in own_tools_of(agent, file)] == ["hours"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", "name = ", "not TOML"),
        ("a.py", "x = 1", "needs `agent = Agent"),
        ("a.py", "1 / 0", "ZeroDivisionError"),
        ("b.toml", None, "No such file"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    found = CliRunner().invoke(app, ["agent", "run", str(tmp_path / name)])
    assert found.exit_code == 1
    assert says in found.output
    assert len(found.output.splitlines()) == 1


@pytest.mark.skipif(importlib.util.find_spec("pipecat") is not None, reason="the extra is installed")
def test_without_the_extra_the_command_says_what_to_install() -> None:
    found = CliRunner().invoke(app, ["agent", "run", str(EXAMPLE)])
    assert found.exit_code == 1
    assert "pip install 'mixminus[ai]'" in found.output


def test_a_signed_agent_needs_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIXMINUS_AUTH_TOKEN", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    found = CliRunner().invoke(app, ["agent", "run", str(EXAMPLE), "--signed"])
    assert found.exit_code == 2
    assert "MIXMINUS_AUTH_TOKEN" in found.output


def test_a_description_that_is_no_agent_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(BadAgent, match=r"nothing\.toml"):
        agent_of(tmp_path / "nothing.toml")
