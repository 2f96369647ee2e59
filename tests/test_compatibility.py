"""docs/compatibility.md is up to date, names everything that Twilio has, and what it promises has a test."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tools.make_compatibility import rest, rows, twiml, webhooks
from tools.make_compatibility.page import compatibility_page
from tools.make_compatibility.rows import Notes, Row, Status

ROOT = Path(__file__).parents[1]
PAGING = {"PageSize", "Page", "PageToken"}
SCENARIOS = "\n".join(file.read_text() for file in sorted((ROOT / "tests" / "scenarios").glob("*.py")))


def test_the_page_is_up_to_date() -> None:
    """If this fails: `python -m tools.make_compatibility`."""
    assert (ROOT / "docs" / "compatibility.md").read_text() == compatibility_page()


def described(path: str, method: str) -> set[str]:
    """The parameters of an operation, in Twilio's own description."""
    description = json.loads((ROOT / "tests/api/openapi/twilio_api_v2010.voice.json").read_text())
    operation = description["paths"][path][method]
    names = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    form = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {})
    names |= set(form.get("schema", {}).get("properties", {}))
    return {re.sub(r"^Parameter\d+\.", "ParameterN.", name) for name in names} - PAGING


def test_every_operation_and_parameter_of_twilios_description_is_listed() -> None:
    description: Any = json.loads((ROOT / "tests/api/openapi/twilio_api_v2010.voice.json").read_text())
    listed = {operation: words for group in rows.facts("rest").values() for operation, words in group.items()}
    for path, operations in description["paths"].items():
        short = path.removeprefix("/2010-04-01").removeprefix("/Accounts/{AccountSid}")
        for method in operations.keys() & {"get", "post", "delete"}:
            assert set(listed[f"{method.upper()} {short}"].split()) == described(path, method), (method, path)


def test_every_attribute_of_the_code_is_listed() -> None:
    """Nothing that is not offered hides from the page."""
    names = rows.facts("twiml")
    listed = {**names["verbs"], **names["nouns"], **names["connected"]}
    for element, table in twiml.TABLES.items():
        ours = {row.name for row in table if not row.offered}
        assert ours <= set(listed[element].split()), element


def test_a_note_on_what_is_not_there_is_a_mistake() -> None:
    notes = Notes({"Say.volume": {"status": "yes"}})
    list(twiml.sections(rows.facts("twiml"), notes))
    assert notes.unused == {"Say.volume"}


def test_a_parameter_that_the_api_does_not_read_is_not_promised() -> None:
    assert rest.parameter("POST /Calls.json", "Zebra").status is Status.NOT_YET
    assert rest.parameter("POST /Calls.json", "Url").status is Status.YES
    assert not rest.is_offered("POST /Messages.json")
    [events, *_] = [section for section in webhooks.sections(rows.facts("twiml"), Notes({})) if section.rows]
    assert Row("`conference-start`", Status.YES) in events.rows


def promised() -> list[str]:
    """What the page says yes or partly to, of all that concerns conferences."""
    notes = Notes(tomllib.loads((ROOT / "tools/make_compatibility/notes.toml").read_text())["notes"])
    names = rows.facts("twiml")
    tables = list(twiml.rows("Conference", names["nouns"]["Conference"].split(), notes))
    for operation, words in {**rows.facts("rest")["Conferences"], **rows.facts("rest")["Participants"]}.items():
        if operation.startswith("POST"):
            tables += [notes.on(f"{operation} {name}", rest.parameter(operation, name)) for name in words.split()]
    for section in webhooks.sections(names, notes):
        if section.title == "Conference status callback":
            tables += section.rows
    return sorted({row.name.strip("·` ") for row in tables if row.status is not Status.NOT_YET})


@pytest.mark.parametrize("name", promised())
def test_what_is_promised_about_conferences_is_named_by_a_scenario(name: str) -> None:
    """Issue 2, Shows 3: "each row of its tables that is implemented has a test that names it"."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    assert re.search(rf"(?<![A-Za-z-])({re.escape(name)}|{re.escape(snake)})(?![A-Za-z-])", SCENARIOS)
