"""`[users.…]`, `[trunks.…]`, `[numbers.…]`, `[applications.…]`, `[recognisers.…]`, `[voices.…]` of the file."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from mixminus.base.number_rules import BadRule, compiled
from mixminus.base.settings import DeclaredApplication, DeclaredNumber, Gateway, SpeechService, Trunk
from mixminus.cli.readings import LATCHES, SRTP, BadSetting
from mixminus.sip.messages.uri import AddressError, Uri

KEYS: Final[Mapping[str, Mapping[str, type]]] = {
    "users": {"password": str, "srtp": str, "latch": str},
    "trunks": {
        "uri": str,
        "gateways": Gateway,
        "prefixes": list,
        "username": str,
        "password": str,
        "from": str,
        "addresses": list,
        "silence_s": float,
        "progress_s": float,
        "options_s": int,
        "max_calls": int,
        "calls_per_second": float,
        "queue_s": float,
        "number_rules": list,
        "caller_rules": list,
        "callers": list,
        "identity": str,
        "domain": str,
        "register": bool,
        "register_s": int,
        "allow": list,
        "deny": list,
        "max_call_s": float,
        "srtp": str,
        "latch": str,
        "tls_verify": bool,
        "tls_roots": str,
        "outbound_proxy": str,
        "invites_per_second": float,
        "rates": dict,
        "spend_cap_per_day": float,
    },
    "numbers": {"voice_url": str, "voice_method": str, "application": str},
    "applications": {"voice_url": str, "voice_method": str},
    "recognisers": {"kind": str, "url": str, "key_env": str, "model": str},
    "voices": {"kind": str, "url": str, "key_env": str, "model": str, "voice": str},
}
"""Table to its keys and what each holds; a list is one of strings, and gateways are a list of tables."""

REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "users": frozenset({"password"}),
    "trunks": frozenset(),
    "numbers": frozenset(),
    "applications": frozenset({"voice_url"}),
    "recognisers": frozenset({"kind"}),
    "voices": frozenset({"kind"}),
}

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "recognisers": frozenset({"offline", "openai", "deepgram"}),
    "voices": frozenset({"offline", "openai"}),
}
"""Of speech services."""

IDENTITIES: Final = frozenset({"from", "asserted", "preferred", "private"})
"""Where a trunk names callers."""

_HOLDS: Final[Mapping[type, str]] = {
    str: "a string",
    list: "a list of strings",
    float: "a number above 0",
    int: "a whole number, 0 or more",
    bool: "true or false",
    dict: 'a table of beginnings of numbers to prices, such as { "+1" = 0.01 }',
    Gateway: "a list of { uri = …, priority = …, weight = … }, with whole numbers from 1 on",
}


_WAYS: Final = ("udp", "tcp", "tls")
"""To trunks."""

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"srtp": SRTP, "latch": LATCHES}
"""Keys that hold one of a few words, in whatever table they are."""

_AS_THEY_ARE: Final = frozenset(
    {"silence_s", "progress_s", "options_s", "max_calls", "calls_per_second", "queue_s", "identity", "domain"}
    | {"register", "register_s", "max_call_s", "srtp", "latch", "tls_verify", "tls_roots", "outbound_proxy"}
    | {"invites_per_second", "spend_cap_per_day"}
)
"""Keys of a trunk that are its fields."""
_LISTS: Final = frozenset({"number_rules", "caller_rules", "callers", "allow", "deny"})
"""And those that are tuples there."""


def read_tables(file: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Settings` that are tables. Raises `BadSetting`."""
    entries = {table: _entries(file, table) for table in KEYS}
    return {
        "users": {name: said["password"] for name, said in entries["users"].items()},
        "srtp_of_users": {name: said["srtp"] for name, said in entries["users"].items() if "srtp" in said},
        "latch_of_users": {name: said["latch"] for name, said in entries["users"].items() if "latch" in said},
        "trunks": tuple(_trunk(name, said) for name, said in entries["trunks"].items()),
        "numbers": tuple(DeclaredNumber(name, **said) for name, said in entries["numbers"].items()),
        "applications": tuple(DeclaredApplication(name, **said) for name, said in entries["applications"].items()),
        "recognisers": _speech(entries, "recognisers"),
        "voices": _speech(entries, "voices"),
    }


def _speech(entries: Mapping[str, Mapping[str, Mapping[str, Any]]], table: str) -> dict[str, SpeechService]:
    for name, said in entries[table].items():
        if said["kind"] not in KINDS[table]:
            raise BadSetting(f"[{table}.{name}] kind must be one of {_listed(KINDS[table])}, not {said['kind']!r}.")
    return {name: SpeechService(**said) for name, said in entries[table].items()}


def _entries(file: Mapping[str, Any], table: str) -> Mapping[str, Mapping[str, Any]]:
    entries = file.get(table, {})
    if not isinstance(entries, Mapping) or not all(isinstance(said, Mapping) for said in entries.values()):
        raise BadSetting(f"[{table}.NAME] must be a table with the keys {_listed(KEYS[table])}.")
    for name, said in entries.items():
        _check(f"[{table}.{name}]", table, said)
    return entries


