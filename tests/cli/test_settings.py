"""Options, environment, file: what a node is told, and who wins (CONTRACT.md, "Commands")."""

import inspect
import re
from pathlib import Path

import pytest

from mixminus.base.settings import (
    DeclaredApplication,
    DeclaredNumber,
    Endpoint,
    Gateway,
    PortRange,
    Settings,
    SipListen,
    Trunk,
)
from mixminus.cli.main import serve
from mixminus.cli.options import OPTIONS, Option
from mixminus.cli.readings import BadSetting
from mixminus.cli.settings import LogSettings, Told, read_settings
from mixminus.cli.tables import KEYS

HOME = {"HOME": "/home/me"}

VALUES = {
    "http": ("127.0.0.2:1", "127.0.0.2:2", "127.0.0.2:3"),
    "sip": ("127.0.0.2:1", "127.0.0.2:2", "127.0.0.2:3"),
    "sip_listen": ("tls://127.0.0.2", "udp://[::1]:5070", "ws://a.example,wss://0.0.0.0?advertise=192.0.2.1:443"),
    "sip_tls_certificate": ("/one", "/two", "/three"),
    "sip_tls_key": ("/one", "/two", "/three"),
    "sip_keepalive_s": ("1", "2", "0"),
    "rtp": ("127.0.0.2:2-4", "127.0.0.2:6-8", "127.0.0.2:10-12"),
    "rtp_advertise": ("203.0.113.1", "203.0.113.2,192.0.2.1", "203.0.113.3"),
    "data": ("/one", "/two", "/three"),
    "database": ("sqlite:///one", "sqlite:///two", "postgresql://three"),
    "workers": ("11", "12", "13"),
    "public_url": ("http://one", "https://two", "http://three"),
    "drain_s": ("1.5", "2", "0"),
    "rtp_timeout_s": ("1", "2", "3.5"),
    "max_call_s": ("1", "2", "0"),
    "allow_destinations": ("+1", "+44,+49", "+"),
    "deny_destinations": ("+1900", "+88", "+979,+870"),
    "transfers": ("never", "trunks", "everybody"),
    "transfer_hosts": ("a.example.com", "192.0.2.7,b", ""),
    "spend_cap_per_day": ("1", "2.5", "0"),
    "call_guard_url": ("http://one", "https://two", "http://three"),
    "call_guard_default": ("allow", "deny", "allow"),
    "invites_per_second": ("1", "2.5", "0"),
    "registers_per_second": ("1", "2.5", "0"),
    "requests_per_second": ("1", "2.5", "0"),
    "user_invites_per_second": ("1", "2.5", "0"),
    "ban_s": ("1", "3600", "0"),
    "public_recordings": ("true", "false", "true"),
    "session_expires_s": ("600", "1200", "0"),
    "nameservers": ("192.0.2.53", "192.0.2.1:5353,192.0.2.2", "[2001:db8::53]:53"),
    "stir_roots": ("/one", "/two", "/three"),
    "stir_private": ("true", "false", "true"),
    "sip_trace_mb": ("1", "2", "3"),
    "webhook_log": ("1", "0", "5000"),
    "alert_log": ("1", "0", "5000"),
    "digest_algorithms": ("MD5", "SHA-256", "SHA-256,MD5"),
    "codecs": ("PCMA", "g722,pcmu", "Opus,PCMU"),
    "srtp": ("never", "Required", "offered"),
    "latch": ("first", "Announced", "first"),
    "srtp_over_any_transport": ("true", "false", "true"),
    "opus_complexity": ("0", "10", "3"),
    "stun_urls": ("stun:one", "stun:two,stuns:three", "stun:four:3478"),
    "turn_urls": ("turn:one", "turn:two?transport=udp,turns:three", "turn:four:3478"),
    "turn_secret": ("one", "two", "three"),
    "turn_ttl_s": ("60", "3600", "86400"),
    "voice_activity": ("own", "silero", "own"),
    "moonshine": ("/one", "/two", "/three"),
    "log": ("text", "json", "text"),
    "log_level": ("debug", "warning", "error"),
}
"""Three values of every option: for the command line, the environment and the file."""


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mixminus.toml"
    path.write_text(text)
    return path


