"""What people see of the commands: answers, one line when something is wrong, exit statuses (CONTRACT.md)."""

import os
import socket
import stat
from pathlib import Path

import pytest
from tests.cli.served import run
from typer.testing import CliRunner

from mixminus import __version__
from mixminus.cli.main import app

COMMANDS = ("serve", "demo", "doctor", "credentials", "call", "ledger", "version")


def invoke(*arguments: str, **environment: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments, env=environment)
    return result.exit_code, result.stdout, result.stderr


def test_help_names_every_command_of_the_contract() -> None:
    status, out, _ = invoke("--help")
    assert status == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    status, out, _ = invoke(command, "--help")
    assert status == 0
    assert "Usage:" in out


def test_the_version_is_printed() -> None:
    assert invoke("version") == (0, f"{__version__}\n", "")


def test_credentials_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    status, first, _ = invoke("credentials", "--data", str(tmp_path / "node"))
    assert status == 0
    assert invoke("credentials", "--data", str(tmp_path / "node"))[1] == first
    assert stat.S_IMODE((tmp_path / "node" / "credentials.json").stat().st_mode) == 0o600


def test_credentials_of_the_environment_win(tmp_path: Path) -> None:
    given = {"MIXMINUS_ACCOUNT_SID": "AC" + "a" * 32, "MIXMINUS_AUTH_TOKEN": "token"}
    status, out, _ = invoke("credentials", "--data", str(tmp_path), **given)
    assert (status, out) == (0, f"MIXMINUS_ACCOUNT_SID={'AC' + 'a' * 32}\nMIXMINUS_AUTH_TOKEN=token\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--bogus"),
        ("serve", "--http", "nonsense"),
        ("serve", "--log", "xml"),
        ("serve", "--config", "/does/not/exist.toml"),
        ("call",),
        ("call", "nobody", "--for", "-1"),
        ("unheard-of",),
    ],
)
def test_wrong_use_is_2(arguments: tuple[str, ...]) -> None:
    status, out, err = invoke(*arguments)
    assert (status, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_half_a_pair_of_credentials_is_1(tmp_path: Path) -> None:
    status, _, err = invoke("serve", "--data", str(tmp_path), MIXMINUS_ACCOUNT_SID="AC" + "a" * 32)
    assert status == 1
    assert err.count("\n") == 1
    assert "MIXMINUS_AUTH_TOKEN" in err


@pytest.mark.network
@pytest.mark.parametrize("taken", ["http", "sip"])
async def test_a_taken_port_is_one_line_and_1(tmp_path: Path, taken: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        free = {"http": "127.0.0.1:0", "sip": "127.0.0.1:0"} | {taken: address}
        where = ("--http", free["http"], "--sip", free["sip"], "--rtp", "127.0.0.1:0-0", "--data", str(tmp_path))
        status, out, err = await run("serve", *where)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"mixminus: --{taken} {address} cannot be bound: Address already in use. Choose another port, or 0."
    ]


@pytest.mark.network
async def test_roots_that_are_not_there_are_one_line_and_1(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text('stir_roots = "/none.pem"')
    status, out, err = await run("serve", "--config", str(tmp_path / "node.toml"), "--data", str(tmp_path / "node"))
    assert (status, out) == (1, "")
    assert err.splitlines() == ["mixminus: stir_roots /none.pem cannot be read: No such file or directory"]


@pytest.mark.network
@pytest.mark.parametrize("elsewhere", ["--http", "--sip", "--rtp"])
async def test_an_address_of_another_machine_is_one_line_and_1(tmp_path: Path, elsewhere: str) -> None:
    told = {"--http": "127.0.0.1:0", "--sip": "127.0.0.1:0", "--rtp": "127.0.0.1:0-0", "--data": str(tmp_path)}
    told[elsewhere] = "192.0.2.1:40000-40010" if elsewhere == "--rtp" else "192.0.2.1:40000"
    status, out, err = await run("serve", *(word for pair in told.items() for word in pair))
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"mixminus: {elsewhere} 192.0.2.1")
    assert "Cannot assign requested address. Write an address of this machine" in err


@pytest.mark.network
async def test_a_traceback_is_shown_to_those_who_debug(tmp_path: Path) -> None:
    (tmp_path / "mixminus.db").write_bytes(b"this is no database" * 100)
    where = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--rtp", "127.0.0.1:0-0", "--data", str(tmp_path))
    status, _, err = await run("serve", *where)
    assert status == 1
    assert err.count("\n") == 1
    assert "Traceback" not in err
    status, _, err = await run("serve", *where, "--log-level", "debug")
    assert status == 1
    assert "Traceback" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_data_that_cannot_be_written_are_one_line_and_1(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    status, _, err = invoke("serve", "--data", str(tmp_path / "node"))
    assert status == 1
    assert "Permission denied" in err
