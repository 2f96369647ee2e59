"""`[users.…]`, `[trunks.…]`, `[numbers.…]`, `[applications.…]`, `[recognisers.…]`, `[voices.…]` of the file."""

from collections.abc import Mapping
from typing import Any, Final

from mixminus.base.settings import DeclaredApplication, DeclaredNumber, SpeechService, Trunk
from mixminus.cli.options import BadSetting

KEYS: Final[Mapping[str, Mapping[str, type]]] = {
    "users": {"password": str},
    "trunks": {"uri": str, "prefixes": list, "username": str, "password": str, "from": str, "addresses": list},
    "numbers": {"voice_url": str, "voice_method": str, "application": str},
    "applications": {"voice_url": str, "voice_method": str},
    "recognisers": {"kind": str, "url": str, "key_env": str, "model": str},
    "voices": {"kind": str, "url": str, "key_env": str, "model": str, "voice": str},
}
"""Table to its keys and what each holds; a list is one of strings."""

REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "users": frozenset({"password"}),
    "trunks": frozenset({"uri"}),
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

_HOLDS: Final[Mapping[type, str]] = {str: "a string", list: "a list of strings"}


def read_tables(file: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Settings` that are tables. Raises `BadSetting`."""
    entries = {table: _entries(file, table) for table in KEYS}
    return {
        "users": {name: said["password"] for name, said in entries["users"].items()},
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
        items = value if isinstance(value, list) else [value]
        if not isinstance(value, known[key]) or not all(isinstance(item, str) for item in items):
            raise BadSetting(f"{where} {key} must be {_HOLDS[known[key]]}, not {value!r}.")


def _trunk(name: str, said: Mapping[str, Any]) -> Trunk:
    return Trunk(
        name=name,
        uri=said["uri"],
        prefixes=tuple(said.get("prefixes", ("+",))),
        username=said.get("username"),
        password=said.get("password"),
        from_=said.get("from"),
        addresses=tuple(said.get("addresses", ())),
    )


def _listed(names: "Mapping[str, Any] | frozenset[str] | set[str]") -> str:
    return ", ".join(sorted(names))
