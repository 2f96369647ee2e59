"""The clients of twiml-and-streams.md 7.1 in a whole node, in virtual time: alone with a caller, in a conference."""

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.scenarios.cast import NUMBER, Scene, enter, scenario
from tests.streams.client_player import NAMES, Player, steps_of
from twilio.twiml.voice_response import Connect, VoiceResponse

AGENT = "wss://agent.example.com/media"


def document(parameters: dict[str, str]) -> str:
    response, connect = VoiceResponse(), Connect()
    stream = connect.stream(url=AGENT)
    for name, value in parameters.items():
        stream.parameter(name=name, value=value)
    response.append(connect)
    return str(response)


async def join(scene: Scene, twiml: str) -> None:
    """The client as a participant, beside the caller who is there."""
    scene.app.answers("/agent", twiml)
    application = await scene.twilio.applications.create_async(
        friendly_name="agent", voice_url=scene.world.url("/agent")
    )
    participants = scene.twilio.conferences("room").participants
    await participants.create_async(from_=NUMBER, to=f"app:{application.sid}", end_conference_on_exit=True)


def faults(lines: list[EventDict]) -> list[int]:
    return [line["code"] for line in lines if line["event"] == "alert"]


@pytest.mark.parametrize("place", ["a call", "a conference"])
@pytest.mark.parametrize("name", NAMES)
def test_a_client_holds_its_conversation(name: str, place: str) -> None:
    head, steps = steps_of(name)
    twiml = document(head.get("parameters", {}))

    @scenario
    async def story(scene: Scene) -> None:
        agent = scene.world.agents.at(AGENT)
        if place == "a call":
            caller = await scene.calls_in("alice", twiml)
        else:
            caller = await scene.calls_in("alice", enter("room", end_conference_on_exit=True))
            await join(scene, twiml)
        client = await agent.conversation()
        await Player(client, caller, lambda: faults(lines)).play(steps, place)

    with capture_logs() as lines:
        story()


def test_the_clients_are_those_of_the_reference() -> None:
    assert set(NAMES) == {
        "careless",
        "deepgram_sts_twilio",
        "fastrtc",
        "openai_agents_js",
        "openai_agents_python",
        "openai_realtime_twilio_demo",
        "pipecat",
        "speech_assistant_python",
        "twilio_agent_connect",
        "vocode",
    }
