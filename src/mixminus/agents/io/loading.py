"""An agent out of its file: TOML, or Python for those who compute theirs."""

from pathlib import Path

import msgspec

from mixminus.agents.description import Agent, BadAgent, read
from mixminus.tools.io.loading import module_of, toolbox_of
from mixminus.tools.toolbox import Toolbox


def agent_of(path: Path) -> Agent:
    """The agent that *path* describes; paths inside it are meant from its folder. Raises `BadAgent`, `BadFile`."""
    try:
        agent = _of_python(path) if path.suffix == ".py" else read(path.read_text("utf-8"))
    except OSError as error:
        raise BadAgent(f"{path}: {error.strerror}.") from None
    except BadAgent as error:
        raise BadAgent(f"{path}: {error}.") from None
    moonshine = agent.listening.moonshine
    if moonshine and not Path(moonshine).is_absolute():
        agent = msgspec.structs.replace(
            agent, listening=msgspec.structs.replace(agent.listening, moonshine=str(path.parent / moonshine))
        )
    return agent


def own_tools_of(agent: Agent, path: Path) -> Toolbox:
    """The tools of the agent's own file. Raises `BadFile`, `BadTool`."""
    if agent.tools_file:
        return toolbox_of(path.parent / agent.tools_file)
    return toolbox_of(path) if path.suffix == ".py" and _declares_tools(path) else Toolbox()


def _of_python(path: Path) -> Agent:
    agent = getattr(module_of(path), "agent", None)
    if not isinstance(agent, Agent):
        raise BadAgent("it needs `agent = Agent(…)` at its top")
    return agent


def _declares_tools(path: Path) -> bool:
    return any(isinstance(value, Toolbox) for value in vars(module_of(path)).values())
