"""Who may import whom (DESIGN.md, section 3; docs/architecture.md). The rule is a test, not a habit."""

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent / "src" / "mixminus"

CORES: Final = (
    "agents",
    "audio",
    "base",
    "calls",
    "insights",
    "rtp",
    "sdp",
    "sip",
    "stir",
    "streams",
    "tools",
    "twiml",
    "webhooks",
    "prompts",
    "relay",
    "speech",
    "webrtc",
)
"""Packages whose modules outside `io/` wait for nothing and touch nothing."""

NOT_IN_A_CORE: Final = frozenset(
    {
        "aiohttp",
        "asyncio",
        "multiprocessing",
        "picows",
        "random",
        "secrets",
        "socket",
        "sqlalchemy",
        "sqlite3",
        "starlette",
        "subprocess",
        "threading",
        "time",
    }
)

MAY_IMPORT: Final = {
    "base": set(),
    "audio": {"base"},
    "rtp": {"base", "audio"},
    "sdp": {"base"},
    "sip": {"base"},
    "webrtc": {"base"},
    "twiml": {"base"},
    "webhooks": {"base"},
    "streams": {"base"},
    "prompts": {"base"},
    "speech": {"base", "prompts"},
    "stir": {"base"},
    "relay": {"base", "speech"},
    "tools": {"base"},
    "agents": {"base", "audio", "prompts", "speech", "tools", "webhooks"},
    "calls": {"base"},
    "insights": {"base", "calls"},
    "media": {"base", "audio", "rtp", "webrtc"},
    "store": {"base", "calls"},
    "app": {
        "audio",
        "base",
        "calls",
        "insights",
        "media",
        "prompts",
        "relay",
        "sdp",
        "sip",
        "stir",
        "speech",
        "store",
        "streams",
        "twiml",
        "webhooks",
        "webrtc",
    },
    "api": {"base", "calls", "app", "insights", "store"},
    "cli": {"base", "agents", "app", "api", "calls", "demo", "insights", "testing", "media", "sip", "store", "tools"},
    "demo": {"base", "app", "api", "calls", "cli", "insights", "prompts", "store", "testing"},
}
"""`testing` may import anything and is imported by nothing but `demo` and `cli`."""

FOLDERS_OF_SIP: Final = {
    "messages": set(),
    "connections": {"messages"},
    "places": {"messages"},
    "transactions": {"messages", "places"},
    "trust": {"messages", "places", "transactions"},
    "dialogs": {"messages", "places", "transactions", "trust"},
    "services": {"messages", "transactions", "trust", "dialogs"},
    "registrar": {"messages", "places", "dialogs", "services"},
    "carriers": {"messages"},
    "tracing": {"messages", "connections"},
}
"""Which others each may import; what stands beside them (contract, settings, endpoint) any."""

SHELLS: Final = ("media.plane", "media.worker", "store.sql")
"""Shells outside an `io/` folder; like those inside, only `app/world.py` may import them into `app`."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names.add(node.module or "")
    return names


def ours(path: Path) -> set[str]:
    """`mixminus.media.contract` as `media.contract`."""
    return {name.removeprefix("mixminus.") for name in imported(path) if name.startswith("mixminus.")}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for core in CORES for path in modules(core)], ids=name_of)
def test_a_core_does_no_io(path: Path) -> None:
    if "io" not in path.relative_to(ROOT).parts:
        assert not {name.partition(".")[0] for name in imported(path)} & NOT_IN_A_CORE


@pytest.mark.parametrize("path", [path for package in MAY_IMPORT for path in modules(package)], ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    foreign = {name.partition(".")[0] for name in ours(path)} - {package}
    assert foreign <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", modules("sip"), ids=name_of)
def test_a_message_goes_up_through_the_folders_of_sip(path: Path) -> None:
    folder = path.relative_to(ROOT / "sip").parts[0]
    if folder in FOLDERS_OF_SIP:
        others = {name.split(".")[1] for name in ours(path) if name.startswith("sip.") and name.count(".") == 2}
        assert others - {folder} <= FOLDERS_OF_SIP[folder]
        assert "agent" not in {name.removeprefix("sip.") for name in ours(path)}


@pytest.mark.parametrize("path", modules("app"), ids=name_of)
def test_only_the_world_knows_shells(path: Path) -> None:
    if path.name != "world.py":
        assert not {name for name in ours(path) if ".io" in name or name in SHELLS}


@pytest.mark.parametrize("core", CORES)
def test_a_core_does_not_import_its_own_shells(core: str) -> None:
    for path in modules(core):
        if "io" not in path.relative_to(ROOT).parts:
            assert not {name for name in ours(path) if ".io." in name}, path


def test_every_package_has_its_row() -> None:
    packages = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages - {"testing"} <= set(MAY_IMPORT)
    folders = {path.name for path in (ROOT / "sip").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {"io"} == set(FOLDERS_OF_SIP)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=name_of)
def test_modules_stay_small(path: Path) -> None:
    """Over 400 lines, a module has two subjects (style: budgets)."""
    assert len(path.read_text().splitlines()) <= 400
