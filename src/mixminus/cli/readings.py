"""How the text of an option becomes its value; what has no sense is refused in words for whoever wrote it."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.base.settings import Endpoint, PortRange, SipListen

WILDCARDS: Final = ("0.0.0.0", "::")

_SIP_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}
_HOST: Final = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_LISTEN: Final = re.compile(
    rf"(?P<transport>{'|'.join(_SIP_PORTS)})://(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?:/?\?advertise=(?P<told>{_HOST})(?::(?P<told_port>[0-9]{{1,5}}))?)?"
)


class BadSetting(MixminusError):
    """Something that was set has no sense; the message names it and shows how it is written."""


CODECS: Final = ("opus", "G722", "PCMU", "PCMA")
SRTP: Final = ("never", "offered", "required")
LATCHES: Final = ("announced", "first")


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
    return tuple(_sip_listen(name, word) for word in _words(text))


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


def check_listeners(sip: Endpoint, listeners: tuple[SipListen, ...]) -> None:
    """Raises `BadSetting` when two would have one port."""
    taken = {(kind, sip): f"sip {sip} (UDP and TCP)" for kind in ("datagrams", "streams")}
    for listen in listeners:
        said = f"{listen.transport}://{listen.at}"
        place = ("datagrams" if listen.transport == "udp" else "streams", listen.at)
        if listen.at.port and place in taken:
            raise BadSetting(f"sip_listen {said}: {taken[place]} has that port already. Choose another one.")
        taken[place] = said


def port_range(name: str, text: str) -> PortRange:
    host, _, ports = text.rpartition(":")
    low, dash, high = ports.partition("-")
    numbers = _is_number(low) and _is_number(high)
    if not host or not dash or not numbers or not 0 <= int(low) <= int(high) <= 65_535:
        raise BadSetting(f"{name} {text!r} must be HOST:LOW-HIGH, such as 127.0.0.1:20000-29999.")
    if low == high and int(low) % 2:
        raise BadSetting(f"{name} {text!r} has no even port, and a leg takes one.")
    host = host.strip("[]")
    if not _is_address(host):
        raise BadSetting(f"{name} {text!r}: {host} is no IP address, and SDP tells phones addresses.")
    return PortRange(host, int(low), int(high))


def addresses(name: str, text: str) -> tuple[str, ...]:
    """IP addresses that others may reach; an empty text is none."""
    found = tuple(dict.fromkeys(word.strip("[]") for word in _words(text)))
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
    return _below(1e9, name, text, "a number of seconds")


def rate(name: str, text: str) -> float:
    return _below(1e6, name, text, "a number of requests per second; 0 is no limit")


def amount(name: str, text: str) -> float:
    return _below(1e9, name, text, "an amount of money, such as 250; 0 is no limit")


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
    """An empty text is one of them only where it stands among them."""

    def read(name: str, text: str) -> str:
        if text.lower() not in words:
            raise BadSetting(f"{name} {text!r} must be one of {', '.join(filter(None, words))}.")
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
    found = _words(text)
    if not all(re.fullmatch(r"\+?[0-9]*", word) for word in found):
        raise BadSetting(f"{name} {text!r} must be beginnings of numbers, such as +1,+44.")
    return found


def servers(name: str, text: str) -> tuple[str, ...]:
    """IP addresses, perhaps with ports; an empty text is none."""
    found = _words(text)
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
    found = _words(text.lower())
    if not all(re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", word) for word in found):
        raise BadSetting(f"{name} {text!r} must be hosts, such as pbx.example.com,192.0.2.7.")
    return found


def up_to_ten(name: str, text: str) -> int:
    return _whole_in(range(11), name, text, "a whole number from 0 to 10")


def megabytes(name: str, text: str) -> int:
    return _whole_in(range(65_537), name, text, "a whole number of megabytes; 0 keeps nothing")


def records(name: str, text: str) -> int:
    if not _is_number(text) or int(text) > 100_000_000:
        raise BadSetting(f"{name} {text!r} must be a whole number of records; 0 keeps none.")
    return int(text)


def session_interval(name: str, text: str) -> int:
    return 0 if text == "0" else _whole_in(range(90, 86_401), name, text, "90 to 86400 seconds; 0 asks for none")


def ice_urls(*schemes: str) -> Callable[[str, str], tuple[str, ...]]:
    def read(name: str, text: str) -> tuple[str, ...]:
        found = _words(text)
        if not all(word.startswith(tuple(f"{scheme}:" for scheme in schemes)) for word in found):
            raise BadSetting(f"{name} {text!r} must be URLs such as {schemes[0]}:{schemes[0]}.example.com:3478.")
        return found

    return read


def secret(_name: str, text: str) -> str | None:
    return text or None


def credential_life(name: str, text: str) -> int:
    return _whole_in(range(60, 86_401), name, text, "60 to 86400 seconds")


def folder(_name: str, text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _words(text: str) -> tuple[str, ...]:
    """What stands between commas; an empty text is none."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _below(limit: float, name: str, text: str, what: str) -> float:
    """A number from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < limit:
        raise BadSetting(f"{name} {text!r} must be {what}.")
    return value


def _whole_in(numbers: range, name: str, text: str, what: str) -> int:
    if not _is_number(text) or int(text) not in numbers:
        raise BadSetting(f"{name} {text!r} must be {what}.")
    return int(text)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
