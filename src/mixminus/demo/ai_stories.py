"""Two stories with AIs at the table: examples/escalation.py and examples/two_agents.py.

The AIs are played by programs on Media Streams that speak lines, as the phones do: any other could stand in for them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mixminus.demo.story import (
    CONTACT_CENTER,
    Asks,
    Dials,
    Gone,
    HangsUp,
    Joins,
    PicksUp,
    Play,
    Rings,
    Scene,
    WaitsForMusic,
    answers,
    hears,
    recorded,
)

ESCALATION: Final = Play(
    "escalation",
    "a caller, an assistant, and the human whom it fetches",
    {"caller": "man", "assistant": "woman", "dana": "woman"},
    (
        Scene(
            "A caller and the assistant, in a conference of their own",
            (Dials("caller"), Joins("assistant")),
            hears(caller="assistant", assistant="caller"),
            recorded("caller assistant"),
            ("assistant", "Our office is closed. What happened?"),
        ),
        Scene(
            "The assistant escalates: Dana is paged, her phone rings",
            (Asks("escalate", {"reason": "smells gas"}), Rings("dana")),
            hears(caller="assistant", assistant="caller"),
            recorded("caller assistant"),
            ("caller", "I smell gas in the cellar."),
        ),
        Scene(
            "Dana answers: only she hears the assistant now",
            (PicksUp("dana"),),
            hears(caller="dana", assistant="caller dana", dana="caller assistant"),
            recorded("caller dana"),
            ("assistant", "He smells gas. Send somebody."),
        ),
        Scene(
            "The assistant leaves: the caller has noticed nothing",
            (Asks("dismiss"), Gone("assistant")),
            hears(caller="dana", dana="caller"),
            recorded("caller dana"),
            ("dana", "Leave the house. Help is on the way."),
        ),
        Scene("Everybody hangs up", (HangsUp("caller"), Gone("dana")), {}, None),
    ),
    "escalation.py",
    agents=frozenset({"assistant"}),
    environment={"AGENT_URL": "{agents}/assistant", "ON_CALL": "client:dana"},
)

TWO_AGENTS: Final = Play(
    "two-agents",
    "a note taker that only listens, and a translator that whispers",
    {"caller": "man", "ana": "woman", "notes": "man", "translator": "woman"},
    (
        Scene(
            "A caller waits with music",
            (Dials("caller"), WaitsForMusic("caller")),
            hears(caller="music"),
            None,
        ),
        Scene(
            "Ana answers",
            (Asks("connect", {"agent": "ana"}), *answers("ana")),
            hears(caller="ana", ana="caller"),
            recorded("caller ana"),
            ("ana", "Good morning, this is Ana."),
        ),
        Scene(
            "The note taker joins: it only listens",
            (Asks("notes"), Joins("notes")),
            hears(caller="ana", ana="caller", notes="caller ana"),
            recorded("caller ana"),
            ("caller", "Guten Morgen. Meine Heizung ist kalt."),
        ),
        Scene(
            "The translator whispers: only Ana hears it",
            (Asks("translate", {"agent": "ana"}), Joins("translator")),
            hears(caller="ana", ana="caller translator", notes="caller ana", translator="caller ana"),
            recorded("caller ana"),
            ("translator", "He says that his heating is cold."),
        ),
        Scene(
            "Hold: neither AI hears the caller, nor the music",
            (Asks("hold"), WaitsForMusic("caller")),
            hears(caller="music", ana="translator", notes="ana", translator="ana"),
            recorded("ana"),
            ("ana", "What shall I tell him?"),
        ),
        Scene(
            "The caller is back, the translator leaves",
            (Asks("unhold"), Asks("dismiss", {"who": "translator"}), Gone("translator")),
            hears(caller="ana", ana="caller", notes="caller ana"),
            recorded("caller ana"),
            ("ana", "Somebody will come today."),
        ),
        Scene("Everybody hangs up", (HangsUp("caller"), Gone("ana"), Gone("notes")), {}, None),
    ),
    "two_agents.py",
    agents=frozenset({"notes", "translator"}),
    environment={"AGENT_URL": "{agents}"},
)

PLAYS: Final[Mapping[str, Play]] = MappingProxyType(
    {play.name: play for play in (CONTACT_CENTER, ESCALATION, TWO_AGENTS)}
)
"""All stories by name."""
