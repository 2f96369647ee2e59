from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import pytest

from mixminus.tools.errors import BadArguments, BadTool, UnknownTool
from mixminus.tools.invocation import Invocation
from mixminus.tools.toolbox import Effect, Toolbox


@dataclass
class Patient:
    name: str
    born: str = ""


def weather_box() -> Toolbox:
    box = Toolbox()

    @box.tool(Effect.READS)
    def weather(invocation: Invocation, place: str, unit: Literal["C", "F"] = "C") -> str:
        """Tell the weather at a place."""
        return f"{place} {unit}"

    return box


def test_the_schema_comes_from_the_annotations_and_the_description_from_the_docstring() -> None:
    tool = weather_box()["weather"]
    assert tool.description == "Tell the weather at a place."
    assert tool.schema == {
        "type": "object",
        "properties": {"place": {"type": "string"}, "unit": {"enum": ["C", "F"], "default": "C"}},
        "required": ["place"],
        "additionalProperties": False,
    }


def test_a_dataclass_parameter_arrives_as_one() -> None:
    box = Toolbox()

    @box.tool(Effect.SETS)
    def admit(patient: Patient, bed: Annotated[int, msgspec.Meta(ge=1)]) -> None:
        """Admit a patient."""

    assert box["admit"].accept({"patient": {"name": "Ann"}, "bed": 3}) == {"patient": Patient("Ann"), "bed": 3}
    assert "Patient" in box["admit"].schema["$defs"]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"place": 3}, {"place": "Bonn", "unit": "K"}, {"place": "Bonn", "wind": True}, {"place": None}, {1: 2}],
    ids=str,
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(BadArguments, match="weather"):
        weather_box()["weather"].accept(arguments)


def test_defaults_are_filled_in() -> None:
    assert weather_box()["weather"].accept({"place": "Bonn"}) == {"place": "Bonn", "unit": "C"}


def test_a_function_without_types_description_or_a_name_of_its_own_is_no_tool() -> None:
    box = weather_box()

    def undescribed(a: int) -> None: ...

    def untyped(a) -> None:  # type: ignore[no-untyped-def]
        """Do."""

    def many(*a: int) -> None:
        """Do."""

    def weather(place: str) -> None:
        """Again."""

    for function in (undescribed, untyped, many, weather):
        with pytest.raises(BadTool):
            box.tool(Effect.READS)(function)


def test_boxes_are_joined_and_narrowed_by_name() -> None:
    box = Toolbox(weather_box())
    assert [tool.name for tool in box.only(["weather"])] == ["weather"]
    with pytest.raises(UnknownTool):
        box.only(["stocks"])
