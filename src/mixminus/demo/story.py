"""The story of the demo: who does what, and what the laws of the conference say about it.

Nothing here listens or calls: `stage.py` performs the cues, `listening.py` measures, `judging.py` compares. What
each scene claims is spelled out by hand, listener by listener, so that the demo does not judge the server by the
server's own rules; tests/demo/test_story.py holds the claims against DESIGN.md's law 1 and law 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

CUSTOMER: Final = "customer"
ANA: Final = "ana"
BEN: Final = "ben"
SAM: Final = "sam"
CLEO: Final = "cleo"

CAST: Final[Mapping[str, str]] = MappingProxyType(
    {CUSTOMER: "man", ANA: "woman", BEN: "man", SAM: "man", CLEO: "woman"}
)
"""Everybody, and the voice they speak with."""

MUSIC: Final = "music"
"""What somebody hears who waits or is on hold."""

NUMBER: Final = "+15550001000"


@dataclass(frozen=True, slots=True)
class Dials:
    """Somebody calls the number of the contact center."""

    who: str


@dataclass(frozen=True, slots=True)
class Rings:
    """A phone rings, and nobody takes it yet."""

    who: str


@dataclass(frozen=True, slots=True)
class PicksUp:
    """A phone that rings is answered."""

    who: str


@dataclass(frozen=True, slots=True)
class Asks:
    """An agent's desktop asks the example application for something: `POST /rooms/ROOM/action`."""

    action: str
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitsForMusic:
    """The first music takes a moment: it is decoded when it is first needed."""

    who: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The server has hung up on somebody."""

    who: str


@dataclass(frozen=True, slots=True)
class HangsUp:
    who: str


Cue = Dials | Rings | PicksUp | Asks | WaitsForMusic | Gone | HangsUp


@dataclass(frozen=True, slots=True)
class Scene:
    """One step of the story. `hears` has a row for everybody on the phone, also for those who hear nothing."""

    title: str
    cues: tuple[Cue, ...]
    hears: Mapping[str, frozenset[str]]
    """Listener to speakers; `MUSIC` is a speaker of its own."""
    recorded: frozenset[str] | None
    """Who is on the recording; None while there is none."""
    line: tuple[str, str] | None = None
    """Who says what."""

    @property
    def present(self) -> tuple[str, ...]:
        """Everybody on the phone, in the order of the cast."""
        return tuple(name for name in CAST if name in self.hears)


def _answers(who: str) -> tuple[Cue, ...]:
    return Rings(who), PicksUp(who)


def _hears(**rows: str) -> Mapping[str, frozenset[str]]:
    return {listener: frozenset(speakers.split()) for listener, speakers in rows.items()}


def _recorded(names: str) -> frozenset[str]:
    return frozenset(names.split())


STORY: Final = (
    Scene(
        "A customer calls, and waits with music",
        (Dials(CUSTOMER), WaitsForMusic(CUSTOMER)),
        _hears(customer="music"),
        None,
    ),
    Scene(
        "Ana answers: they talk, and the recording begins",
        (Asks("connect", {"agent": ANA}), *_answers(ANA)),
        _hears(customer="ana", ana="customer"),
        _recorded("customer ana"),
        (ANA, "Hello, this is Ana. How can I help you?"),
    ),
    Scene(
        "Ana mutes herself: she still hears the customer",
        (Asks("mute", {"who": ANA}),),
        _hears(customer="", ana="customer"),
        _recorded("customer"),
        (CUSTOMER, "My invoice is wrong."),
    ),
    Scene(
        "Hold: the customer hears music, and nothing else",
        (Asks("unmute", {"who": ANA}), Asks("hold")),
        _hears(customer="music", ana=""),
        _recorded("ana"),
        (ANA, "Let me look."),
    ),
    Scene(
        "Warm transfer: Ana briefs Ben in private",
        (Asks("consult", {"agent": BEN}), *_answers(BEN)),
        _hears(customer="music", ana="ben", ben="ana"),
        _recorded("ana ben"),
        (ANA, "Ben, can you take an invoice?"),
    ),
    Scene(
        "The customer is back: three talk",
        (Asks("unhold"),),
        _hears(customer="ana ben", ana="customer ben", ben="customer ana"),
        _recorded("customer ana ben"),
        (ANA, "Ben will take care of you."),
    ),
    Scene(
        "Ana leaves: the warm transfer is done",
        (Asks("leave", {"who": ANA}), Gone(ANA)),
        _hears(customer="ben", ben="customer"),
        _recorded("customer ben"),
        (BEN, "I see the mistake."),
    ),
    Scene(
        "Sam coaches Ben: only Ben hears Sam",
        (Asks("coach", {"supervisor": SAM, "agent": BEN}), *_answers(SAM)),
        _hears(customer="ben", ben="customer sam", sam="customer ben"),
        _recorded("customer ben"),
        (SAM, "Offer him a refund."),
    ),
    Scene(
        "Sam barges in: everybody hears Sam",
        (Asks("barge", {"supervisor": SAM}),),
        _hears(customer="ben sam", ben="customer sam", sam="customer ben"),
        _recorded("customer ben sam"),
        (SAM, "This is Sam. I am sorry."),
    ),
    Scene(
        "Cold transfer: Sam and Ben leave, Cleo's phone rings",
        (
            Asks("leave", {"who": SAM}),
            Gone(SAM),
            Asks("transfer", {"from": BEN, "agent": CLEO}),
            Gone(BEN),
            Rings(CLEO),
        ),
        _hears(customer="music"),
        _recorded(""),
    ),
    Scene(
        "Cleo answers: the music ends",
        (PicksUp(CLEO),),
        _hears(customer="cleo", cleo="customer"),
        _recorded("customer cleo"),
        (CLEO, "Cleo here. All done."),
    ),
    Scene(
        "Everybody hangs up",
        (HangsUp(CUSTOMER), HangsUp(CLEO)),
        {},
        None,
    ),
)
