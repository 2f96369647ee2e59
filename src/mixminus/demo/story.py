"""The stories of the demo: who does what, and what the laws of the conference say about it. Here, the first of them.

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


@dataclass(frozen=True, slots=True)
class Joins:
    """An AI's stream has begun."""

    who: str


Cue = Dials | Rings | PicksUp | Asks | WaitsForMusic | Gone | HangsUp | Joins


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
        """Everybody on the phone, in the order of the rows."""
        return tuple(self.hears)


@dataclass(frozen=True, slots=True)
class Play:
    """A story, and what is needed to play it."""

    name: str
    headline: str
    cast: Mapping[str, str]
    """Everybody, and the voice they speak with. The first one calls in."""
    scenes: tuple[Scene, ...]
    program: str
    """The file in examples/ that runs the rooms."""
    agents: frozenset[str] = frozenset()
    """Who of the cast is a program on a Media Stream, and not on the phone."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the program is told besides where everything is. `{agents}` stands for the URL of the AIs."""

    @property
    def caller(self) -> str:
        return next(iter(self.cast))


def answers(who: str) -> tuple[Cue, ...]:
    return Rings(who), PicksUp(who)


def hears(**rows: str) -> Mapping[str, frozenset[str]]:
    return {listener: frozenset(speakers.split()) for listener, speakers in rows.items()}


def recorded(names: str) -> frozenset[str]:
    return frozenset(names.split())


STORY: Final = (
    Scene(
        "A customer calls, and waits with music",
        (Dials(CUSTOMER), WaitsForMusic(CUSTOMER)),
        hears(customer="music"),
        None,
    ),
    Scene(
        "Ana answers: they talk, and the recording begins",
        (Asks("connect", {"agent": ANA}), *answers(ANA)),
        hears(customer="ana", ana="customer"),
        recorded("customer ana"),
        (ANA, "Hello, this is Ana. How can I help you?"),
    ),
    Scene(
        "Ana mutes herself: she still hears the customer",
        (Asks("mute", {"who": ANA}),),
        hears(customer="", ana="customer"),
        recorded("customer"),
        (CUSTOMER, "My invoice is wrong."),
    ),
    Scene(
        "Hold: the customer hears music, and nothing else",
        (Asks("unmute", {"who": ANA}), Asks("hold")),
        hears(customer="music", ana=""),
        recorded("ana"),
        (ANA, "Let me look."),
    ),
    Scene(
        "Warm transfer: Ana briefs Ben in private",
        (Asks("consult", {"agent": BEN}), *answers(BEN)),
        hears(customer="music", ana="ben", ben="ana"),
        recorded("ana ben"),
        (ANA, "Ben, can you take an invoice?"),
    ),
    Scene(
        "The customer is back: three talk",
        (Asks("unhold"),),
        hears(customer="ana ben", ana="customer ben", ben="customer ana"),
        recorded("customer ana ben"),
        (ANA, "Ben will take care of you."),
    ),
    Scene(
        "Ana leaves: the warm transfer is done",
        (Asks("leave", {"who": ANA}), Gone(ANA)),
        hears(customer="ben", ben="customer"),
        recorded("customer ben"),
        (BEN, "I see the mistake."),
    ),
    Scene(
        "Sam coaches Ben: only Ben hears Sam",
        (Asks("coach", {"supervisor": SAM, "agent": BEN}), *answers(SAM)),
        hears(customer="ben", ben="customer sam", sam="customer ben"),
        recorded("customer ben"),
        (SAM, "Offer him a refund."),
    ),
    Scene(
        "Sam barges in: everybody hears Sam",
        (Asks("barge", {"supervisor": SAM}),),
        hears(customer="ben sam", ben="customer sam", sam="customer ben"),
        recorded("customer ben sam"),
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
        hears(customer="music"),
        recorded(""),
    ),
    Scene(
        "Cleo answers: the music ends",
        (PicksUp(CLEO),),
        hears(customer="cleo", cleo="customer"),
        recorded("customer cleo"),
        (CLEO, "Cleo here. All done."),
    ),
    Scene(
        "Everybody hangs up",
        (HangsUp(CUSTOMER), HangsUp(CLEO)),
        {},
        None,
    ),
)

CONTACT_CENTER: Final = Play(
    "contact-center", "a customer, three agents and a supervisor, on real audio", CAST, STORY, "contact_center.py"
)