def _check(where: str, table: str, said: Mapping[str, Any]) -> None:
    known = KEYS[table]
    if unknown := said.keys() - known.keys():
        raise BadSetting(f"{where} does not know {_listed(unknown)}; it may say {_listed(known)}.")
    if missing := REQUIRED[table] - said.keys():
        raise BadSetting(f"{where} lacks {_listed(missing)}.")
    for key, value in said.items():
        if not _fits(value, known[key]):
            shown = "" if key == "password" else f", not {value!r}"
            raise BadSetting(f"{where} {key} must be {_HOLDS[known[key]]}{shown}.")
    if said.get("password") == "":
        raise BadSetting(f"{where} password must not be empty.")
    if not said.get("voice_url", "http://").startswith(("http://", "https://")):
        raise BadSetting(f"{where} voice_url must begin with http:// or https://, not {said['voice_url']!r}.")
    if said.get("voice_method", "POST").upper() not in ("GET", "POST"):
        raise BadSetting(f"{where} voice_method must be GET or POST, not {said['voice_method']!r}.")
    for key, words in _WORDS.items():
        if key in said and said[key] not in words:
            raise BadSetting(f"{where} {key} must be one of {', '.join(words)}, not {said[key]!r}.")


def _fits(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
    if kind is bool:
        return isinstance(value, bool)
    if kind is int:
        return type(value) is int and value >= 0
    if kind is dict:
        return isinstance(value, Mapping) and all(_is_rate(prefix, price) for prefix, price in value.items())
    if kind is Gateway:
        return isinstance(value, list) and bool(value) and all(_is_gateway(item) for item in value)
    items = value if isinstance(value, list) else [value]
    return isinstance(value, kind) and all(isinstance(item, str) for item in items)


def _is_rate(prefix: object, price: object) -> bool:
    is_price = isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6
    return isinstance(prefix, str) and re.fullmatch(r"\+?[0-9]*", prefix) is not None and is_price


def _is_gateway(said: object) -> bool:
    if not isinstance(said, Mapping) or not said.keys() <= {"uri", "priority", "weight"}:
        return False
    numbers = [said.get("priority", 1), said.get("weight", 1)]
    return isinstance(said.get("uri"), str) and all(type(number) is int and number >= 1 for number in numbers)


def _trunk(name: str, said: Mapping[str, Any]) -> Trunk:
    where = f"[trunks.{name}]"
    if ("uri" in said) == ("gateways" in said):
        raise BadSetting(f"{where} needs uri or gateways, one of them: where calls are sent.")
    gateways = tuple(Gateway(**door) for door in said.get("gateways", ()))
    more: dict[str, Any] = {key: said[key] for key in _AS_THEY_ARE & said.keys()}
    more |= {key: tuple(said[key]) for key in _LISTS & said.keys()}
    trunk = Trunk(
        name=name,
        uri=gateways[0].uri if gateways else said["uri"],
        prefixes=tuple(said.get("prefixes", ("+",))),
        username=said.get("username"),
        password=said.get("password"),
        from_=said.get("from"),
        addresses=tuple(said.get("addresses", ())),
        gateways=gateways,
        rates=tuple((prefix, float(price)) for prefix, price in said.get("rates", {}).items()),
        **more,
    )
    for door in trunk.doors:
        _check_address(f"{where} {'gateways' if gateways else 'uri'}", door.uri)
    if trunk.outbound_proxy is not None:
        _check_address(f"{where} outbound_proxy", trunk.outbound_proxy)
    if (trunk.username is None) != (trunk.password is None):
        raise BadSetting(f"{where} username and password go together: set both, or none of them.")
    for key in ("prefixes", "allow", "deny"):
        if wrong := [prefix for prefix in said.get(key, ()) if not re.fullmatch(r"\+?[0-9]*", prefix)]:
            raise BadSetting(f"{where} {key}: {wrong[0]!r} must be the beginning of a number, such as +44.")
    if trunk.progress_s < trunk.silence_s:
        raise BadSetting(f"{where} progress_s must not be less than silence_s, {trunk.silence_s:g}.")
    if trunk.register and not (trunk.username and trunk.password and trunk.register_s):
        raise BadSetting(f"{where} register needs username, password and a register_s above 0.")
    for address in trunk.addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError as error:
            raise BadSetting(f"{where} addresses: {address!r} is no IP address or network.") from error
    if trunk.identity not in IDENTITIES:
        raise BadSetting(f"{where} identity must be one of {_listed(IDENTITIES)}, not {trunk.identity!r}.")
    try:
        for rule in (*trunk.number_rules, *trunk.caller_rules):
            compiled(rule)
    except BadRule as error:
        raise BadSetting(f"{where} {error}.") from error
    return trunk


def _check_address(where: str, text: str) -> None:
    """Of somebody to whom SIP is sent."""
    try:
        uri = Uri.parse(text)
        spoken = (
            uri.scheme in ("sip", "sips") and uri.host and uri.parameters.get("transport", "udp").lower() in _WAYS
        )
    except AddressError:
        spoken = False
    if not spoken:
        raise BadSetting(
            f"{where}: {text!r} must be a SIP address, such as sip:sip.carrier.example.com;transport=tls, with "
            f"{', '.join(_WAYS)} or no transport."
        )


def _listed(names: "Mapping[str, Any] | frozenset[str] | set[str]") -> str:
    return ", ".join(sorted(names))
