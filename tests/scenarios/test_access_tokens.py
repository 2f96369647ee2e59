"""Clients that hold an Access Token instead of a password: twiml-and-streams.md 9.3, RFC 8898."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, Scene, scenario_with, twiml
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from mixminus.testing.errors import CallRefused
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.world import EPOCH

NOW = int(EPOCH.timestamp())
USERS = {"ann": "a password", "bob": "another one"}


async def token(scene: Scene, identity: str = "ann", ttl_s: int = 600, **grants: Any) -> str:
    key = await scene.twilio.new_keys.create_async()
    voice = VoiceGrant(**{"incoming_allow": True} | grants)
    held = AccessToken(
        str(scene.world.account_sid),
        key.sid,
        key.secret,
        grants=[voice],
        identity=identity,
        nbf=NOW,
        valid_until=NOW + ttl_s,
    )
    return str(held.to_jwt())


async def registered(scene: Scene, held: str, user: str = "ann") -> VirtualPhone:
    phone = await scene.phone(user)
    await phone.register(headers={"Authorization": f"Bearer {held}"})
    return phone


@scenario_with(users=USERS)
async def test_a_client_registers_with_a_token_and_is_called(scene: Scene) -> None:
    """grants.voice.incoming.allow: true to register."""
    ann = await registered(scene, await token(scene))
    scene.app.answers("/hello", twiml("<Pause length='9'/>"))
    await scene.twilio.calls.create_async(to="client:ann", from_=NUMBER, url=scene.world.url("/hello"))
    await scene.rings(ann)


def refused(**said: Any) -> None:
    """A REGISTER as ann with that token is."""

    @scenario_with(users=USERS)
    async def story(scene: Scene) -> None:
        with pytest.raises(CallRefused) as raised:
            await registered(scene, await token(scene, **said))
        assert raised.value.status == 403

    story()


def test_without_the_grant_nobody_registers() -> None:
    refused(incoming_allow=False)


def test_a_token_is_its_owners_alone() -> None:
    """bob's does not register ann."""
    refused(identity="bob")


def test_somebody_who_is_no_user_of_the_node() -> None:
    refused(identity="mallory")


@scenario_with(users=USERS)
async def test_an_expired_token_is_refused(scene: Scene) -> None:
    """exp: by the node's own clock."""
    held = await token(scene, ttl_s=60)
    await registered(scene, held)
    await asyncio.sleep(61)
    with pytest.raises(CallRefused):
        await registered(scene, held)


@scenario_with(users=USERS)
async def test_passwords_go_on_to_work(scene: Scene) -> None:
    phone = await scene.phone("bob", password="another one")
    await phone.register()
