"""Kamailio on loopback, configured by us: as registrar and proxy of its own, or as an edge before the node."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
MODULES: Final = next(Path("/usr/lib").glob("*/kamailio/modules"), None)
KAMAILIO: Final = shutil.which("kamailio", path="/usr/sbin:/usr/bin:/usr/local/sbin")

CORE = """
debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=2
tcp_connection_lifetime=3600
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
mpath="{modules}/"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "path.so"
modparam("tm", "fr_timer", 5000)
modparam("path", "use_received", 1)
modparam("registrar", "use_path", 1)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (is_method("ACK")) {{
            if (t_check_trans()) t_relay();
        }} else {{
            sl_send_reply("404", "Not here");
        }}
        exit;
    }}
    t_check_trans();
    route(STRANGER);
}}
"""

REGISTRAR = """
route[STRANGER] {{
    if (is_method("REGISTER")) {{
        save("location");
        exit;
    }}
    record_route();
    if ($rU =~ "^\\+") {{
        $du = "sip:127.0.0.1:{node};transport={transport}";
        t_relay();
        exit;
    }}
    if (!lookup("location")) {{
        sl_send_reply("404", "Not Found");
        exit;
    }}
    t_relay();
}}
"""
"""Numbers are the node's, names are phones that registered here."""

EDGE = """
route[STRANGER] {{
    if (is_method("REGISTER")) {{
        add_path_received();
        $du = "sip:127.0.0.1:{node};transport={transport}";
        t_relay();
        exit;
    }}
    record_route();
    if (is_present_hf("Route")) {{
        loose_route();  # says no after the last Route of a new call, and has done its work
        t_relay();
        exit;
    }}
    $du = "sip:127.0.0.1:{node};transport={transport}";
    t_relay();
}}
"""
"""Everything is the node's; what it sends by a Path goes where that REGISTER came from."""


def free_port() -> int:
    """One that is free for UDP and TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        ):
            stream.bind((LOOPBACK, 0))
            try:
                datagrams.bind(stream.getsockname())
            except OSError:
                continue
            port: int = stream.getsockname()[1]
            return port


@asynccontextmanager
async def kamailio(folder: Path, stranger: str, *, node: int, transport: str) -> AsyncIterator[int]:
    """Run it; yields its port. *stranger* is what it does about requests outside of dialogs."""
    assert KAMAILIO is not None
    port = free_port()
    _configure(folder, stranger, {"port": port, "modules": MODULES, "node": node, "transport": transport})
    arguments = ("-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            KAMAILIO, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        await _listening(port, process, folder / "log")
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _configure(folder: Path, stranger: str, values: dict[str, object]) -> None:
    folder.mkdir()
    (folder / "kamailio.cfg").write_text("#!KAMAILIO\n" + CORE.format(**values) + stranger.format(**values))


def _said(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def _listening(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(15):
        while True:
            assert process.returncode is None, _said(log)
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
