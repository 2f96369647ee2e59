"""What a carrier is told of called and calling numbers."""

from dataclasses import replace

from tests.scenarios.cast import NUMBER, TRUNK, Scene, enter, scenario_with

GERMAN = replace(
    TRUNK,
    prefixes=("+",),
    number_rules=("national +49 0", "international 00"),
    caller_rules=("plain",),
    identity="asserted",
    domain="carrier.example.com",
)


@scenario_with(trunks=[GERMAN])
async def test_numbers_are_written_as_the_trunk_wants_them(scene: Scene) -> None:
    carrier = await scene.phone("carrier")
    scene.app.answers("/join", enter("room"))
    for number, written in (("+4930123456", "030123456"), ("+15550001111", "0015550001111")):
        await scene.twilio.calls.create_async(to=number, from_=NUMBER, url=scene.world.url("/join"))
        call = await scene.rings(carrier)
        assert call.invite.uri == "sip:" + written + "@10.0.1.1:40000"
        assert call.invite.headers.get("From").startswith("<sip:15550009000@carrier.example.com>;tag=")
        assert call.invite.headers.get("P-Asserted-Identity") == "<sip:15550009000@carrier.example.com>"
