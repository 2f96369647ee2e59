"""Settings from options, environment and `mixminus.toml`, in this order of precedence (CONTRACT.md, "Commands")."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixminus.base.settings import Settings
from mixminus.cli.options import BY_NAME, OPTIONS, Option
from mixminus.cli.readings import BadSetting, check_listeners, check_media_addresses
from mixminus.cli.tables import KEYS, read_tables

NOT_OF_THE_NODE = frozenset({"log", "log_level"})
"""Options about how the program talks, not about what the node does."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How log lines are written."""

    form: str
    """`text`, `json`, or empty: whatever suits the place where they go."""
    level: str


class Told:
    """Everything that was said about a node, wherever it was said."""

    def __init__(self, given: Mapping[str, str | None], config: Path | None, environment: Mapping[str, str]) -> None:
        """*given* are options by name, None where there was none. Raises `BadSetting`."""
        self._given = given
        self._environment = environment
        self._file = _read_file(config)

    def settings(self) -> Settings:
        """Raises `BadSetting`."""
        values = {option.name: self._value(option) for option in OPTIONS if option.name not in NOT_OF_THE_NODE}
        values["data"] = values["data"] or default_data(self._environment)
        check_listeners(values["sip"], values["sip_listen"])
        check_media_addresses(values["rtp"].host, values["rtp_advertise"])
        return Settings(**values, **read_tables(self._file))

    def log(self) -> LogSettings:
        """Raises `BadSetting`."""
        return LogSettings(self._value(BY_NAME["log"]), self._value(BY_NAME["log_level"]))

    def _value(self, option: Option) -> Any:
        """The first that says something; an empty variable says nothing."""
        if text := self._given.get(option.name):
            return option.read(option.flag, text)
        if text := self._environment.get(option.variable):
            return option.read(option.variable, text)
        if option.name in self._file:
            return option.read(option.name, _text(option.name, self._file[option.name]))
        return option.read(option.flag, option.default)


def default_data(environment: Mapping[str, str]) -> Path:
    """The platform's data directory (XDG Base Directory Specification)."""
    base = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "/")) / ".local" / "share")
    return Path(base) / "mixminus"


def read_settings(given: Mapping[str, str | None], config: Path | None, environment: Mapping[str, str]) -> Settings:
    """Put them together. Raises `BadSetting`."""
    return Told(given, config, environment).settings()


def _read_file(config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        file = tomllib.loads(config.read_text())
    except OSError as error:
        raise BadSetting(f"--config {config} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"--config {config} is not valid TOML: {error}.") from error
    if unknown := sorted(file.keys() - BY_NAME.keys() - KEYS.keys()):
        raise BadSetting(f"--config {config} says {', '.join(unknown)}, which no version of this program knows.")
    return file


def _text(name: str, value: object) -> str:
    """A TOML value as it would be written on the command line."""
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case list() if all(isinstance(item, str) for item in value):
            return ",".join(value)
        case _:
            raise BadSetting(f"{name} = {value!r} in the configuration file must be a plain value.")
