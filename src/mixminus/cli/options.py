"""Every option of a node, once: option, environment variable, key of `mixminus.toml` and documentation follow it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mixminus.cli.readings import (
    CODECS,
    LATCHES,
    SRTP,
    addresses,
    amount,
    codecs,
    credential_life,
    database,
    digest_algorithms,
    endpoint,
    folder,
    hosts,
    ice_urls,
    megabytes,
    one_of,
    port_range,
    prefixes,
    rate,
    records,
    seconds,
    secret,
    servers,
    session_interval,
    sip_endpoint,
    sip_listeners,
    truth,
    up_to_ten,
    url,
    whole,
)

ENVIRONMENT_PREFIX: Final = "MIXMINUS_"


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
            "webhook_log",
            "100000",
            "100000",
            "How many webhooks are kept to be looked at and replayed",
            records,
            False,
        ),
        ("alert_log", "10000", "10000", "How many warnings and errors are kept", records, False),
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
        ("srtp", "offered", "offered", "Whether audio is secured: never, offered, required", one_of(*SRTP), False),
        (
            "srtp_over_any_transport",
            "false",
            "false",
            "Whether keys of audio may be told in SIP that others can read",
            truth,
            False,
        ),
        ("latch", "announced", "announced", "Whose audio is a call's: announced, first", one_of(*LATCHES), False),
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
        ("log", "", "text on a terminal, else json", "Log lines are text or json", one_of("", "text", "json")),
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
