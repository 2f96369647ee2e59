"""SIPp's own scenarios against a node, as they are (issue 5, Shows 2); `uac` and `uas` are in test_sipp.py.

`branchc` registers without a password, which nobody may here; `branchs` and the far ends of third-party call control
are for other programs.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, exchange, until
from tests.peers.test_sipp import is_bound, sipp
from tests.peers.test_sipp_rules import free_port

from mixminus.calls.records import CallStatus

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"),
]

RECORDED = Path("/usr/share/sip-tester")
"""Where Debian has the sounds of `uac_pcap`."""


def own_scenario(name: str) -> str:
    """One of SIPp's, written out."""
    return subprocess.run(["sipp", "-sd", name], capture_output=True, text=True, check=False).stdout


async def test_regexp_reads_our_answers(tmp_path: Path) -> None:
    """It wants letters for a user in `o=`; ours is a dash, as RFC 4566 5.2 has it for who has none."""
    (tmp_path / "regexp.xml").write_text(own_scenario("regexp").replace("o=([[:alnum:]]*)", "o=([[:alnum:]-]*)"))
    async with exchange(tmp_path / "node") as at:
        server = f"{LOOPBACK}:{at.sip_port}"
        await sipp(tmp_path, "-sf", "regexp.xml", "-s", NUMBER, "-m", "3", "-r", "10", server, within_s=20)
        await at.quiet()
        assert [call.status for call in await at.calls()] == [CallStatus.COMPLETED] * 3


async def test_a_third_party_connects_two_of_our_numbers(tmp_path: Path) -> None:
    """Both calls come without the offer of who calls: RFC 3725, flow I, with two SIPp that talk to each other."""
    pipe = free_port()
    async with exchange(tmp_path / "node") as at:
        at.app.answers("/voice", '<Response><Gather timeout="10"/></Response>')
        halves = []
        for name in ("3pcc-C-B", "3pcc-C-A"):
            (folder := tmp_path / name).mkdir()
            words = ("-sn", name, "-3pcc", f"{LOOPBACK}:{pipe}", "-s", NUMBER, "-m", "1", f"{LOOPBACK}:{at.sip_port}")
            halves.append(asyncio.create_task(sipp(folder, *words, within_s=20)))
            if name == "3pcc-C-B":
                await until(lambda: is_bound(pipe, "tcp"))
        await asyncio.gather(*halves)
        await at.quiet()
        assert [call.status for call in await at.calls()] == [CallStatus.COMPLETED] * 2


@pytest.mark.skipif(not (RECORDED / "g711a.pcap").exists(), reason="SIPp's recorded sounds are not installed")
async def test_uac_pcap_presses_a_key_in_its_recorded_audio(tmp_path: Path) -> None:
    async with exchange(tmp_path / "node") as at:
        at.app.answers("/voice", '<Response><Gather numDigits="1" action="/keys" timeout="15"/></Response>')
        at.app.answers("/keys", '<Response><Gather timeout="5"/></Response>')
        (tmp_path / "pcap").symlink_to(RECORDED)
        server = f"{LOOPBACK}:{at.sip_port}"
        await sipp(tmp_path, "-sn", "uac_pcap", "-s", NUMBER, "-m", "1", server, within_s=30)
        await at.quiet()
        [told] = at.app.received("/keys")
        assert told["Digits"] == "1"
