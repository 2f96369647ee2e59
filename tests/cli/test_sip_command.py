"""`mixminus sip trace` against a node that runs."""

from pathlib import Path

from tests.cli.served import ENVIRONMENT, NUMBER, run, serving, webhook_app

ENTER = "<Response><Dial><Conference>room</Conference></Dial></Response>"


async def test_a_ladder_a_picture_and_a_capture_of_a_call(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), serving(tmp_path / "data", app, url) as node:
        app.answers("/voice", ENTER)
        async with node.phone("alice") as alice:
            await (await alice.dial(NUMBER)).hang_up()
        sid = app.received("/voice")[0]["CallSid"]
        files = ("--picture", str(tmp_path / "call.svg"), "--pcap", str(tmp_path / "call.pcap"))
        where = ("--server", node.base_url)
        status, ladder, error = await run("sip", "trace", sid, *files, *where, within_s=30.0, **ENVIRONMENT)
        assert (status, error) == (0, "")
        assert "INVITE SDP" in ladder
        assert "BYE" in ladder
        assert (tmp_path / "call.svg").read_text().startswith("<svg")
        assert (tmp_path / "call.pcap").read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
        _, everybody, _ = await run("sip", "trace", "--messages", *where, within_s=30.0, **ENVIRONMENT)
        assert "<- udp 127.0.0.1:" in everybody
        assert f"INVITE sip:{NUMBER}@" in everybody
        status, _, error = await run("sip", "trace", "CA" + "0" * 32, *where, within_s=30.0, **ENVIRONMENT)
        assert (status, error.count("\n")) == (1, 1)
        assert f"knows no call CA{'0' * 32}" in error
        stranger = ENVIRONMENT | {"MIXMINUS_AUTH_TOKEN": "1" * 32}
        at = node.base_url.removeprefix("http://")
        status, _, error = await run("sip", "trace", "--server", at, within_s=30.0, **stranger)
        assert (status, error.count("\n")) == (1, 1)
        assert "has other credentials than these: name its --config or --data" in error


async def test_without_a_node_it_says_so(tmp_path: Path) -> None:
    status, _, error = await run("sip", "trace", "--server", "http://127.0.0.1:9", within_s=30.0, **ENVIRONMENT)
    assert status == 1
    assert "no node answers at http://127.0.0.1:9 ([Errno 111] Connection refused): start one, or name its" in error
