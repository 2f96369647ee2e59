"""Every option of a node, once: option, environment variable, key of `mixminus.toml` and documentation follow it."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mixminus.base.errors import MixminusError
from mixminus.base.settings import Endpoint, PortRange, SipListen

ENVIRONMENT_PREFIX: Final = "MIXMINUS_"

WILDCARDS: Final = ("0.0.0.0", "::")

_SIP_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}
_HOST: Final = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_LISTEN: Final = re.compile(
    rf"(?P<transport>{'|'.join(_SIP_PORTS)})://(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?:/?\?advertise=(?P<told>{_HOST})(?::(?P<told_port>[0-9]{{1,5}}))?)?"
)


class BadSetting(MixminusError):
    """Something that was set has no sense; the message names it and shows how it is written."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a node can be told; `read` turns its text into a value, or raises `BadSetting`."""

    name: str
    default: str
    """As text; empty means that somebody else decides: the platform, the terminal, another option."""
    shown_default: str
    meaning: str
    read: Callable[[str, str], Any]
    """Given how the option is called, and its text."""
    on_command_line: bool = True

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def help(self) -> str:
        return f"{self.meaning} [{self.shown_default}]"


CODECS: Final = ("opus", "G722", "PCMU", "PCMA")
SRTP: Final = ("never", "offered", "required")
LATCHES: Final = ("announced", "first")

# --- how each is read ---------------------------------------------------------------------------------------------


def endpoint(name: str, text: str) -> Endpoint:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not _is_number(port) or int(port) > 65_535:
        raise BadSetting(f"{name} {text!r} must be HOST:PORT, such as 127.0.0.1:8080 (port 0 picks a free one).")
    return Endpoint(host.strip("[]"), int(port))


def sip_endpoint(name: str, text: str) -> Endpoint:
    """It is also our name in Via and Contact."""
    at = endpoint(name, text)
    if at.host in WILDCARDS:
        raise BadSetting(f"{name} {text!r}: phones cannot call {at.host} back. Write the address that they reach.")
    return at


def sip_listeners(name: str, text: str) -> tuple[SipListen, ...]:
    """`tls://192.0.2.10:5061,wss://0.0.0.0:8443?advertise=203.0.113.5`; an empty text is none."""
    return tuple(_sip_listen(name, word.strip()) for word in text.split(",") if word.strip())


def _sip_listen(name: str, text: str) -> SipListen:
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise BadSetting(
            f"{name} {text!r} must be TRANSPORT://HOST:PORT, such as tls://192.0.2.10:5061, perhaps with "
            f"?advertise=HOST:PORT behind it; transports are {', '.join(_SIP_PORTS)}."
        )
    port = match["port"] or str(_SIP_PORTS[match["transport"]])
    at = endpoint(name, f"{match['host']}:{port}")
    told = match["told"] and endpoint(name, f"{match['told']}:{match['told_port'] or 0}")
    if (told or at).host in WILDCARDS:
        raise BadSetting(f"{name} {text!r}: phones cannot call {at.host} back. Add ?advertise=HOST that they reach.")
    return SipListen(match["transport"], at, told or None)


def port_range(name: str, text: str) -> PortRange:
    host, _, ports = text.rpartition(":")
    low, dash, high = ports.partition("-")
    numbers = _is_number(low) and _is_number(high)
    if not host or not dash or not numbers or not 0 <= int(low) <= int(high) <= 65_535:
        raise BadSetting(f"{name} {text!r} must be HOST:LOW-HIGH, such as 127.0.0.1:20000-29999.")
    host = host.strip("[]")
    if not _is_address(host):
        raise BadSetting(f"{name} {text!r}: {host} is no IP address, and SDP tells phones addresses.")
    return PortRange(host, int(low), int(high))


