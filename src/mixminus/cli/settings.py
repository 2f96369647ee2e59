"""Settings from options, environment and `mixminus.toml`, in this order of precedence (CONTRACT.md, "Commands")."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mixminus.base.errors import MixminusError
from mixminus.base.settings import (
    DeclaredApplication,
    DeclaredNumber,
    Endpoint,
    PortRange,
    Settings,
    Trunk,
)

ENVIRONMENT_PREFIX: Final = "MIXMINUS_"

OPTIONS: Final = {
    "http": "127.0.0.1:8080",
    "sip": "127.0.0.1:5060",
    "rtp": "127.0.0.1:20000-29999",
    "data": "",
    "database": "",
    "workers": "",
    "public_url": "",
    "drain_s": "30",
    "rtp_timeout_s": "60",
}
"""Name to default; empty means what `Settings` says."""


class BadSetting(MixminusError):
    """Something that was set has no sense; the message names it and shows how it is written."""


def default_data(environment: Mapping[str, str]) -> Path:
    """The platform's data directory (XDG Base Directory Specification)."""
    base = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "/")) / ".local" / "share")
    return Path(base) / "mixminus"


def read_settings(given: Mapping[str, str | None], config: Path | None, environment: Mapping[str, str]) -> Settings:
    """Put them together. Raises `BadSetting`."""
    file = _read_file(config)

    def value(name: str) -> str:
        from_environment = environment.get(ENVIRONMENT_PREFIX + name.upper())
        return str(given.get(name) or from_environment or file.get(name) or OPTIONS[name])

    return Settings(
        data=Path(value("data")) if value("data") else default_data(environment),
        http=_endpoint("http", value("http")),
        sip=_endpoint("sip", value("sip")),
        rtp=_port_range(value("rtp")),
        database=value("database") or None,
        workers=_whole("workers", value("workers") or str(os.cpu_count() or 1)),
        public_url=value("public_url").rstrip("/") or None,
        drain_s=_seconds("drain_s", value("drain_s")),
        rtp_timeout_s=_seconds("rtp_timeout_s", value("rtp_timeout_s")),
        **_tables(file),
    )


def _read_file(config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        return tomllib.loads(config.read_text())
    except OSError as error:
        raise BadSetting(f"--config {config} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"--config {config} is not valid TOML: {error}.") from error


def _tables(file: Mapping[str, Any]) -> dict[str, Any]:
    """`[users.…]`, `[trunks.…]`, `[numbers.…]`, `[applications.…]`."""
    try:
        return {
            "users": {name: str(user["password"]) for name, user in _table(file, "users").items()},
            "trunks": tuple(_trunk(name, said) for name, said in _table(file, "trunks").items()),
            "numbers": tuple(DeclaredNumber(name, **_words(said)) for name, said in _table(file, "numbers").items()),
            "applications": tuple(
                DeclaredApplication(name, **_words(said)) for name, said in _table(file, "applications").items()
            ),
        }
    except KeyError as error:
        raise BadSetting(f"A table of the configuration file lacks {error}.") from error
    except TypeError as error:
        raise BadSetting(f"A table of the configuration file says something unknown: {error}.") from error


def _table(file: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = file.get(name, {})
    if not isinstance(table, Mapping) or not all(isinstance(entry, Mapping) for entry in table.values()):
        raise BadSetting(f"[{name}.NAME] must be a table.")
    return table


def _trunk(name: str, said: Mapping[str, Any]) -> Trunk:
    return Trunk(
        name=name,
        uri=str(said["uri"]),
        prefixes=tuple(str(prefix) for prefix in said.get("prefixes", ("+",))),
        username=said.get("username"),
        password=said.get("password"),
        from_=said.get("from"),
        addresses=tuple(str(address) for address in said.get("addresses", ())),
    )


def _words(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in said.items()}


def _endpoint(name: str, text: str) -> Endpoint:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise BadSetting(f"--{name} {text!r} must be HOST:PORT, such as 127.0.0.1:8080 (port 0 picks a free one).")
    return Endpoint(host.strip("[]"), int(port))


def _port_range(text: str) -> PortRange:
    host, _, ports = text.rpartition(":")
    low, dash, high = ports.partition("-")
    if not host or not dash or not (low.isdigit() and high.isdigit()) or not 0 <= int(low) <= int(high) <= 65_535:
        raise BadSetting(f"--rtp {text!r} must be HOST:LOW-HIGH, such as 127.0.0.1:20000-29999.")
    return PortRange(host.strip("[]"), int(low), int(high))


def _whole(name: str, text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise BadSetting(f"--{name} {text!r} must be a whole number of at least 1.")
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise BadSetting(f"--{name.replace('_', '-')} {text!r} must be a number of seconds.")
    return seconds
