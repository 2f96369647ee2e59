import pytest

from mixminus.agents.description import Agent, BadAgent, Detection, Dialect, Kind, read


def test_a_name_is_enough() -> None:
    agent = read('name = "intake"')
    assert agent == Agent(name="intake")
    assert agent.kind is Kind.INTAKE


def test_tables_are_read() -> None:
    agent = read(
        'name = "desk"\nkind = "chat"\ntools = ["end_call"]\n[chat]\nmodel = "m"\n[turns]\nends_after_s = 0.6\n'
        '[script]\ngreeting = "Hi."'
    )
    assert (agent.chat.model, agent.turns.ends_after_s, agent.script.greeting) == ("m", 0.6, "Hi.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "not TOML"),
        ('name = " "', "`name` is empty"),
        ("", "name"),
        ('name = "a"\nvioce = "rms"', "vioce"),
        ('name = "a"\nvoice = "alloy"', "no offline voice 'alloy'"),
        ('name = "a"\n[turns]\nends_after_s = "soon"', "turns.ends_after_s"),
        ('name = "a"\ntools = ["end_call"]', "escalate, take_note"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(BadAgent, match=says):
        read(text)


def test_realtime_is_openai_unless_said_otherwise() -> None:
    agent = read('name = "desk"\nkind = "realtime"\n[realtime]\nevents = "beta"\ndetection = "semantic_vad"')
    assert agent.realtime.url == "wss://api.openai.com/v1/realtime"
    assert (agent.realtime.events, agent.realtime.detection) == (Dialect.BETA, Detection.SEMANTIC)


@pytest.mark.parametrize("said", ["threshold = 2", "away_s = 0", 'events = "alpha"', "voise = 'x'"])
def test_what_realtime_cannot_be_is_refused(said: str) -> None:
    with pytest.raises(BadAgent):
        read(f'name = "desk"\n[realtime]\n{said}')