def addresses(name: str, text: str) -> tuple[str, ...]:
    """IP addresses that others may reach; an empty text is none."""
    found = tuple(dict.fromkeys(word.strip().strip("[]") for word in text.split(",") if word.strip()))
    for address in found:
        if address in WILDCARDS or not _is_address(address):
            raise BadSetting(f"{name} {address!r} must be an IP address that phones reach, such as 192.0.2.10.")
    return found


def check_media_addresses(bound: str, advertised: tuple[str, ...]) -> None:
    """Raises `BadSetting` when phones would be told of media where it is not."""
    if bound in WILDCARDS and not advertised:
        raise BadSetting(f"rtp {bound}: phones cannot send to that. Set rtp_advertise to the addresses they reach.")
    if bound == "::":
        return
    if wrong := [address for address in advertised if (":" in address) != (":" in bound)]:
        raise BadSetting(f"rtp_advertise {wrong[0]}: rtp {bound} has no ports in that IP version; [::] has in both.")


def whole(name: str, text: str) -> int:
    if not _is_number(text) or int(text) < 1:
        raise BadSetting(f"{name} {text!r} must be a whole number of at least 1.")
    return int(text)


def seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise BadSetting(f"{name} {text!r} must be a number of seconds.")
    return value


def rate(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise BadSetting(f"{name} {text!r} must be a number of requests per second; 0 is no limit.")
    return value


def amount(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise BadSetting(f"{name} {text!r} must be an amount of money, such as 250; 0 is no limit.")
    return value


def url(name: str, text: str) -> str | None:
    if text and not text.startswith(("http://", "https://")):
        raise BadSetting(f"{name} {text!r} must begin with http:// or https://.")
    return text.rstrip("/") or None


def database(name: str, text: str) -> str | None:
    if text and not text.startswith(("sqlite:", "postgresql:", "postgresql+")):
        raise BadSetting(f"{name} {text!r} must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.")
    return text or None


def truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise BadSetting(f"{name} {text!r} must be true or false.")
    return text.lower() == "true"


def one_of(*words: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text.lower() not in ("", *words):
            raise BadSetting(f"{name} {text!r} must be one of {', '.join(words)}.")
        return text.lower()

    return read


def word_of(words: tuple[str, ...]) -> Callable[[str, str], str]:
    """One of these, and not an empty text."""

    def read(name: str, text: str) -> str:
        if text.lower() not in words:
            raise BadSetting(f"{name} {text!r} must be one of {', '.join(words)}.")
        return text.lower()

    return read


def digest_algorithms(name: str, text: str) -> tuple[str, ...]:
    algorithms = tuple(word.strip().upper() for word in text.split(","))
    if not set(algorithms) <= {"SHA-256", "MD5"}:
        raise BadSetting(f"{name} {text!r} must be SHA-256, MD5 or both, strongest first.")
    return algorithms


def codecs(name: str, text: str) -> tuple[str, ...]:
    """Without regard to case, each once."""
    known = {codec.lower(): codec for codec in CODECS}
    named = [word.strip().lower() for word in text.split(",")]
    if not set(named) <= known.keys():
        raise BadSetting(f"{name} {text!r} must be some of {','.join(CODECS)}, most preferred first.")
    return tuple(dict.fromkeys(known[word] for word in named))


def prefixes(name: str, text: str) -> tuple[str, ...]:
    """Beginnings of numbers; an empty text is none."""
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if not all(re.fullmatch(r"\+?[0-9]*", word) for word in found):
        raise BadSetting(f"{name} {text!r} must be beginnings of numbers, such as +1,+44.")
    return found


def servers(name: str, text: str) -> tuple[str, ...]:
    """IP addresses, perhaps with ports; an empty text is none."""
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in found:
        host, colon, port = word.rpartition(":")
        with_port = bool(colon) and (":" not in host or host.startswith("["))
        if with_port and not (_is_number(port) and 0 < int(port) < 65_536):
            raise BadSetting(f"{name} {word!r} must be HOST or HOST:PORT.")
        try:
            ipaddress.ip_address((host if with_port else word).strip("[]"))
        except ValueError as error:
            raise BadSetting(
                f"{name} {word!r} must be an IP address, such as 192.0.2.53 or 192.0.2.53:5353."
            ) from error
    return found


def hosts(name: str, text: str) -> tuple[str, ...]:
    """Host names and addresses, as they stand in SIP addresses; an empty text is none."""
    found = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    if not all(re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", word) for word in found):
        raise BadSetting(f"{name} {text!r} must be hosts, such as pbx.example.com,192.0.2.7.")
    return found


def up_to_ten(name: str, text: str) -> int:
    if not _is_number(text) or int(text) > 10:
        raise BadSetting(f"{name} {text!r} must be a whole number from 0 to 10.")
    return int(text)


def megabytes(name: str, text: str) -> int:
    if not _is_number(text) or int(text) > 65_536:
        raise BadSetting(f"{name} {text!r} must be a whole number of megabytes; 0 keeps nothing.")
    return int(text)


def session_interval(name: str, text: str) -> int:
    if not _is_number(text) or not (int(text) == 0 or 90 <= int(text) <= 86_400):
        raise BadSetting(f"{name} {text!r} must be 90 to 86400 seconds; 0 asks for none.")
    return int(text)


def ice_urls(*schemes: str) -> Callable[[str, str], tuple[str, ...]]:
    def read(name: str, text: str) -> tuple[str, ...]:
        found = tuple(word.strip() for word in text.split(",") if word.strip())
        if not all(word.startswith(tuple(f"{scheme}:" for scheme in schemes)) for word in found):
            raise BadSetting(f"{name} {text!r} must be URLs such as {schemes[0]}:{schemes[0]}.example.com:3478.")
        return found

    return read


def secret(_name: str, text: str) -> str | None:
    return text or None


def credential_life(name: str, text: str) -> int:
    if not _is_number(text) or not 60 <= int(text) <= 86_400:
        raise BadSetting(f"{name} {text!r} must be 60 to 86400 seconds.")
    return int(text)


def folder(_name: str, text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


# --- the table ----------------------------------------------------------------------------------------------------

OPTIONS: Final = tuple(
    Option(*row)
    for row in (
        ("http", "127.0.0.1:8080", "127.0.0.1:8080", "REST, metrics and media of recordings, HOST:PORT", endpoint),
        ("sip", "127.0.0.1:5060", "127.0.0.1:5060", "SIP over UDP and TCP, HOST:PORT", sip_endpoint),
        ("sip_listen", "", "none", "More places to take SIP at, TRANSPORT://HOST:PORT", sip_listeners, False),
        ("sip_tls_certificate", "", "one of its own", "File with the certificate for TLS and WSS", folder, False),
        ("sip_tls_key", "", "one of its own", "File with the key of that certificate", folder, False),
        ("sip_keepalive_s", "25", "25", "Seconds from one sign of life to the next", seconds, False),
        ("rtp", "127.0.0.1:20000-29999", "127.0.0.1:20000-29999", "Media ports, HOST:LOW-HIGH", port_range),
        ("rtp_advertise", "", "the host of --rtp", "Addresses that SDP tells phones for media", addresses, False),
        ("data", "", "platform data directory", "Where everything is kept that a node keeps", folder),
        ("database", "", "SQLite in --data", "Database URL", database),
        ("workers", str(os.cpu_count() or 1), "one per core", "Cores that media may use at the same time", whole),
        ("public_url", "", "the HTTP address", "What URLs that are handed out start with", url),
        ("drain_s", "30", "30", "Seconds that live calls get when the node stops", seconds),
        ("rtp_timeout_s", "60", "60", "A phone that is silent for so many seconds is gone", seconds, False),
        ("max_call_s", "0", "0", "Every call ends when it has lasted so many seconds", seconds, False),
        ("allow_destinations", "", "all", "Beginnings of numbers that may be called over trunks", prefixes, False),
        ("deny_destinations", "", "none", "Beginnings of numbers that may not be called", prefixes, False),
        (
            "transfers",
            "users",
            "users",
            "Whose phones may transfer calls: never, users, trunks, everybody",
            one_of("never", "users", "trunks", "everybody"),
            False,
        ),
        ("transfer_hosts", "", "none", "Hosts elsewhere to which calls may be transferred", hosts, False),
        ("spend_cap_per_day", "0", "0", "What calls over all trunks may cost in a day", amount, False),
        ("call_guard_url", "", "none", "Asked by webhook before each call over a trunk", url, False),
        (
            "call_guard_default",
            "deny",
            "deny",
            "What it means that the call guard gives no answer: allow, deny",
            one_of("allow", "deny"),
            False,
        ),
        ("invites_per_second", "20", "20", "Calls that one host may begin in a second", rate, False),
        ("registers_per_second", "100", "100", "REGISTERs that one host may send in a second", rate, False),
        ("requests_per_second", "50", "50", "Other requests that one host may send in a second", rate, False),
        ("user_invites_per_second", "10", "10", "Calls that one user may begin in a second", rate, False),
        ("ban_s", "60", "60", "Seconds that the first ban of a host lasts", seconds, False),
        ("public_recordings", "false", "false", "Whether anybody may fetch recordings", truth, False),
        (
            "session_expires_s",
            "1800",
            "1800",
            "The session interval that is asked for, in seconds",
            session_interval,
            False,
        ),
        (
            "nameservers",
            "",
            "the system's",
            "Who is asked where SIP names lead, HOST or HOST:PORT",
            servers,
            False,
        ),
        ("stir_roots", "", "none", "PEM file with the authorities behind signed callers", folder, False),
        ("stir_private", "false", "false", "Whether their certificates may be at private addresses", truth, False),
        ("sip_trace_mb", "16", "16", "How many megabytes of SIP messages are kept to be looked at", megabytes, False),
        (
            "digest_algorithms",
            "SHA-256,MD5",
            "SHA-256,MD5",
            "What phones are challenged with, strongest first",
            digest_algorithms,
            False,
        ),
        (
            "codecs",
            ",".join(CODECS),
            ",".join(CODECS),
            "What phones are offered, most preferred first",
            codecs,
            False,
        ),
        ("srtp", "offered", "offered", "Whether audio is secured: never, offered, required", word_of(SRTP), False),
        (
            "srtp_over_any_transport",
            "false",
            "false",
            "Whether keys of audio may be told in SIP that others can read",
            truth,
            False,
        ),
        ("latch", "announced", "announced", "Whose audio is a call's: announced, first", word_of(LATCHES), False),
        ("opus_complexity", "5", "5", "Quality of Opus against CPU time, 0 to 10", up_to_ten, False),
        ("stun_urls", "", "none", "STUN servers that browsers are told", ice_urls("stun", "stuns"), False),
        ("turn_urls", "", "none", "TURN servers that browsers are told", ice_urls("turn", "turns"), False),
        ("turn_secret", "", "none", "The secret that those TURN servers share with the node", secret, False),
        (
            "turn_ttl_s",
            "86400",
            "86400",
            "How long a credential for TURN is good, in seconds",
            credential_life,
            False,
        ),
        ("voice_activity", "own", "own", "Who tells voices from noise: own, silero", one_of("own", "silero"), False),
        ("moonshine", "", "none", "Folder with the weights of the better offline recogniser", folder, False),
        ("log", "", "text on a terminal, else json", "Log lines are text or json", one_of("text", "json")),
        (
            "log_level",
            "info",
            "info",
            "What is worth a log line: debug, info, warning, error",
            one_of("debug", "info", "warning", "error"),
        ),
    )
)

BY_NAME: Final[Mapping[str, Option]] = {option.name: option for option in OPTIONS}