def value(told: Told, option: Option) -> object:
    match option.name:
        case "log":
            return told.log().form
        case "log_level":
            return told.log().level
        case name:
            return getattr(told.settings(), name)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_wins_over_the_environment_and_the_environment_over_the_file(
    tmp_path: Path, option: Option
) -> None:
    on_line, in_environment, in_file = VALUES[option.name]
    config = file(tmp_path, f'{option.name} = "{in_file}"\n')
    environment = {**HOME, option.variable: in_environment}

    def read(text: str) -> object:
        return option.read(option.name, text)

    assert value(Told({option.name: on_line}, config, environment), option) == read(on_line)
    assert value(Told({option.name: None}, config, environment), option) == read(in_environment)
    assert value(Told({}, config, HOME), option) == read(in_file)
    assert value(Told({}, config, {**HOME, option.variable: ""}), option) == read(in_file)


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = read_settings({}, None, HOME)
    assert settings.http == Endpoint("127.0.0.1", 8080)
    assert settings.sip == Endpoint("127.0.0.1", 5060)
    assert settings.rtp == PortRange("127.0.0.1", 20_000, 29_999)
    assert settings.data == Path("/home/me/.local/share/mixminus")
    assert settings.drain_s == 30
    assert (settings.database, settings.public_url, settings.public_recordings) == (None, None, False)
    bare = Settings(data=settings.data)
    assert settings.rtp_timeout_s == bare.rtp_timeout_s
    assert settings.digest_algorithms == bare.digest_algorithms
    assert Told({}, None, HOME).log() == LogSettings("", "info")


def test_the_platform_may_say_where_data_are() -> None:
    assert read_settings({}, None, {**HOME, "XDG_DATA_HOME": "/data"}).data == Path("/data/mixminus")


def test_serve_takes_every_option_of_the_table_and_no_other() -> None:
    assert {option.name for option in OPTIONS if option.on_command_line} == set(
        inspect.signature(serve).parameters
    ) - {"config"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("http", "8080"),
        ("http", ":8080"),
        ("http", "127.0.0.1:"),
        ("http", "127.0.0.1:65536"),
        ("http", "127.0.0.1:²"),
        ("sip", "nonsense"),
        ("rtp", "127.0.0.1:20000"),
        ("rtp", "127.0.0.1:30000-20000"),
        ("rtp", "20000-30000"),
        ("rtp", "::1:20000-"),
        ("rtp_advertise", "0.0.0.0"),
        ("rtp_advertise", "192.0.2.1,example.com"),
        ("rtp", "example.com:20000-30000"),
        ("sip", "0.0.0.0:5060"),
        ("sip", "[::]:5060"),
        ("workers", "0"),
        ("workers", "many"),
        ("drain_s", "-1"),
        ("drain_s", "nan"),
        ("drain_s", "soon"),
        ("allow_destinations", "USA"),
        ("public_url", "example.com"),
        ("database", "mysql://x"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match="--" + name.replace("_", "-")):
        read_settings({name: text}, None, HOME)


@pytest.mark.parametrize(("name", "text"), [("log", "xml"), ("log_level", "loud")])
def test_a_log_that_nobody_writes_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match="must be one of"):
        Told({name: text}, None, HOME).log()


def test_the_variable_is_named_when_it_is_the_variable_that_is_wrong() -> None:
    with pytest.raises(BadSetting, match="MIXMINUS_DRAIN_S 'x'"):
        read_settings({}, None, {**HOME, "MIXMINUS_DRAIN_S": "x"})


