"""Callers whose numbers are signed (STIR/SHAKEN), as an application hears of them."""

import asyncio
import tempfile
from pathlib import Path

from tests.scenarios.cast import Scene, enter, scenario_with
from tests.stir.carrier import URL, Authority

from mixminus.testing.phone import VirtualPhone

ROOT = Authority.root()
CARRIER = ROOT.carrier()
FOLDER = tempfile.TemporaryDirectory(prefix="stir-")
ROOTS = Path(FOLDER.name) / "roots.pem"
ROOTS.write_bytes(ROOT.pem)

CALLER = "+15551234567"
ROOM = enter("room")


def told(scene: Scene, path: str = "/line") -> tuple[str | None, str | None]:
    """`StirVerstat` and the token of the first request there."""
    [first, *_] = [request for request in scene.app.requests if request.path == path]
    parameters = dict(first.form)
    return parameters.get("StirVerstat"), parameters.get("StirPassportToken")


@scenario_with(stir_roots=ROOTS)
async def test_a_signed_caller_is_told_with_its_proof(scene: Scene) -> None:
    scene.world.certificates[URL] = CARRIER.pem
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone(CALLER)
    identity = CARRIER.identity(called=number, iat=int(scene.world.clock.utc().timestamp()))
    await phone.dial(number, headers={"Identity": identity})
    assert told(scene) == ("TN-Validation-Passed-A", identity.partition(";")[0])


@scenario_with(stir_roots=ROOTS)
async def test_somebody_elses_signature_fails_and_the_call_comes_all_the_same(scene: Scene) -> None:
    scene.world.certificates[URL] = CARRIER.pem
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone("+15559999999")
    identity = CARRIER.identity(called=number, iat=int(scene.world.clock.utc().timestamp()))
    await phone.dial(number, headers={"Identity": identity})
    assert told(scene)[0] == "TN-Validation-Failed-A"


@scenario_with(stir_roots=ROOTS)
async def test_a_certificate_that_does_not_come_is_not_waited_for(scene: Scene) -> None:
    scene.world.certificates_take_s = 60.0
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone(CALLER)
    began = asyncio.get_running_loop().time()
    await phone.dial(number, headers={"Identity": CARRIER.identity(called=number)})
    assert asyncio.get_running_loop().time() - began < 2.5
    assert told(scene)[0] == "No-TN-Validation"


@scenario_with(stir_roots=ROOTS)
async def test_a_caller_who_gives_up_while_its_signature_is_verified_leaves_nothing(scene: Scene) -> None:
    scene.world.certificates_take_s = 1.0
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone(CALLER)
    call = await phone.place(number, headers={"Identity": CARRIER.identity(called=number)})
    await asyncio.sleep(0.3)
    await call.hang_up()
    await asyncio.sleep(3.0)
    assert scene.app.requests == []
    assert scene.world.exchange.live_calls == ()
    assert scene.world.sip.open_calls == 0


@scenario_with()
async def test_a_trunks_own_finding_is_passed_on(scene: Scene) -> None:
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone(CALLER)
    asserted = f"<sip:{CALLER};verstat=TN-Validation-Passed@carrier.example.com;user=phone>"
    await phone.dial(number, headers={"P-Asserted-Identity": asserted, "P-Attestation-Indicator": "B"})
    assert told(scene) == ("TN-Validation-Passed-B", None)
    assert scene.app.requests[0]["From"] == CALLER


@scenario_with()
async def test_nothing_is_said_where_nothing_is_known(scene: Scene) -> None:
    number = await scene.number_for("line", ROOM)
    phone: VirtualPhone = await scene.phone(CALLER)
    await phone.dial(number, headers={"Identity": CARRIER.identity(called=number)})
    assert told(scene) == (None, None)
