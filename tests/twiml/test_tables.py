"""The tables from which the compatibility page is made."""

import pytest

from mixminus.twiml import nouns, verbs
from mixminus.twiml.attributes import Attribute, Table

TABLES: dict[str, Table] = {name: verb.ATTRIBUTES for name, verb in verbs.VERBS.items()}
TABLES |= {name: noun.ATTRIBUTES for name, noun in nouns.NOUNS.items()}


@pytest.mark.parametrize("name", TABLES)
def test_every_attribute_stands_once_with_words_for_its_values(name: str) -> None:
    table: Table = TABLES[name]
    assert all(isinstance(row, Attribute) and row.values.words for row in table)
    names = [row.name for row in table]
    assert len(names) == len(set(names))


def test_what_is_offered_is_not_also_not_offered() -> None:
    assert not verbs.VERBS.keys() & verbs.NOT_OFFERED
    assert not nouns.NOUNS.keys() & nouns.NOT_OFFERED


@pytest.mark.parametrize("name", TABLES)
def test_every_attribute_of_the_official_sdk_is_known(name: str) -> None:
    """twilio-python writes them in snake case."""
    from inspect import signature

    from twilio.twiml import voice_response

    sdk = {_camel(parameter) for parameter in signature(getattr(voice_response, name).__init__).parameters}
    content = {"self", "attributes", "Message", "Url", "Number", "Name", "PhoneNumber", "SipUrl", "Identity"}
    content |= {"message", "url", "number", "name", "phoneNumber", "sipUrl", "identity", "applicationSid", "kwargs"}
    assert sdk - content <= {row.name for row in TABLES[name]}


def _camel(snake: str) -> str:
    first, *rest = snake.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
