"""What can stand inside `<Dial>`."""

from typing import Final

from mixminus.twiml.nouns.application import Application
from mixminus.twiml.nouns.client import Client
from mixminus.twiml.nouns.conference import Conference
from mixminus.twiml.nouns.noun import Noun
from mixminus.twiml.nouns.number import Number
from mixminus.twiml.nouns.queue import Queue
from mixminus.twiml.nouns.sip import Sip

TARGETS: Final[dict[str, type[Noun]]] = {
    "Number": Number,
    "Sip": Sip,
    "Client": Client,
    "Application": Application,
}
"""Nouns that ring somebody."""

NOUNS: Final[dict[str, type[Noun] | type[Conference] | type[Queue]]] = {
    **TARGETS,
    "Conference": Conference,
    "Queue": Queue,
}

NOT_OFFERED: Final = frozenset({"Sim", "WhatsApp"})
"""Nouns of TwiML that are reported and skipped."""

ALONE: Final = frozenset({"Conference", "Application", "Queue"})
"""Nouns that stand alone in their `<Dial>`."""