@pytest.mark.parametrize(
    ("rtp", "told", "complaint"),
    [
        ("0.0.0.0:2-4", "", "rtp 0.0.0.0: phones cannot send to that"),
        ("[::]:2-4", "", "rtp ::: phones cannot send to that"),
        ("0.0.0.0:2-4", "2001:db8::1", "has no ports in that IP version"),
        ("[2001:db8::1]:2-4", "203.0.113.1", "has no ports in that IP version"),
    ],
)
def test_phones_are_told_of_no_media_where_there_is_none(rtp: str, told: str, complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        read_settings({"rtp": rtp}, None, {**HOME, "MIXMINUS_RTP_ADVERTISE": told})


@pytest.mark.parametrize(
    ("rtp", "told"),
    [("192.0.2.1:2-4", "203.0.113.1"), ("[::]:2-4", "203.0.113.1,2001:db8::1"), ("[2001:db8::1]:2-4", "")],
)
def test_media_may_be_told_of_by_other_addresses(rtp: str, told: str) -> None:
    settings = read_settings({"rtp": rtp}, None, {**HOME, "MIXMINUS_RTP_ADVERTISE": told})
    assert settings.rtp_advertise == tuple(told.split(",") if told else ())
    assert "[" not in settings.rtp.host


def test_ipv6_addresses_come_in_brackets() -> None:
    assert read_settings({"http": "[::1]:8080"}, None, HOME).http == Endpoint("::1", 8080)


def test_toml_may_write_numbers_lists_and_truths(tmp_path: Path) -> None:
    text = 'drain_s = 5\nworkers = 2\npublic_recordings = true\ndigest_algorithms = ["MD5"]\n'
    settings = read_settings({}, file(tmp_path, text), HOME)
    assert (settings.drain_s, settings.workers, settings.public_recordings) == (5.0, 2, True)
    assert settings.digest_algorithms == ("MD5",)


TABLES = """
[users.bob]
password = "secret"
[trunks.carrier]
uri = "sip:carrier.example.com"
prefixes = ["+1", "+44"]
username = "me"
password = "hidden"
from = "+15550009999"
addresses = ["192.0.2.1"]
[numbers."+15550001000"]
voice_url = "http://app/voice"
voice_method = "GET"
[numbers."+15550002000"]
application = "support"
[applications.support]
voice_url = "http://app/support"
"""


def test_users_trunks_numbers_and_applications_are_tables(tmp_path: Path) -> None:
    settings = read_settings({}, file(tmp_path, TABLES), HOME)
    assert settings.users == {"bob": "secret"}
    assert settings.trunks == (
        Trunk("carrier", "sip:carrier.example.com", ("+1", "+44"), "me", "hidden", "+15550009999", ("192.0.2.1",)),
    )
    assert settings.numbers == (
        DeclaredNumber("+15550001000", "http://app/voice", "GET"),
        DeclaredNumber("+15550002000", application="support"),
    )
    assert settings.applications == (DeclaredApplication("support", "http://app/support"),)


def test_a_trunk_may_have_several_gateways(tmp_path: Path) -> None:
    text = """
[trunks.carrier]
gateways = [{ uri = "sip:a.example.com" }, { uri = "sip:b.example.com", priority = 2, weight = 3 }]
silence_s = 4
"""
    (trunk,) = read_settings({}, file(tmp_path, text), HOME).trunks
    assert trunk.doors == (Gateway("sip:a.example.com"), Gateway("sip:b.example.com", 2, 3))
    assert (trunk.silence_s, trunk.progress_s) == (4, 20)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "says colour"),
        ("drain_s = {}", "plain value"),
        ("users = 1", r"\[users.NAME\] must be a table"),
        ("[users]\nbob = 1", r"\[users.NAME\] must be a table"),
        ("[users.bob]", r"\[users.bob\] lacks password"),
        ("[users.bob]\npassword = 1", "password must be a string"),
        ('[trunks.t]\nuri = "sip:x"\nprefixes = "+1"', "prefixes must be a list of strings"),
        ("[trunks.t]\nprefixes = []", "needs uri or gateways"),
        ('[trunks.t]\nuri = "sip:x"\ngateways = [{ uri = "sip:y" }]', "needs uri or gateways"),
        ("[trunks.t]\ngateways = []", "gateways must be a list of"),
        ('[trunks.t]\ngateways = [{ uri = "sip:y", weight = 0 }]', "gateways must be a list of"),
        ('[trunks.t]\ngateways = [{ uri = "sip:y", wait = 1 }]', "gateways must be a list of"),
        ('[trunks.t]\nuri = "sip:x"\nsilence_s = 0', "silence_s must be a number above 0"),
        ('[trunks.t]\nuri = "sip:x"\noptions_s = -1', "options_s must be a whole number"),
        ('[trunks.t]\nuri = "sip:x"\nsrtp = "maybe"', "srtp must be one of never, offered, required"),
        ('[users.u]\npassword = "x"\nsrtp = ""', "srtp must be one of never"),
        ('srtp = "maybe"', "srtp"),
        ('[trunks.t]\nuri = ""', r"\[trunks.t\] uri: '' must be a SIP address, such as sip:"),
        ('[trunks.t]\nuri = "carrier.example.com"', "uri: 'carrier.example.com' must be a SIP address"),
        ('[trunks.t]\nuri = "http://x"', "uri: 'http://x' must be a SIP address"),
        ('[trunks.t]\nuri = "sip:"', "uri: 'sip:' must be a SIP address"),
        ('[trunks.t]\nuri = "sip:x;transport=sctp"', "udp, tcp, tls or no transport"),
        ('[trunks.t]\ngateways = [{ uri = "gw1" }]', "gateways: 'gw1' must be a SIP address"),
        ('[trunks.t]\nuri = "sip:x"\noutbound_proxy = "proxy"', "outbound_proxy: 'proxy' must be a SIP address"),
        ('[trunks.t]\nuri = "sip:x"\nusername = "us"', "username and password go together"),
        ('[trunks.t]\nuri = "sip:x"\nprefixes = ["0049 30"]', "prefixes: '0049 30' must be the beginning"),
        ('[trunks.t]\nuri = "sip:x"\nallow = ["de"]', "allow: 'de' must be the beginning of a number"),
        ('[users.u]\npassword = ""', r"\[users.u\] password must not be empty"),
        ('[numbers."+1"]\nvoice_url = "app/voice"', "voice_url must begin with http:// or https://"),
        ('[numbers."+1"]\nvoice_url = "http://x"\nvoice_method = "PUT"', "voice_method must be GET or POST"),
        ('rtp = "127.0.0.1:7-7"', "has no even port"),
        ('sip_listen = ["tls://h:1", "wss://h:1"]', "sip_listen wss://h:1: tls://h:1 has that port already"),
        ('sip_listen = ["tcp://127.0.0.1:5060"]', r"sip 127.0.0.1:5060 \(UDP and TCP\) has that port already"),
        ('latch = ""', "latch '' must be one of announced, first"),
        ('transfers = ""', "transfers '' must be one of never, users, trunks, everybody"),
        ('voice_activity = ""', "voice_activity '' must be one of own, silero"),
        ('[users.u]\npassword = "x"\nlatch = "last"', "latch must be one of announced, first"),
        ('[trunks.t]\nuri = "sip:x"\nidentity = "loud"', "identity must be one of asserted, from"),
        ('[trunks.t]\nuri = "sip:x"\nnumber_rules = ["shout"]', "'shout' is no rule for numbers"),
        ('[trunks.t]\nuri = "sip:x"\nregister = true', "register needs username, password"),
        ('[trunks.t]\nuri = "sip:x"\nregister = "yes"', "register must be true or false"),
        ('[trunks.t]\nuri = "sip:x"\naddresses = ["carrier.example.com"]', "is no IP address or network"),
        ('[trunks.t]\nuri = "sip:x"\nsilence_s = 9\nprogress_s = 8', "progress_s must not be less"),
        ('[numbers."+1"]\nvoiceurl = "x"', "does not know voiceurl; it may say application, voice_method, voice_url"),
        ("[applications.a]", "lacks voice_url"),
        ("nonsense", "not valid TOML"),
    ],
)
def test_a_file_that_says_nonsense_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        read_settings({}, file(tmp_path, text), HOME)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file"):
        read_settings({}, tmp_path / "none.toml", HOME)


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("tls://192.0.2.1", SipListen("tls", Endpoint("192.0.2.1", 5061))),
        ("udp://[2001:db8::1]:5070", SipListen("udp", Endpoint("2001:db8::1", 5070))),
        (
            "wss://0.0.0.0:8443?advertise=sip.example.com",
            SipListen("wss", Endpoint("0.0.0.0", 8443), Endpoint("sip.example.com", 0)),
        ),
        (
            "udp://10.0.0.2:0/?advertise=[2001:db8::7]:5090",
            SipListen("udp", Endpoint("10.0.0.2", 0), Endpoint("2001:db8::7", 5090)),
        ),
    ],
)
def test_a_place_to_take_sip_at(text: str, listen: SipListen) -> None:
    assert read_settings({}, None, HOME | {"MIXMINUS_SIP_LISTEN": text}).sip_listen == (listen,)


