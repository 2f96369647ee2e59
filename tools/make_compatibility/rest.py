"""Resources and parameters, against the operations of `mixminus.api` and its list of what is not carried out."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import getsource
from pathlib import Path

from tools.make_compatibility.rows import Notes, Row, Section, Status

import mixminus
from mixminus.api.app import operations
from mixminus.api.not_yet import NOT_YET
from mixminus.api.resources import instructions

ACCOUNT = "/2010-04-01/Accounts/{}"

FAMILIES = ("Method", "Event", "<", ">")
"""Endings of parameters that are read together with their stem."""


def sections(facts: Mapping[str, Mapping[str, str]], notes: Notes) -> Iterator[Section]:
    yield Section(2, "REST resources")
    for resource, listed in facts.items():
        offered = {operation: words for operation, words in listed.items() if is_offered(operation)}
        if offered:
            yield Section(3, resource, rows=tuple(_rows(offered, notes)))
        missing = {operation: words for operation, words in listed.items() if operation not in offered}
        if missing:
            title = f"{resource}: not offered" if offered else resource
            yield Section(3, title, "Answered with 20404.", tuple(absent(missing)))


def is_offered(operation: str) -> bool:
    method, path = operation.split()
    whole = path if path.startswith("/v1/") else "/2010-04-01" + path if _is_account(path) else f"{ACCOUNT}{path}"
    return (method, _bare(whole)) in _served()


def _is_account(path: str) -> bool:
    return path.startswith("/Accounts/")


def _rows(offered: Mapping[str, str], notes: Notes) -> Iterator[Row]:
    for operation, words in offered.items():
        yield notes.on(operation, Row(f"`{operation}`", Status.YES))
        for name in words.split():
            yield notes.on(f"{operation} {name}", notes.on(name, parameter(operation, name)))


def parameter(operation: str, name: str) -> Row:
    """A parameter works if the API reads it and does not list it as not carried out."""
    shown = f"· `{name}`"
    why = _not_yet(operation).get(name)
    if why is not None:
        return Row(shown, Status.NOT_YET, f"accepted; {why}")
    return Row(shown, Status.YES if is_read(name) else Status.NOT_YET)


def absent(missing: Mapping[str, str]) -> Iterator[Row]:
    for operation, words in missing.items():
        names = ", ".join(f"`{word}`" for word in words.split())
        yield Row(f"`{operation}`", Status.NOT_YET, names and f"with {names}")


def is_read(name: str) -> bool:
    """Whether the API's code speaks of the parameter, of the stem of its family, or of the field that it fills."""
    stems = [name.removesuffix(ending) for ending in FAMILIES if name.endswith(ending)]
    field = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return f'"{field}"' in getsource(instructions) or any(f'"{word}"' in _source() for word in (name, *stems))


def _not_yet(operation: str) -> Mapping[str, str]:
    method, path = operation.split()
    tail = path.removesuffix(".json")
    names = (f"{method} {tail}", f"{method} /{tail.rsplit('/', 1)[1]}")
    if "{" in names[1]:  # an update is listed under its resource, or under what a create says
        names = (names[0], f"{method} {tail.rsplit('/', 1)[0]}")
    return next((NOT_YET[name] for name in names if name in NOT_YET), {})


@cache
def _served() -> frozenset[tuple[str, str]]:
    return frozenset((operation.method, _bare(operation.path)) for operation in operations())


@cache
def _source() -> str:
    root = Path(next(iter(mixminus.__path__)))
    return "\n".join(file.read_text() for file in sorted((root / "api").rglob("*.py")) if file.stem != "not_yet")


def _bare(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