@pytest.mark.parametrize(
    "text", ["sctp://h:1", "tls://", "tls://h:70000", "192.0.2.1:5061", "tls://0.0.0.0:5061", "tls://h?advertise=::"]
)
def test_no_place_to_take_sip_at(text: str) -> None:
    with pytest.raises(BadSetting, match="MIXMINUS_SIP_LISTEN"):
        read_settings({}, None, HOME | {"MIXMINUS_SIP_LISTEN": text})


def test_listeners_of_different_kinds_may_have_one_port_number() -> None:
    text = "udp://127.0.0.1:5070,tls://127.0.0.1:5070,tls://127.0.0.1:0,tls://127.0.0.1:0"
    assert len(read_settings({}, None, HOME | {"MIXMINUS_SIP_LISTEN": text}).sip_listen) == 4


@pytest.mark.parametrize("text", ['password = "54321"\nname = "Bob"', "password = 54321", 'password = ["54321"]'])
def test_a_password_is_in_no_complaint(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({}, file(tmp_path, f"[users.bob]\n{text}"), HOME)
    assert "54321" not in str(refused.value)


# --- the pages ----------------------------------------------------------------------------------------------------

PAGES = Path(__file__).parents[2] / "docs"


def rows(page: Path) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_of_settings_has_every_option_with_its_variable_key_and_default() -> None:
    documented = {row[0]: row[1:4] for row in rows(PAGES / "settings.md")}
    for option in OPTIONS:
        first = f"`{option.flag}`" if option.on_command_line else f"(key `{option.name}`)"
        assert documented[first] == [f"`{option.variable}`", f"`{option.name}`", option.shown_default], option.name


@pytest.mark.parametrize("table", KEYS)
def test_the_page_of_settings_has_every_key_of_every_table(table: str) -> None:
    documented = {row[0] for row in rows(PAGES / "settings.md") if row[-1].startswith(f"`[{table}.")}
    assert documented == {f"`{key}`" for key in KEYS[table]}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", ["running.md", "settings.md", "sip.md", "webrtc.md", "relay.md"])
def test_a_configuration_on_a_page_is_one_that_is_understood(tmp_path: Path, page: str) -> None:
    assert blocks(page, "toml")
    for block in blocks(page, "toml"):
        read_settings({}, file(tmp_path, block), HOME)


def test_a_page_names_no_option_that_does_not_exist() -> None:
    known = {option.flag for option in OPTIONS} | {"--config", "--say", "--play", "--record", "--for", "--server"}
    text = "\n".join(blocks("running.md", "sh"))
    for line in text.splitlines():
        if line.strip().startswith("mixminus "):
            assert set(re.findall(r"--[a-z-]+", line)) <= known, line


def test_a_page_names_no_metric_that_does_not_exist() -> None:
    source = (Path(__file__).parents[2] / "src" / "mixminus" / "cli" / "metrics.py").read_text()
    for name in re.findall(r"`mixminus_([a-z_]+?)(?:_total)?`", (PAGES / "running.md").read_text()):
        assert f'"{name}"' in source or f'"mixminus_{name}"' in source, name
